// SPDX-License-Identifier: GPL-2.0-or-later
import type { StopReason } from '../protocol/machine.ts';

/** Those who wait for the machine to stop. */
export class StopWaiters {
  #waiting: ((reason: StopReason | null) => void)[] = [];

  /** @returns why it stopped next, or null when it did not come to a stop: it was booted anew. */
  wait(): Promise<StopReason | null> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(reason: StopReason | null): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(reason);
  }
}
