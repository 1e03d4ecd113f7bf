// SPDX-License-Identifier: GPL-2.0-or-later
/** What engines count while a profile is taken: instructions by address, and by path of calls. */
import { CallTree } from './call-tree.ts';

export class ExecutionProfile {
  /** How often each instruction has retired, by address. */
  readonly counts = new Map<number, number>();
  readonly calls = new CallTree();
  #paused = false;

  /**
   * While set, what engines bring is thrown away: for running what has been counted before. To be
   * changed between runs, right after `Engine.updateProfile`.
   */
  get paused(): boolean {
    return this.#paused;
  }

  set paused(paused: boolean) {
    this.#paused = paused;
    this.calls.counting = !paused;
  }

  /** Adds `n` executions (or takes back, if negative) of the instruction at `address`. */
  add(address: number, n: number): void {
    if (this.#paused) return;
    const now = (this.counts.get(address) ?? 0) + n;
    if (now === 0) this.counts.delete(address);
    else this.counts.set(address, now);
  }
}
