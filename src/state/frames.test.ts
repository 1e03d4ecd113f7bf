// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { unhurried, type PageTime } from './frames.ts';

const FRAME = 16;

/** A page whose clock goes on with its tasks, and when something is busy. */
class FakePage implements PageTime {
  visibility = true;
  #clock = 0;
  #tasks: { at: number; task: () => void }[] = [];

  now = (): number => this.#clock;
  visible = (): boolean => this.visibility;
  onFrame = (task: () => void): void =>
    this.after(FRAME - (this.#clock % FRAME), () => {
      if (this.visibility) task();
    });
  after = (ms: number, task: () => void): void => {
    this.#tasks.push({ at: this.#clock + ms, task });
  };

  busy(ms: number): void {
    this.#clock += ms;
  }

  runUntil(end: number): void {
    for (;;) {
      const next = this.#tasks.sort((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) return;
      this.#tasks.shift();
      this.#clock = Math.max(this.#clock, next.at);
      next.task();
    }
  }
}

/** Flushes in a second when each costs so many milliseconds and there is always more to show. */
function flushesInASecond(page: FakePage, cost: number): number {
  const schedule = unhurried(page);
  let count = 0;
  const flush = (): void => {
    count++;
    page.busy(cost);
    page.after(1, () => schedule(flush));
  };
  schedule(flush);
  page.runUntil(1000);
  return count;
}

describe('unhurried', () => {
  it('flushes on every frame what costs nothing to show', () => {
    expect(flushesInASecond(new FakePage(), 0)).toBeGreaterThan(55);
  });

  it('leaves most of the time to others when showing is expensive', () => {
    const count = flushesInASecond(new FakePage(), 60);
    expect(count * 60).toBeLessThan(300);
    expect(count).toBeGreaterThan(2);
  });

  it('goes on in a hidden page, which has no frames', () => {
    const page = new FakePage();
    page.visibility = false;
    expect(flushesInASecond(page, 0)).toBe(3);
  });
});
