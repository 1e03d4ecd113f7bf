// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { CpuState, GPR, STATE_SIZE } from '../shared/cpu-state.ts';
import { addressNames, evaluateAddress } from './address-expression.ts';
import { DebugIndex } from '../shared/debug-index.ts';
import { DEBUG } from './testing/fake-machine.ts';

const cpu = new CpuState(new ArrayBuffer(STATE_SIZE));
cpu.setGpr(GPR.rcx, 3n);
cpu.setGpr(GPR.rsp, 0x7fff00n);
cpu.setGpr(GPR.rax, 2n ** 63n);
const names = { cpu, index: new DebugIndex(DEBUG) };

function value(text: string): number | string {
  const result = evaluateAddress(text, names);
  return result.ok ? result.value : result.error;
}

describe('evaluateAddress', () => {
  it.each([
    ['0x401000', 0x401000],
    ['401000h', 0x401000],
    ['4096', 4096],
    ['RSP', 0x7fff00],
    ['rsp + 0x10', 0x7fff10],
    ['table + 8*rcx', 0x402018],
    ['w+8', 0x402008],
    ['_start.loop', 0x401003],
    ['2*(3+4)-1', 13],
    ['10-2-3', 5],
    ['-4+8', 4],
  ])('%s', (text, expected) => {
    expect(value(text)).toBe(expected);
  });

  it.each([
    ['', 'Type an address'],
    ['nothing_here', 'no register or symbol called “nothing_here”'],
    ['rsp +', 'missing at the end'],
    ['(rsp', 'not closed'],
    ['rsp rsp', '“rsp” was not expected'],
    ['[rsp]', '“[rsp]” is not understood'],
    ['rax', 'outside of the address space'],
    ['0-1', 'outside of the address space'],
  ])('refuses %s', (text, message) => {
    expect(value(text)).toContain(message);
  });

  it('does without a machine', () => {
    expect(evaluateAddress('rsp', { cpu: null, index: null }).ok).toBe(false);
    expect(evaluateAddress('0x10', { cpu: null, index: null })).toEqual({ ok: true, value: 16 });
  });
});

describe('addressNames', () => {
  it('offers each name once', () => {
    expect(addressNames(names.index)).toEqual(['rsp', 'rip', 'rsi', 'rdi', 'rbp', 'w', 'table']);
  });
});
