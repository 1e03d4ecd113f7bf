// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { IMAGE_BYTES } from './canvas.ts';
import { DIGIT_FORMS, digitPaths } from './digit-forms.ts';
import { arc, trace } from './digit-path.ts';
import { digitImage, digitImages, digitLabels, handwritten } from './digits.ts';
import { Random } from './random.ts';

describe('the labels', () => {
  it('are balanced and shuffled, each part in its own way', () => {
    const labels = digitLabels('train', 6000);
    for (let digit = 0; digit < 10; digit++) {
      expect(labels.filter((label) => label === digit).length).toBe(600);
    }
    expect([...labels.subarray(0, 10)]).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(digitLabels('test', 6000)).not.toEqual(labels);
    expect(digitLabels('train', 6000)).toEqual(labels);
  });
});

describe('the images', () => {
  it('depend on part, place and label only', () => {
    const labels = digitLabels('test', 20);
    const images = digitImages('test', labels);
    for (const i of [19, 0, 7]) {
      expect(digitImage('test', i, labels[i] ?? 0)).toEqual(
        images.slice(i * IMAGE_BYTES, (i + 1) * IMAGE_BYTES),
      );
    }
    expect(digitImage('train', 0, 3)).not.toEqual(digitImage('test', 0, 3));
  });

  it('fill the box of 20 pixels and stay in it, as in MNIST', () => {
    for (let i = 0; i < 200; i++) {
      const image = digitImage('test', i, i % 10);
      const inked = [...image.keys()].filter((at) => image[at] !== 0);
      const xs = inked.map((at) => at % 28);
      const ys = inked.map((at) => Math.floor(at / 28));
      const wide = Math.max(...xs) - Math.min(...xs) + 1;
      const high = Math.max(...ys) - Math.min(...ys) + 1;
      // A faint rim may round to nothing.
      expect(Math.max(wide, high)).toBeGreaterThanOrEqual(19);
      expect(Math.max(wide, high)).toBeLessThanOrEqual(20);
    }
  });

  it('never repeat', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 100; i++) seen.add(digitImage('train', i, 1).join());
    expect(seen.size).toBe(100);
  });
});

describe('the forms', () => {
  it('are several for every digit', () => {
    expect(DIGIT_FORMS.length).toBe(10);
    for (const forms of DIGIT_FORMS) expect(forms.length).toBeGreaterThanOrEqual(3);
    for (const digit of [2, 4, 7, 9]) {
      expect(DIGIT_FORMS[digit]?.length).toBeGreaterThanOrEqual(4);
    }
    expect(() => digitPaths(10, new Random(1))).toThrow('not a digit: 10');
  });

  it('lie about the unit box, every stroke of two points or more', () => {
    for (const [digit, forms] of DIGIT_FORMS.entries()) {
      for (const form of forms) {
        const r = new Random(digit);
        for (let i = 0; i < 50; i++) {
          for (const path of form.draw(r)) {
            expect(path.length).toBeGreaterThanOrEqual(2);
            for (const [x, y] of path) {
              expect(Math.abs(x)).toBeLessThan(0.7);
              expect(Math.abs(y)).toBeLessThan(0.7);
            }
          }
        }
      }
    }
  });

  it('become strokes inside the drawing square', () => {
    const r = new Random(99);
    for (let i = 0; i < 100; i++) {
      for (const stroke of handwritten(i % 10, r)) {
        for (const point of stroke.points) {
          expect(Math.min(point.x, point.y)).toBeGreaterThanOrEqual(0.149);
          expect(Math.max(point.x, point.y)).toBeLessThanOrEqual(0.851);
        }
        // Half the thickest line fits into the margin.
        expect(stroke.width * 0.75).toBeLessThan(0.15);
        expect(stroke.width).toBeGreaterThan(0.02);
      }
    }
  });
});

describe('trace', () => {
  it('passes through every knot, smoothly, and turns sharply only at corners', () => {
    const line = trace(
      [
        [0, 0],
        [1, 0, 1],
        [1, 1],
      ],
      0.1,
    );
    const points = Array.from({ length: line.length / 2 }, (_, i) => [
      line[2 * i],
      line[2 * i + 1],
    ]);
    expect(points[0]).toEqual([0, 0]);
    expect(points).toContainEqual([1, 0]);
    expect(points.at(-1)).toEqual([1, 1]);
    // Both pieces are straight: no point strays from the two sides.
    for (const [x, y] of points)
      expect(Math.min(Math.abs(y ?? 9), Math.abs((x ?? 9) - 1))).toBeLessThan(1e-12);
  });

  it('stays near a circle through knots on it', () => {
    const line = trace(arc([0, 0], [1, 1], 0, 1), 0.05);
    for (let i = 0; i < line.length; i += 2) {
      expect(Math.hypot(line[i] ?? 0, line[i + 1] ?? 0)).toBeCloseTo(1, 1.6);
    }
  });
});
