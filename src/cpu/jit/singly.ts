// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Instructions executed one by one: by the stepper where they are translated, by software where
 * floating point is done with care, and else by the fallback.
 */
import type { GuestMemory } from '../../machine/memory.ts';
import type { RunResult, Watch } from '../cpu.ts';
import { executeFloatInSoftware } from '../software.ts';
import { WatchSet } from '../watch.ts';
import type { GuestCode } from './code-source.ts';
import type { Counters } from './counters.ts';
import type { Linker } from './link.ts';
import { BUDGET, followedBy } from './results.ts';
import { Stepper } from './stepper.ts';
import { WatchTests } from './watch.ts';

/** Pieces of one repeated string instruction after which a run ends early, so that a pause is answered. */
const MOST_PIECES = 4;

export interface SinglyParts {
  readonly memory: GuestMemory;
  readonly code: GuestCode;
  readonly linker: Linker;
  readonly runtime: WebAssembly.Exports;
  /** Lets the fallback execute up to so many instructions. */
  readonly inFallback: (count: number) => RunResult;
  /** Whether the code at an address is not worth translating for now. */
  readonly rests: (rip: number) => boolean;
}

export class Singly {
  readonly #parts: SinglyParts;
  readonly stepper: Stepper;
  /** While there are watches: stops before what may touch one. */
  readonly #watchful: Stepper;
  #watches = new WatchSet([]);
  #counters: Counters | null = null;
  /** Where `run` ends before its count. */
  breakpoints: ReadonlySet<number> = new Set();

  constructor(parts: SinglyParts) {
    this.#parts = parts;
    const { memory, code, linker, runtime } = parts;
    this.stepper = new Stepper(memory, code, linker, runtime);
    this.#watchful = new Stepper(memory, code, linker, runtime);
  }

  /** Whether anything is watched. */
  get watching(): boolean {
    return this.#watches.any;
  }

  /** Whether a repeated string instruction that began earlier has not come to its end. */
  get underWay(): boolean {
    return this.#watches.any && this.#watches.isUnderWay(this.#parts.memory.state);
  }

  /** @returns what compiled code has to look out for. */
  watch(watches: readonly Watch[]): WatchTests | null {
    this.#watches = new WatchSet(watches);
    const tests = watches.length > 0 ? new WatchTests(watches) : null;
    this.#watchful.watch = tests;
    this.#watchful.forget();
    return tests;
  }

  set counters(counters: Counters | null) {
    this.#counters = counters;
    for (const stepper of [this.stepper, this.#watchful]) {
      stepper.counters = counters;
      stepper.forget();
    }
  }

  /** Whether a repeated string instruction has been left on its way since this was last asked. */
  leftOnItsWay(): boolean {
    const left = this.stepper.unfinished || this.#watchful.unfinished;
    this.stepper.unfinished = this.#watchful.unfinished = false;
    return left;
  }

  /** The code may have changed. */
  doubt(): void {
    this.stepper.doubt();
    this.#watchful.doubt();
  }

  /** What was made no longer fits. */
  forget(): void {
    this.stepper.forget();
    this.#watchful.forget();
  }

  /** Executes up to `count` instructions; breakpoints end it. */
  run(count: number): RunResult {
    const { state } = this.#parts.memory;
    let executed = 0;
    while (executed < count) {
      if (executed > 0 && this.breakpoints.has(Number(state.rip))) break;
      const one = this.#few(count - executed);
      executed += one.executed;
      if (one.stop.kind !== 'budget' || one.executed === 0) return { stop: one.stop, executed };
    }
    return { stop: BUDGET, executed };
  }

  /** Executes at least one and up to `count` instructions, unless it is slow going. */
  #few(count: number): RunResult {
    const rip = Number(this.#parts.memory.state.rip);
    if (this.#parts.rests(rip)) return this.step(1);
    if (!this.#watches.any) return this.stepper.run(rip, count) ?? this.step(1);
    const some = this.#watchful.run(rip, count);
    if (some && (some.executed > 0 || some.stop.kind !== 'budget')) return some;
    return (some && this.#looked()) ?? this.step(1);
  }

  /** Executes the one instruction at rip, which may hit a watch. */
  one(): RunResult {
    return this.#looked() ?? this.step(1);
  }

  /** @returns null when it is for the fallback. */
  #looked(): RunResult | null {
    const { memory } = this.#parts;
    const near = this.#watches.begin(memory);
    for (let pieces = 0; ; pieces++) {
      const one = this.stepper.run(Number(memory.state.rip), 1);
      if (!one) return null;
      const onItsWay = one.executed === 0 && one.stop.kind === 'budget';
      if (onItsWay && pieces < MOST_PIECES) continue;
      const hit = near ? this.#watches.finish(memory, one.executed === 1) : null;
      return hit ? { stop: hit, executed: one.executed } : one;
    }
  }

  /**
   * Lets the fallback execute up to `count` instructions. What it does not know although this
   * engine does is executed here.
   */
  step(count: number): RunResult {
    const float = this.#exactFloat();
    if (float) return float;
    const result = this.#parts.inFallback(count);
    const { stop } = result;
    if (stop.kind !== 'fault' || stop.fault.signal !== 'SIGILL') return result;
    const one = this.#looked();
    return one ? followedBy(result.executed, one) : result;
  }

  /**
   * Executes the one instruction at rip if it is floating point to be done with care.
   * @returns null, with nothing changed, when it is not, or faults.
   */
  #exactFloat(): RunResult | null {
    const { memory, code } = this.#parts;
    if (!code.careful) return null;
    const { state, bytes } = memory;
    const insn = code.insnAt(Number(state.rip));
    if (!insn?.careful) return null;
    const near = this.#watches.any && this.#watches.begin(memory);
    if (!executeFloatInSoftware(memory, bytes.slice(insn.ip, insn.next))) return null;
    state.instructions++;
    this.#counters?.executed(insn.ip, 1);
    const hit = near ? this.#watches.finish(memory, true) : null;
    return { stop: hit ?? BUDGET, executed: 1 };
  }
}
