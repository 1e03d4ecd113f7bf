// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { cosTurns, Random, sinTurns } from './random.ts';

describe('Random', () => {
  it('repeats itself, and differs by every key', () => {
    const draw = (...keys: number[]): number[] => {
      const r = new Random(...keys);
      return Array.from({ length: 4 }, () => r.next());
    };
    expect(draw(1, 2)).toEqual(draw(1, 2));
    const streams = [draw(1, 2), draw(2, 1), draw(1), draw(1, 3), draw(1, 2, 0)];
    expect(new Set(streams.map(String)).size).toBe(streams.length);
  });

  it('has not changed: the embedded digits depend on it', () => {
    const r = new Random(1, 2, 3);
    expect([r.next(), r.next(), r.next()]).toMatchInlineSnapshot(`
      [
        4207107985,
        2255023288,
        3590574824,
      ]
    `);
  });

  it('fills its ranges evenly', () => {
    const r = new Random(5);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const n = r.int(10);
      counts[n] = (counts[n] ?? 0) + 1;
    }
    // Nine degrees of freedom: beyond 33.7 once in 10,000 generators.
    const chi2 = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chi2).toBeLessThan(33.7);
  });

  it('draws a bell of deviation 1', () => {
    const r = new Random(6);
    const values = Array.from({ length: 50_000 }, () => r.bell());
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(variance).toBeCloseTo(1, 1);
    expect(Math.max(...values.slice(0, 10_000).map(Math.abs))).toBeLessThan(3.47);
  });

  it('picks by weight', () => {
    const r = new Random(7);
    const counts = [0, 0, 0];
    for (let i = 0; i < 10_000; i++) {
      const n = r.pick([1, 0, 3]);
      counts[n] = (counts[n] ?? 0) + 1;
    }
    expect(counts[1]).toBe(0);
    expect((counts[2] ?? 0) / (counts[0] ?? 1)).toBeGreaterThan(2.7);
    expect((counts[2] ?? 0) / (counts[0] ?? 1)).toBeLessThan(3.3);
  });
});

describe('sinTurns and cosTurns', () => {
  it('are the sine and the cosine to 1e-7, any number of turns away', () => {
    for (let t = -3; t <= 3; t += 1 / 512) {
      expect(Math.abs(sinTurns(t) - Math.sin(2 * Math.PI * t))).toBeLessThan(1e-7);
      expect(Math.abs(cosTurns(t) - Math.cos(2 * Math.PI * t))).toBeLessThan(1e-7);
    }
  });
});
