// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import {
  formatCompact,
  formatCount,
  formatCounted,
  formatF32,
  formatF64,
  formatLanes,
  formatMips,
  formatShare,
  formatSize,
  formatU64,
  hex,
  hexBytes,
} from './format.ts';

describe('integers', () => {
  it('shows a register in three ways', () => {
    const minusTwo = 2n ** 64n - 2n;
    expect(formatU64(minusTwo, 'hex')).toBe('0xfffffffffffffffe');
    expect(formatU64(minusTwo, 'unsigned')).toBe('18446744073709551614');
    expect(formatU64(minusTwo, 'signed')).toBe('-2');
    expect(formatU64(255n, 'hex')).toBe('0x00000000000000ff');
  });

  it('pads hexadecimal', () => {
    expect(hex(10)).toBe('0xa');
    expect(hex(10, 4)).toBe('0x000a');
    expect(hexBytes(new Uint8Array([0, 15, 255]))).toBe('000fff');
  });
});

describe('doubles', () => {
  it('are as short as reads back the same', () => {
    for (const value of [0.1, 1 / 3, 1e-320, Number.MAX_VALUE, Number.MIN_VALUE, -123456.789]) {
      expect(Number(formatF64(value))).toBe(value);
    }
    expect(formatF64(0.1)).toBe('0.1');
    expect(formatF64(-0)).toBe('-0');
    expect(formatF64(0)).toBe('0');
    expect(formatF64(NaN)).toBe('nan');
    expect(formatF64(-Infinity)).toBe('-inf');
  });
});

describe('singles', () => {
  it('show no digits that a single does not have', () => {
    expect(formatF32(Math.fround(0.1))).toBe('0.1');
    expect(formatF32(Math.fround(1 / 3))).toBe('0.33333334');
    expect(formatF32(-0)).toBe('-0');
    expect(formatF32(16777216)).toBe('16777216');
    expect(formatF32(Infinity)).toBe('inf');
  });

  it('read back the same, over random bit patterns', () => {
    const view = new DataView(new ArrayBuffer(4));
    let bits = 12345;
    for (let i = 0; i < 20_000; i++) {
      bits = (Math.imul(bits, 1664525) + 1013904223) >>> 0;
      view.setUint32(0, bits);
      const value = view.getFloat32(0);
      if (!Number.isFinite(value)) continue;
      expect(Object.is(Math.fround(Number(formatF32(value))), value)).toBe(true);
    }
  });
});

describe('lanes', () => {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer, 16);
  view.setFloat64(0, 1.5, true);
  view.setFloat64(8, -2, true);
  const register = bytes.subarray(16);

  it('come lane 0 first, wherever in a buffer the register lies', () => {
    expect(formatLanes(register, 'f64')).toEqual(['1.5', '-2']);
    expect(formatLanes(register, 'i64')).toEqual(['4609434218613702656', '-4611686018427387904']);
    expect(formatLanes(register, 'f32')).toEqual(['0', '1.9375', '0', '-2']);
    expect(formatLanes(register, 'i32')).toEqual(['0', '1073217536', '0', '-1073741824']);
    expect(formatLanes(register, 'hex').join(' ')).toBe(
      '00 00 00 00 00 00 f8 3f 00 00 00 00 00 00 00 c0',
    );
  });
});

describe('amounts', () => {
  it('shows parts of a whole, and no part as nothing', () => {
    expect([0, 1, 99, 1000, 5000, 45_230, 100_000].map((n) => formatShare(n, 100_000))).toEqual([
      '0 %',
      '<0.01 %',
      '0.10 %',
      '1.0 %',
      '5.0 %',
      '45.2 %',
      '100.0 %',
    ]);
    expect(formatShare(0, 0)).toBe('0 %');
  });

  it('are grouped, shortened and given units', () => {
    expect(formatCount(1234567)).toBe('1,234,567');
    expect(formatCount(999)).toBe('999');
    expect(formatCompact(99_999)).toBe('99,999');
    expect(formatCompact(1_234_567)).toBe('1.23 M');
    expect(formatCompact(48_004_000)).toBe('48.0 M');
    expect(formatCompact(999_600_000)).toBe('1.00 G');
    expect(formatMips(9.412)).toBe('9.41');
    expect(formatMips(94.12)).toBe('94.1');
    expect(formatMips(6412.3)).toBe('6,412');
    expect(formatSize(512)).toBe('512 B');
    expect(formatSize(1536)).toBe('1.5 KiB');
    expect(formatSize(8 * 2 ** 20)).toBe('8 MiB');
  });
});

describe('counts with what is counted', () => {
  it('has one of one, and several of all else', () => {
    expect(formatCounted(0, 'line')).toBe('0 lines');
    expect(formatCounted(1, 'line')).toBe('1 line');
    expect(formatCounted(1_234, 'line')).toBe('1,234 lines');
    expect(formatCounted(2, 'branch', 'branches')).toBe('2 branches');
    expect(formatCounted(1n, 'byte')).toBe('1 byte');
    expect(formatCounted(2n ** 64n, 'byte')).toBe('18,446,744,073,709,551,616 bytes');
  });
});
