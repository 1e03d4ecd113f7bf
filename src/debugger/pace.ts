// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * How many instructions fit into one slice of time. An engine runs synchronously, so what it is
 * given must end soon enough for a pause to be answered; its speed is learnt as it goes.
 */

/** Milliseconds an engine should run before the host gets its turn. */
export const SLICE = 8;

const LEAST = 500;
const MOST = 400_000_000;
/** A slice may hold at most so many times what the one before held: speed changes with the code. */
const GROWTH = 2;

export class Pace {
  #budget = 20_000;
  #instructions = 0;
  #ms = 0;

  /** Instructions for the next slice. */
  get budget(): number {
    return this.#budget;
  }

  /** Millions of instructions a second since `reset`; 0 before there is anything to tell. */
  get mips(): number {
    return this.#ms > 0 ? this.#instructions / this.#ms / 1000 : 0;
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
    if (ms > SLICE * 1.5) {
      this.#budget = Math.max(LEAST, Math.floor((executed * SLICE) / ms));
    } else if (executed >= this.#budget && ms < SLICE * 0.75) {
      const wanted = ms > 0 ? (executed * SLICE) / ms : Infinity;
      this.#budget = Math.min(MOST, Math.floor(Math.min(wanted, this.#budget * GROWTH)));
    }
  }
}
