// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The last instructions before this moment, each with what it takes to undo it: so that stepping
 * back again and again needs no replay.
 */
import { LONGEST_INSTRUCTION } from '../../cpu/operand-access.ts';
import { memoryAccesses } from '../../cpu/accesses.ts';
import type { RunResult } from '../../cpu/cpu.ts';
import { addr, type Addr } from '../../shared/brand.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { Branch } from './branch.ts';
import type { TimeMachine } from './time-machine.ts';

export interface Undo {
  readonly start: Addr;
  readonly bytes: Uint8Array;
}

/** One instruction: the state before it, and the memory that it wrote as it was before. */
interface Step {
  readonly at: number;
  readonly state: Uint8Array;
  readonly undo: readonly Undo[];
}

/** A repeated string instruction that writes more than this is not undone but replayed. */
const MOST_BYTES = 64 * 1024;

/** Steps kept; when there are twice as many, the older half goes. */
const KEPT = 2048;

export class StepTrace {
  readonly #time: TimeMachine;
  #steps: Step[] = [];
  /** Where the machine stood when the trace was last right. */
  #moves = -1;
  #branch: Branch | null = null;
  /** Where an instruction has been begun and not finished, and its beginning: a long repetition. */
  #midway = -1;
  #begun: Step | null = null;

  constructor(time: TimeMachine) {
    this.#time = time;
  }

  /** Whether it can bring the machine from here back to `at`. */
  reaches(at: number): boolean {
    const first = this.#steps[0];
    return this.#right && first !== undefined && first.at <= at && at < this.#time.position;
  }

  /** Undoes the instructions from `at` on; it must be within reach. */
  back(at: number): void {
    for (;;) {
      const step = this.#steps.at(-1);
      if (step === undefined || step.at < at) break;
      this.#steps.pop();
      this.#time.undo(step.state, step.undo);
    }
    this.#moves = this.#time.moves;
  }

  /** Runs instruction by instruction up to `to`, in the past, noting how to undo each. */
  run(to: number): void {
    const time = this.#time;
    while (time.position < to && time.past) this.step(true);
  }

  /**
   * Runs one instruction, in the past or the present, noting how to undo it.
   * @param answering see `TimeMachine.run`
   */
  step(answering: boolean): RunResult {
    const time = this.#time;
    if (!this.#right) {
      this.#steps = [];
      this.#begun = null;
    }
    this.#branch = time.branch;
    const { applied } = time;
    const step = time.position === this.#midway ? this.#begun : this.#before(time.memory);
    const result = time.run(1, answering);
    this.#moves = time.moves;
    if (result.executed === 0) {
      if (result.stop.kind === 'budget') [this.#midway, this.#begun] = [time.position, step];
      return result;
    }
    // What came from outside is not undone here: the trace begins behind it.
    const outside = result.stop.kind === 'syscall' || time.applied !== applied;
    if (step === null || outside) this.#steps = [];
    else this.#steps.push(step);
    if (this.#steps.length > 2 * KEPT) this.#steps.splice(0, KEPT);
    return result;
  }

  get #right(): boolean {
    return this.#moves === this.#time.moves && this.#branch === this.#time.branch;
  }

  /** @returns null when the instruction is nothing to undo. */
  #before(memory: GuestMemory): Step | null {
    const { state } = memory;
    const rip = Number(state.rip);
    const code = memory.bytes.slice(rip, rip + LONGEST_INSTRUCTION);
    const { list, repeat } = memoryAccesses(code, state);
    const undo: Undo[] = [];
    for (const { address, length, write } of list) {
      if (!write) continue;
      const size = repeat === null ? length : length * repeat.count;
      if (size > MOST_BYTES) return null;
      const start = repeat !== null && repeat.step < 0 ? address + length - size : address;
      if (start < 0 || start + size > memory.size) return null;
      undo.push({ start: addr(start), bytes: memory.bytes.slice(start, start + size) });
    }
    return { at: state.instructions, state: state.bytes.slice(), undo };
  }
}
