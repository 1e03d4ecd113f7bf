// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../cpu/cpu.ts';
import { Preparing } from './preparing.ts';

/** What of an engine is used here, with so many pieces to do. */
function engineWith(pieces: number): { engine: Pick<Engine, 'prepare'>; done: () => number } {
  let done = 0;
  const prepare = function* (): Generator<undefined, void> {
    while (done < pieces) {
      done++;
      yield;
    }
  };
  return { engine: { prepare }, done: () => done };
}

describe('preparing', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('waits until all is quiet, then does piece after piece with rests between', () => {
    const { engine, done } = engineWith(5);
    const preparing = new Preparing(() => false);
    expect(preparing.pending).toBe(false);
    preparing.begin(engine);
    expect(preparing.pending).toBe(true);
    vi.advanceTimersByTime(300);
    preparing.touch();
    vi.advanceTimersByTime(500);
    expect(done()).toBe(0);
    vi.advanceTimersToNextTimer();
    expect(done()).toBe(1);
    vi.advanceTimersToNextTimer();
    expect(done()).toBe(2);
    expect(preparing.pending).toBe(true);
    vi.runAllTimers();
    expect(done()).toBe(5);
    expect(preparing.pending).toBe(false);
  });

  it('leaves the engine alone while it is busy', () => {
    let busy = true;
    const { engine, done } = engineWith(2);
    const preparing = new Preparing(() => busy);
    preparing.begin(engine);
    vi.advanceTimersByTime(60_000);
    expect(done()).toBe(0);
    busy = false;
    vi.runAllTimers();
    expect(done()).toBe(2);
  });

  it('stops when it is told to, and starts over when it is', () => {
    const { engine, done } = engineWith(3);
    const preparing = new Preparing(() => false);
    preparing.begin(engine);
    vi.advanceTimersToNextTimer();
    preparing.end();
    expect(vi.getTimerCount()).toBe(0);
    preparing.again();
    expect(vi.getTimerCount()).toBe(0);
    preparing.begin(engine);
    preparing.again();
    vi.runAllTimers();
    expect(done()).toBe(3);
  });

  it('gives up where the pieces take long', () => {
    let now = 0;
    const prepare = function* (): Generator<undefined, void> {
      for (;;) {
        now += 200;
        yield;
      }
    };
    const preparing = new Preparing(
      () => false,
      () => now,
    );
    preparing.begin({ prepare });
    vi.runAllTimers();
    expect(now).toBe(600);
  });

  it('does nothing for an engine that has nothing to prepare', () => {
    const preparing = new Preparing(() => false);
    preparing.begin({});
    preparing.touch();
    expect(vi.getTimerCount()).toBe(0);
  });
});
