// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { hexColour, paintSigned, paintSquare } from './paint.ts';

describe('colours of the page as numbers', () => {
  it('are read in both lengths, and are black where they cannot be read', () => {
    expect(hexColour('#10161c')).toEqual([16, 22, 28]);
    expect(hexColour('#FfF')).toEqual([255, 255, 255]);
    expect(hexColour('#1a2')).toEqual([17, 170, 34]);
    for (const text of ['', 'red', '#12345', '#ggg']) expect(hexColour(text)).toEqual([0, 0, 0]);
  });
});

describe('a picture of weights', () => {
  it('goes from the ground to one colour or the other, within its frame', () => {
    const side = 30;
    const data = new Uint8ClampedArray(4 * side * side);
    const image = { data, width: side, height: side } as ImageData;
    const pixel = (x: number, y: number) => [...data.subarray(4 * (y * side + x)).subarray(0, 4)];
    paintSquare(image, { x: 0, y: 0 }, side, [1, 2, 3]);
    const values = new Float64Array(784);
    [values[0], values[1], values[28], values[783]] = [2, -1, NaN, -9];
    const colours = { positive: [255, 0, 0], negative: [0, 0, 200], ground: [0, 100, 0] } as const;
    paintSigned(image, { x: 1, y: 1 }, values, 2, colours);
    expect(pixel(0, 0)).toEqual([1, 2, 3, 255]);
    expect(pixel(1, 1)).toEqual([255, 0, 0, 255]);
    expect(pixel(2, 1)).toEqual([0, 50, 100, 255]);
    expect(pixel(1, 2)).toEqual([0, 100, 0, 255]);
    expect(pixel(28, 28)).toEqual([0, 0, 200, 255]);
    expect(pixel(29, 29)).toEqual([1, 2, 3, 255]);
  });
});
