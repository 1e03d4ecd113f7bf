// SPDX-License-Identifier: GPL-2.0-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeInstruction, disassemble, followsCall, stepInfoAt } from './disassemble.ts';
import { listRegions, pokeMemory, pokeRegister, readWindow } from './inspect.ts';
import { Rig } from './testing/rig.ts';

const SOURCE = `
_start:
    call helper
.next:
    mov rax, [table]
    lea rsi, [table + 8]
    jnz .next
    call [table]
    movapd xmm1, [rbx + rcx * 8 - 16]
    db 0x06
helper:
    ret
section .data
table: dq helper, 2`;

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start(SOURCE);
});
afterAll(() => rig.dispose());

describe('disassemble', () => {
  it('writes NASM text with the names of the program', () => {
    const found = disassemble(rig.memory, rig.at('_start'), 8, (at) => rig.index.describe(at));
    expect(found.map(({ text }) => text)).toEqual([
      'call helper',
      'mov rax, [rel table]',
      'lea rsi, [rel table+0x8]',
      'jne _start.next',
      'call qword [rel table]',
      'movapd xmm1, [rbx+rcx*8-0x10]',
      'db 0x06',
      'ret',
    ]);
    for (const [i, { address, bytes }] of found.entries()) {
      expect(bytes).toEqual(rig.memory.bytes.slice(address, address + bytes.length));
      expect(found[i + 1]?.address ?? address + 1).toBe(address + bytes.length);
    }
  });

  it('ends where memory ends', () => {
    expect(disassemble(rig.memory, 0x10, 4)).toEqual([]);
    const end = (rig.memory.regions()[0]?.end ?? 0) - 2;
    expect(disassemble(rig.memory, end, 4).length).toBeGreaterThan(0);
  });

  it('tells calls and their returns from all else', () => {
    const start = rig.at('_start');
    expect(stepInfoAt(rig.memory, start)).toEqual({
      length: 5,
      isCall: true,
      target: rig.at('helper'),
    });
    expect(stepInfoAt(rig.memory, rig.at('helper'))).toMatchObject({ isCall: false, target: null });
    expect(stepInfoAt(rig.memory, 0x10)).toBeNull();
    expect(followsCall(rig.memory, rig.at('_start.next'))).toBe(true);
    expect(followsCall(rig.memory, start)).toBe(false);
    expect(describeInstruction(rig.memory, rig.at('helper'))).toBe('`ret`');
    expect(describeInstruction(rig.memory, 0x10)).toBe('What lies at 0x10');
  });
});

describe('looking from outside', () => {
  it('shows what is mapped and zeros elsewhere', () => {
    const table = rig.at('table');
    const window = readWindow(rig.memory, table, 16);
    expect(new DataView(window.bytes.buffer).getBigUint64(8, true)).toBe(2n);
    expect([...window.mapped]).toEqual(new Array(16).fill(1));
    const none = readWindow(rig.memory, 0x1000, 8); // the machine's own tables
    expect([...none.bytes, ...none.mapped]).toEqual(new Array(16).fill(0));
    expect(readWindow(rig.memory, -5, -1).bytes.length).toBe(0);
  });

  it('writes memory and registers, or says why not', () => {
    const table = rig.at('table');
    expect(pokeMemory(rig.memory, table + 8, Uint8Array.of(9))).toBeNull();
    expect(rig.memory.bytes[table + 8]).toBe(9);
    expect(pokeMemory(rig.memory, 0x1000, Uint8Array.of(9))).toMatch(/not mapped/);
    expect(pokeMemory(rig.memory, -1, Uint8Array.of(9))).toMatch(/not mapped/);
    expect(pokeRegister(rig.memory, 'rbx', Uint8Array.of(1, 2))).toBeNull();
    expect(rig.gpr('rbx')).toBe(0x201n);
    expect(pokeRegister(rig.memory, 'xmm15', Uint8Array.of(1, 2, 3))).toBeNull();
    expect([...rig.memory.state.xmm(15)].slice(0, 4)).toEqual([1, 2, 3, 0]);
    expect(pokeRegister(rig.memory, 'rflags', Uint8Array.of(0xff, 0xff))).toBeNull();
    expect(rig.memory.state.rflags).toBe(0xed7);
    expect(pokeRegister(rig.memory, 'mxcsr', Uint8Array.of(0, 0))).toMatch(/masked/);
    expect(pokeRegister(rig.memory, 'mxcsr', Uint8Array.of(0x80, 0x3f))).toBeNull();
    expect(rig.memory.state.mxcsr).toBe(0x3f80);
    expect(pokeRegister(rig.memory, 'eax', Uint8Array.of(1))).toMatch(/no register/);
    expect(pokeRegister(rig.memory, 'rax', new Uint8Array(9))).toMatch(/holds 8 bytes/);
  });

  it('names the regions of memory', () => {
    const regions = listRegions(rig.memory, rig.process, rig.debug);
    expect(regions.map(({ name, prot }) => `${name} ${prot}`)).toEqual([
      '.text r-x',
      '.rodata r--',
      '.data rw-',
      'stack rw-',
    ]);
    for (const { start, end } of regions) expect(start).toBeLessThan(end);
  });
});
