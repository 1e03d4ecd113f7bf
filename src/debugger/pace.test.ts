// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { Pace } from './pace.ts';

/** Runs slices on an engine that takes `fixed` ms a slice and executes `speed` instructions a ms. */
function settle(pace: Pace, fixed: number, speed: number, slices = 60): number {
  let ms = 0;
  for (let i = 0; i < slices; i++) {
    const { budget } = pace;
    ms = fixed + budget / speed;
    pace.learn(budget, ms);
  }
  return ms;
}

describe('Pace', () => {
  it('finds slices well within the 50 ms of a pause, fast engine or slow', () => {
    for (const speed of [500, 20_000, 1_000_000]) {
      const ms = settle(new Pace(), 0, speed);
      expect(ms).toBeGreaterThan(4);
      expect(ms).toBeLessThanOrEqual(speed < 10_000 ? 40 : 25);
    }
  });

  it('recovers from a slow start', () => {
    const pace = new Pace();
    settle(pace, 300, 100, 20);
    const ms = settle(pace, 0, 10_000);
    expect(ms).toBeGreaterThan(4);
    expect(pace.budget).toBeGreaterThan(50_000);
  });

  it('does not starve an engine whose fixed cost is high', () => {
    const pace = new Pace();
    const ms = settle(pace, 10, 3000);
    // most of the time is for the instructions
    expect(pace.budget / 3000).toBeGreaterThan(0.5 * ms);
    expect(ms).toBeLessThanOrEqual(40);
  });

  it('slows down when the code becomes slow', () => {
    const pace = new Pace();
    settle(pace, 0, 10_000);
    expect(settle(pace, 0, 50, 12)).toBeLessThanOrEqual(40);
  });

  it('measures speed over a stretch', () => {
    const pace = new Pace();
    expect(pace.mips).toBe(0);
    pace.learn(3_000_000, 10);
    expect(pace.mips).toBeCloseTo(300);
    pace.reset();
    expect(pace.mips).toBe(0);
  });
});
