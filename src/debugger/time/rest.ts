// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What is done while the machine stands and nobody wants anything of it: where it has come to by
 * running, the last checkpoint may lie hundreds of milliseconds of running back. That stretch is
 * run again, to leave checkpoints close before the point of rest, so that a step back is short.
 *
 * Each slice begins and ends where the machine stands: whoever asks between two of them finds it
 * there. Whoever wants to go back meanwhile goes from where the slices have come to.
 */
import type { Checkpoint } from './checkpoints.ts';
import type { StepTrace } from './step-trace.ts';
import type { TimeMachine } from './time-machine.ts';

/** How far before a point of rest checkpoints are left, so that steps back from there are short. */
export const APPROACH = [65_536, 4096] as const;

/** Instructions before a point of rest that are noted one by one: some 50 microseconds each. */
export const TRACED = 64;

/** With no more than so many instructions to run again a step back is short as it is. */
const NEAR = { jit: 2 * APPROACH[0], unicorn: 2 * APPROACH[1] } as const;

/** Milliseconds of running in one slice; the way there and back comes on top. */
const RUNNING = 8;

/** Instructions a millisecond, as long as nothing is known. */
const SLOW = 1000;

/** With so many stops at other people's breakpoints in a slice they are taken out. */
const STRAY = 64;

export class Rest {
  readonly #time: TimeMachine;
  readonly #trace: StepTrace;
  readonly #now: () => number;
  /** How far the slices have come: this checkpoint goes when the next is there. */
  #reached: Checkpoint | null = null;
  #rate = SLOW;

  /** @param now milliseconds, monotonic */
  constructor(time: TimeMachine, trace: StepTrace, now: () => number) {
    this.#time = time;
    this.#trace = trace;
    this.#now = now;
  }

  /** To be called at a new point of rest. @returns whether there is anything to do */
  begin(): boolean {
    this.#reached = null;
    const time = this.#time;
    const from = time.branch.checkpoints.before(time.position - 1);
    return !time.midway && from !== undefined && time.position - from.at > NEAR[time.engine.name];
  }

  /** Does a bit of what is left. @returns whether there is more */
  slice(): boolean {
    const time = this.#time;
    const rest = time.position;
    const { checkpoints } = time.branch;
    time.checkpoint();
    const from = checkpoints.before(rest - 1);
    if (from === undefined) return false;
    time.approach(from.at);
    const goal = APPROACH.find((distance) => rest - from.at > 2 * distance);
    if (goal === undefined) {
      this.#run(rest - TRACED, Infinity);
      this.#trace.run(rest);
      this.#return(rest);
      return false;
    }
    this.#run(rest - goal, RUNNING);
    const further = !time.midway && time.position > from.at;
    if (further) {
      time.checkpoint();
      if (from === this.#reached) checkpoints.forget(from);
      const stays = time.position === rest - goal;
      this.#reached = stays ? null : (checkpoints.before(time.position) ?? null);
    }
    this.#return(rest);
    return further;
  }

  /** Runs again what was recorded, up to a moment or for so many milliseconds. */
  #run(to: number, most: number): void {
    const time = this.#time;
    const began = this.#now();
    const start = time.position;
    let stray = 0;
    for (let spent = 0; time.past && time.position < to && spent < most;) {
      const budget = Math.ceil(this.#rate * (most - spent));
      const { stop } = time.run(Math.min(to - time.position, budget));
      if (stop.kind !== 'budget' && ++stray === STRAY) this.#disarm();
      spent = this.#now() - began;
      if (spent > 0.5) this.#rate = Math.max(SLOW, (time.position - start) / spent);
    }
  }

  #disarm(): void {
    this.#time.engine.setBreakpoints(new Set());
    this.#time.engine.setWatches([]);
  }

  #return(rest: number): void {
    this.#time.approach(rest);
    this.#run(rest, Infinity);
  }
}
