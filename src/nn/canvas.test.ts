// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { digitFromStrokes, IMAGE_BYTES, normaliseDigit } from './canvas.ts';

/** A bitmap with a filled rectangle. */
function rectangle(side: number, x: number, y: number, width: number, height: number): Uint8Array {
  const bitmap = new Uint8Array(side * side);
  for (let row = y; row < y + height; row++) {
    bitmap.fill(255, row * side + x, row * side + x + width);
  }
  return bitmap;
}

/** The smallest box around the ink: left, top, width, height. */
function box(image: Uint8Array): number[] {
  const at = [...image.keys()].filter((i) => image[i] !== 0);
  const xs = at.map((i) => i % 28);
  const ys = at.map((i) => Math.floor(i / 28));
  const left = Math.min(...xs);
  const top = Math.min(...ys);
  return [left, top, Math.max(...xs) - left + 1, Math.max(...ys) - top + 1];
}

function centre(image: Uint8Array): [number, number] {
  let total = 0;
  let x = 0;
  let y = 0;
  for (const [i, value] of image.entries()) {
    total += value;
    x += value * (i % 28);
    y += value * Math.floor(i / 28);
  }
  return [x / total, y / total];
}

describe('normaliseDigit', () => {
  it('gives a blank image for a blank drawing', () => {
    expect(normaliseDigit(new Uint8Array(280 * 280), 280, 280)).toEqual(
      new Uint8Array(IMAGE_BYTES),
    );
    expect(digitFromStrokes([])).toEqual(new Uint8Array(IMAGE_BYTES));
  });

  it('scales the longer side to 20 and keeps the proportions', () => {
    expect(box(normaliseDigit(rectangle(280, 30, 50, 100, 200), 280, 280))).toEqual([9, 4, 10, 20]);
    expect(box(normaliseDigit(rectangle(280, 0, 0, 280, 70), 280, 280))).toEqual([4, 12, 20, 5]);
    expect(box(normaliseDigit(rectangle(28, 3, 3, 2, 8), 28, 28)).slice(2)).toEqual([5, 20]);
  });

  it('does not depend on where and how large the drawing is', () => {
    const here = normaliseDigit(rectangle(280, 5, 7, 40, 80), 280, 280);
    expect(normaliseDigit(rectangle(280, 150, 100, 40, 80), 280, 280)).toEqual(here);
    expect(normaliseDigit(rectangle(280, 10, 20, 120, 240), 280, 280)).toEqual(here);
  });

  it('averages over the area under a pixel', () => {
    // Every other column inked: exactly half of each pixel's area.
    const striped = rectangle(40, 0, 0, 40, 40).map((value, i) => (i % 2 === 0 ? value : 0));
    striped[39] = 255;
    const image = normaliseDigit(striped, 40, 40);
    expect(new Set(image)).toEqual(new Set([0, 128, 191]));
  });

  it('puts the centre of mass at pixel (14, 14), to the nearest pixel', () => {
    // An L: heavy at the lower left.
    const l = rectangle(280, 60, 40, 40, 200);
    for (let row = 200; row < 240; row++) l.fill(255, row * 280 + 60, row * 280 + 200);
    const [x, y] = centre(normaliseDigit(l, 280, 280));
    expect(Math.abs(x - 14)).toBeLessThanOrEqual(0.51);
    expect(Math.abs(y - 14)).toBeLessThanOrEqual(0.51);
  });

  it('keeps ink inside however lopsided it is', () => {
    const lopsided = rectangle(280, 0, 0, 30, 280);
    lopsided[140 * 280 + 279] = 255;
    const image = normaliseDigit(lopsided, 280, 280);
    expect(box(image)[0]).toBe(8);
    expect(box(image)[3]).toBe(20);
  });

  it('blows a single pixel up to the box', () => {
    expect(box(normaliseDigit(rectangle(10, 9, 9, 1, 1), 10, 10))).toEqual([4, 4, 20, 20]);
  });

  it('leaves an image that is normalised already as it is', () => {
    const points = [0.2, 0.5, 0.3, 0.2, 0.8, 0.25, 0.4, 0.9];
    const strokes = [0, 2, 4].map((i) => ({
      points: [
        { x: points[i] ?? 0, y: points[i + 1] ?? 0 },
        { x: points[i + 2] ?? 0, y: points[i + 3] ?? 0 },
      ],
      width: 0.08,
    }));
    const image = digitFromStrokes(strokes);
    expect(normaliseDigit(image, 28, 28)).toEqual(image);
  });

  it('insists on the size it was told', () => {
    expect(() => normaliseDigit(new Uint8Array(5), 2, 2)).toThrow('bitmap has 5 bytes, not 2 x 2');
  });
});
