// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { elementText, meaningAt, tensorSize, type LensTensor } from './lens.ts';

const W1: LensTensor = {
  name: 'w1',
  address: 0x1000,
  type: 'f64',
  shape: [784, 32],
  axes: ['pixel', 'hidden'],
};
const LOSS: LensTensor = { name: 'loss_sum', address: 0x900, type: 'f64', shape: [], axes: [] };

describe('meaningAt', () => {
  it('names the element along its axes, outermost first', () => {
    const meaning = meaningAt([LOSS, W1], 0x1000 + (371 * 32 + 7) * 8 + 3);
    expect(meaning?.label).toBe('w1[pixel 371][hidden 7]');
    expect(meaning?.index).toEqual([371, 7]);
    expect(meaning?.byte).toBe(3);
    expect(meaning?.address).toBe(0x1000 + (371 * 32 + 7) * 8);
  });

  it('knows scalars, ends and gaps', () => {
    expect(meaningAt([LOSS, W1], 0x907)?.label).toBe('loss_sum');
    expect(meaningAt([LOSS, W1], 0x908)).toBeNull();
    expect(meaningAt([W1], 0xfff)).toBeNull();
    expect(meaningAt([W1], 0x1000 + tensorSize(W1) - 1)?.label).toBe('w1[pixel 783][hidden 31]');
    expect(meaningAt([W1], 0x1000 + tensorSize(W1))).toBeNull();
  });
});

describe('elementText', () => {
  const bytes = new Uint8Array(9).fill(0xff);
  it('reads every type, unaligned too', () => {
    expect(elementText(bytes, 1, 'u8')).toBe('255');
    expect(elementText(bytes, 1, 'i8')).toBe('-1');
    expect(elementText(bytes, 1, 'u16')).toBe('65535');
    expect(elementText(bytes, 1, 'i32')).toBe('-1');
    expect(elementText(bytes, 1, 'u64')).toBe('18446744073709551615');
    expect(elementText(bytes, 1, 'f32')).toBe('nan');
  });
});
