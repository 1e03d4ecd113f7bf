// SPDX-License-Identifier: GPL-2.0-or-later
import type { Clock } from '../clock.ts';

/** A clock that stands still until it is told, and sleeps in no time; for tests. */
export class ManualClock implements Clock {
  #realtime: bigint;
  #monotonic = 0n;

  constructor(realtime = 1_700_000_000_000_000_000n) {
    this.#realtime = realtime;
  }

  realtime(): bigint {
    return this.#realtime;
  }

  monotonic(): bigint {
    return this.#monotonic;
  }

  advance(nanoseconds: bigint): void {
    this.#realtime += nanoseconds;
    this.#monotonic += nanoseconds;
  }

  async sleep(nanoseconds: bigint): Promise<void> {
    await Promise.resolve();
    this.advance(nanoseconds);
  }
}
