// SPDX-License-Identifier: GPL-2.0-or-later
import { expect, it } from 'vitest';
import { bytesOf, unsignedOf } from './little-endian.ts';

it('reads and writes integers of any size, lowest byte first', () => {
  expect(unsignedOf(Uint8Array.of(0x78, 0x56, 0x34, 0x12))).toBe(0x12345678n);
  expect(unsignedOf(new Uint8Array())).toBe(0n);
  expect([...bytesOf(0x12345678n, 6)]).toEqual([0x78, 0x56, 0x34, 0x12, 0, 0]);
  expect([...bytesOf(-2n, 3)]).toEqual([0xfe, 0xff, 0xff]);
  expect(unsignedOf(bytesOf((1n << 128n) - 1n, 16))).toBe((1n << 128n) - 1n);
  expect([...bytesOf(0x1ffn, 1)]).toEqual([0xff]);
});
