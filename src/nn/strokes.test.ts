// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { pressureFactor, renderStrokes } from './strokes.ts';

const line = (y: number, width: number, erase = false) => ({
  points: [
    { x: 0.2, y },
    { x: 0.8, y },
  ],
  width,
  erase,
});

function sum(bitmap: Uint8Array): number {
  return bitmap.reduce((total, value) => total + value, 0) / 255;
}

describe('renderStrokes', () => {
  it('draws nothing from nothing', () => {
    expect(renderStrokes([], 10)).toEqual(new Uint8Array(100));
    expect(renderStrokes([{ points: [], width: 0.1 }], 10)).toEqual(new Uint8Array(100));
  });

  it('draws a line with the area of a capsule', () => {
    const ink = sum(renderStrokes([line(0.5, 0.1)], 200));
    expect(ink / (120 * 20 + Math.PI * 100)).toBeCloseTo(1, 2);
  });

  it('draws a point as a disc', () => {
    const dot = { points: [{ x: 0.5, y: 0.5 }], width: 0.5 };
    expect(sum(renderStrokes([dot], 100)) / (Math.PI * 625)).toBeCloseTo(1, 2);
  });

  it('smooths its edges', () => {
    const bitmap = renderStrokes([line(0.5, 0.3)], 10);
    // The line covers rows 3.5 to 6.5: half of rows 3 and 6, all of 4 and 5.
    expect([2, 3, 4, 5, 6, 7].map((row) => bitmap[row * 10 + 5])).toEqual([
      0, 128, 255, 255, 128, 0,
    ]);
  });

  it('widens with pressure along the line', () => {
    const points = [
      { x: 0.2, y: 0.5, pressure: 0 },
      { x: 0.8, y: 0.5, pressure: 1 },
    ];
    const bitmap = renderStrokes([{ points, width: 0.2 }], 100);
    const thickness = (x: number): number =>
      Array.from({ length: 100 }, (_, y) => bitmap[y * 100 + x] ?? 0).reduce((a, b) => a + b) / 255;
    expect(thickness(20)).toBeCloseTo(10, 0);
    expect(thickness(50)).toBeCloseTo(20, 0);
    expect(thickness(80)).toBeCloseTo(30, 0);
    expect([undefined, 0.5, -1, 7].map(pressureFactor)).toEqual([1, 1, 0.5, 1.5]);
  });

  it('does not darken where strokes cross', () => {
    expect(renderStrokes([line(0.5, 0.1), line(0.5, 0.1)], 50)).toEqual(
      renderStrokes([line(0.5, 0.1)], 50),
    );
  });

  it('erases what was drawn before, and only that', () => {
    expect(sum(renderStrokes([line(0.5, 0.1), line(0.5, 0.2, true)], 50))).toBe(0);
    const after = renderStrokes([line(0.5, 0.2, true), line(0.5, 0.1)], 50);
    expect(after).toEqual(renderStrokes([line(0.5, 0.1)], 50));
    const apart = renderStrokes([line(0.2, 0.1), line(0.8, 0.1), line(0.8, 0.2, true)], 50);
    expect(apart).toEqual(renderStrokes([line(0.2, 0.1)], 50));
  });

  it('is not disturbed by what lies outside or is no number', () => {
    const outside = {
      points: [
        { x: -3, y: 5 },
        { x: 9, y: 5 },
      ],
      width: 0.1,
    };
    const bad = {
      points: [
        { x: Number.NaN, y: 0.5 },
        { x: 0.5, y: Infinity },
      ],
      width: 0.1,
    };
    expect(sum(renderStrokes([outside, bad], 20))).toBe(0);
    const through = {
      points: [
        { x: -1, y: 0.5 },
        { x: 2, y: 0.5 },
      ],
      width: 0.2,
    };
    expect(sum(renderStrokes([through], 20))).toBeCloseTo(80, 5);
  });
});
