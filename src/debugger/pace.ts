// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * How many instructions fit into one slice of time. An engine runs synchronously, so what it is
 * given must end soon enough for a pause to be answered; its speed is learnt as it goes.
 */

/** Milliseconds an engine should run before the host gets its turn. */
export const SLICE = 8;

/** A slice longer than this makes the next one shorter: a pause is promised within 50 ms. */
const TOO_LONG = 25;

/**
 * Up to this the next slice grows. There is room between the two, because a slice has a fixed cost:
 * where that alone takes longer than `SLICE`, shorter slices would only make less headway.
 */
const TOO_SHORT = 14;

/**
 * An engine that is slower than this, in instructions a millisecond, has a high fixed cost: Unicorn
 * translates everything anew in each slice. It gets longer ones, which are still short of a pause's
 * 50 ms.
 */
const SLOW = 10_000;
const SLOW_TOO_LONG = 40;
const SLOW_TOO_SHORT = 28;

const LEAST = 1000;
const MOST = 400_000_000;

export class Pace {
  #budget = 20_000;
  #instructions = 0;
  #ms = 0;

  /** Instructions for the next slice. */
  get budget(): number {
    return this.#budget;
  }

  /** Millions of instructions a second since `reset`; 0 while they are too few to tell. */
  get mips(): number {
    return this.#instructions >= LEAST && this.#ms > 0 ? this.#instructions / this.#ms / 1000 : 0;
  }

  /** Begins a new stretch of running; what was learnt of the engine's speed is kept. */
  reset(): void {
    this.#instructions = 0;
    this.#ms = 0;
  }

  /** @param ms time that `executed` instructions took; runs cut short by a stop count as well. */
  learn(executed: number, ms: number): void {
    this.#instructions += executed;
    this.#ms += ms;
    const slow = executed < SLOW * ms;
    if (ms > (slow ? SLOW_TOO_LONG : TOO_LONG)) {
      // At most by half: one slow slice (a compilation, a busy host) says little of the next.
      this.#budget = Math.max(LEAST, Math.floor(this.#budget * Math.max(0.5, SLICE / ms)));
    } else if (executed >= this.#budget && ms < (slow ? SLOW_TOO_SHORT : TOO_SHORT)) {
      this.#budget = Math.min(MOST, Math.floor(this.#budget * (ms < SLICE ? 2 : 1.25)));
    }
  }
}
