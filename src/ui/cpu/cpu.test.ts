// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { bitsText } from '../../shared/elements.ts';
import type { RegisterFormat } from '../../state/settings.svelte.ts';
import { CpuState, FLAG, GPR, STATE_SIZE } from '../../shared/cpu-state.ts';
import { DebugIndex } from '../../shared/debug-index.ts';
import { DEBUG } from '../../state/testing/fake-machine.ts';
import {
  addressOf,
  flagCells,
  leadingZeros,
  mxcsrFields,
  oldText,
  parseRegister,
  registerRows,
  registerText,
} from './registers.ts';
import { laneHeading, vectorRows } from './vectors.ts';

const state = (): CpuState => new CpuState(new ArrayBuffer(STATE_SIZE));

describe('registers', () => {
  it('come in the usual order with rip at the end', () => {
    const names = registerRows(state(), null, null).map((row) => row.name);
    expect(names.slice(0, 9)).toEqual('rax rbx rcx rdx rsi rdi rbp rsp r8'.split(' '));
    expect(names.at(-1)).toBe('rip');
    expect(names.length).toBe(17);
  });

  it('mark what changed, with its old value, and name what they point at', () => {
    const before = state();
    const now = state();
    before.setGpr(GPR.rsi, 5n);
    now.setGpr(GPR.rsi, 0x402008n);
    const rows = registerRows(now, before, new DebugIndex(DEBUG));
    const rsi = rows.find((row) => row.name === 'rsi');
    expect(rsi).toMatchObject({ value: 0x402008n, before: 5n, meaning: 'table+0x8' });
    expect(rows.filter((row) => row.before !== null).length).toBe(1);
    expect(registerRows(now, null, null).every((row) => row.before === null)).toBe(true);
  });

  it('take a value for an address only when it can be one', () => {
    expect(addressOf(0x401000n)).toBe(0x401000);
    expect(addressOf(42n)).toBeNull();
    expect(addressOf(2n ** 47n)).toBeNull();
    expect(addressOf(2n ** 64n - 8n)).toBeNull();
  });

  it('count the zeros that are only there for the width', () => {
    expect(leadingZeros('0x00000000004051a0')).toBe(12);
    expect(leadingZeros('0x0000000000000000')).toBe(17);
    expect(leadingZeros('0xffffffffffffffff')).toBe(2);
    expect(leadingZeros('1000')).toBe(0);
  });

  it('spell out the flags', () => {
    const cells = flagCells(FLAG.ZF | FLAG.IF, FLAG.IF | FLAG.CF);
    expect(cells.filter((cell) => cell.set).map((cell) => cell.name)).toEqual(['ZF', 'IF']);
    expect(cells.filter((cell) => cell.changed).map((cell) => cell.name)).toEqual(['CF', 'ZF']);
    expect(flagCells(FLAG.ZF, null).some((cell) => cell.changed)).toBe(false);
  });
});

describe('vectors', () => {
  it('mark the lanes whose bits changed, be the text the same', () => {
    const before = state();
    const now = state();
    new DataView(before.xmm(3).buffer, before.xmm(3).byteOffset).setUint32(12, 0x7ff80001, true);
    new DataView(now.xmm(3).buffer, now.xmm(3).byteOffset).setUint32(12, 0x7ff80002, true);
    const row = vectorRows(now, before, 'f64')[3];
    expect(row?.lanes).toEqual([
      { text: '0', before: null },
      { text: 'nan', before: 'nan' },
    ]);
    expect(row?.changed).toBe(true);
    expect(vectorRows(now, before, 'f64').filter((each) => each.changed).length).toBe(1);
    expect(vectorRows(now, null, 'hex')[3]?.changed).toBe(false);
  });

  it('label which lane is the low one', () => {
    expect([0, 1].map((lane) => laneHeading(lane, 2))).toEqual(['lane 0, low', 'lane 1, high']);
    expect(laneHeading(1, 4)).toBe('lane 1');
    expect(laneHeading(15, 16)).toBe('15');
  });
});

describe('formats and control', () => {
  it('show a register whole or its low part, and read it back', () => {
    const value = 0xffff_ffff_8000_0041n;
    expect(registerText(value, 'hex')).toBe('0xffffffff80000041');
    expect(registerText(value, 'i32')).toBe('-2147483583');
    expect(registerText(value, 'u8')).toBe('65');
    expect(registerText(value, 'b8')).toMatch(/^11111111 .* 01000001$/);
    expect(registerText(0x3fe0_0000_0000_0000n, 'f64')).toBe('0.5');
    expect(oldText(2n, 'hex')).toBe('0x2');
    const bits = (text: string, format: RegisterFormat): string => {
      const parsed = parseRegister(text, format);
      return parsed.ok ? bitsText(parsed.value) : parsed.error;
    };
    expect(bits('-1', 'signed')).toBe('0xffffffffffffffff');
    expect(bits('10', 'hex')).toBe('0x0000000000000010');
    expect(bits('7', 'u16')).toBe('0x0007');
    expect(bits(registerText(value, 'b8'), 'b8')).toBe('0xffffffff80000041');
    expect(bits('pear', 'hex')).toContain('not an integer');
  });

  it('decode MXCSR', () => {
    const fields = mxcsrFields(0x1fa0 | 0x6000, 0x1f80);
    const of = (name: string) => fields.find((field) => field.name === name);
    expect(of('RC')).toMatchObject({ value: 'towards zero', changed: true });
    expect(of('PE')).toMatchObject({ value: '1', changed: true });
    expect(of('IM')).toMatchObject({ value: '1', changed: false });
    expect(of('FTZ')).toMatchObject({ value: '0' });
  });
});
