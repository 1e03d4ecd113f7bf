// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The translating engine: x86-64 to WebAssembly, a function at a time, as it is first executed.
 *
 * Whatever it does not translate, and whatever is left of a budget that is shorter than the code
 * ahead, the fallback engine executes; both work on the same state, so no seam shows.
 */
import type { Addr } from '../../shared/brand.ts';
import { FLAG, INITIAL_MXCSR } from '../../shared/cpu-state.ts';
import { hex } from '../../shared/format.ts';
import { PROT } from '../../machine/layout.ts';
import type { GuestMemory, MemoryObserver } from '../../machine/memory.ts';
import type { Engine, RunResult, Watch } from '../cpu.ts';
import type { ExecutionProfile } from '../profile.ts';
import { functionsAhead } from './ahead.ts';
import { GuestCode } from './code-source.ts';
import { Counters } from './counters.ts';
import { EXIT } from './exits.ts';
import { Fallback, MXCSR_STICKY } from './fallback.ts';
import { Intervals } from './intervals.ts';
import { Linker } from './link.ts';
import { showsExceptionFlags } from './mxcsr-readers.ts';
import { buildRegion } from './region.ts';
import { BUDGET, followedBy } from './results.ts';
import { runtimeModule } from './runtime.ts';
import { SCRATCH } from './scratch.ts';
import { Singly } from './singly.ts';
import type { CompileStats } from './translation.ts';
import { HOT, MAX_REGIONS, Translations } from './translations.ts';

/**
 * Most instructions between two entries of compiled code: the host replaces a function by its
 * optimised form only when it is entered anew.
 */
const SLICE = 4_000_000;
/** At the start, when the optimised form of the hottest loop is about to be ready. */
const FIRST_SLICE = 200_000;
/** At least so much is run, however little is missing to the end of a slice. */
const LEAST_SLICE = 10_000;
/** So often execution has to arrive inside a block for a translation of its own from there. */
const OFTEN = 16;
/** So many windows may repetitions come to the end of before a run ends early: a pause may wait. */
const MOST_WINDOWS_ENDED = 10_000;
/** Exits whose operand, while there are counters, is how much of a block has not executed. */
const LEAVES_EARLY: ReadonlySet<number> = new Set([
  EXIT.next,
  EXIT.piece,
  EXIT.step,
  EXIT.window,
  EXIT.watch,
  EXIT.misaligned,
  EXIT.divide,
  EXIT.wild,
]);
/** Blocks executed instruction by instruction at the start of a run, until one that can be entered. */
const MOST_ARRIVING = 32;

export interface JitStats extends CompileStats {
  /** Instructions executed by the fallback. */
  readonly steps: number;
  /** Translations in use, and those kept for the case that their code comes back. */
  readonly live: number;
  readonly kept: number;
  /** Instructions that can be executed alone. */
  readonly pieces: number;
}

/** Regions that are translated before a program runs: some twice as many as ours have. */
const MOST_AHEAD = 512;

export class JitEngine implements Engine, MemoryObserver {
  readonly name = 'jit';
  readonly #memory: GuestMemory;
  readonly #fallback: Fallback;
  readonly #code: GuestCode;
  readonly #translations: Translations;
  readonly #drive: () => number;
  readonly #singly: Singly;
  readonly #intervals: Intervals;
  readonly #stopObserving: () => void;
  #breakpoints: ReadonlySet<number> = new Set();
  #counters: Counters | null = null;
  /** Whether executable memory, as it is now, has been searched for readers of MXCSR. */
  #searched = false;
  /** So many more blocks may be executed instruction by instruction before compiled code runs. */
  #arriving = MOST_ARRIVING;
  /** Instructions executed since a slice last ended, and told which region runs. */
  #unnoted = 0;
  /** How often execution arrived inside a translated block, by address. */
  readonly #missed = new Map<number, number>();
  /** Compiled code has left a repeated string instruction on its way. */
  #unfinished = false;
  /** Windows that repetitions have come to the end of in this run. */
  #windowsEnded = 0;

  /**
   * @param fallback executes what is not translated; it works on the same memory and must honour
   *   the engine contract. This engine disposes of it.
   * @param hotAfter instructions after which a region gets its best translation; tests ask for few.
   * @param regions the most that are kept at a time.
   */
  constructor(memory: GuestMemory, fallback: Engine, hotAfter = HOT, regions = MAX_REGIONS) {
    this.#memory = memory;
    this.#fallback = new Fallback(memory, fallback);
    this.#code = new GuestCode(memory);
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: regions });
    const runtime = new WebAssembly.Instance(new WebAssembly.Module(runtimeModule()), {
      e: {
        memory: memory.memory,
        table,
        interval: (address: number, length: number, need: number) =>
          this.#intervals.ask(address, length, need),
        trace: (kind: number, target: number, rsp: number, left: number) =>
          this.#counters?.traced(kind, target, rsp, left),
      },
    }).exports;
    const linker = new Linker(memory, runtime);
    this.#translations = new Translations(memory, table, linker, runtime, hotAfter);
    this.#drive = runtime['drive'] as () => number;
    this.#intervals = new Intervals(memory, (start, length) => {
      this.#doubt();
      return this.#translations.covers(start, length);
    });
    this.#singly = new Singly({
      memory,
      code: this.#code,
      linker,
      runtime,
      inFallback: (count) => this.#inFallback(count),
      rests: (rip) => this.#rests(rip),
    });
    this.#translations.flush();
    this.#stopObserving = memory.observe(this);
  }

  /** What compiling has cost, how much of it is kept, what the fallback has executed. */
  get stats(): JitStats {
    const { stats, size: live, kept } = this.#translations;
    const { executed: steps } = this.#fallback;
    return { ...stats, steps, live, kept, pieces: this.#singly.stepper.size };
  }

  setBreakpoints(addresses: ReadonlySet<Addr>): void {
    const same =
      addresses.size === this.#breakpoints.size &&
      [...addresses].every((a) => this.#breakpoints.has(a));
    this.#fallback.engine.setBreakpoints(addresses);
    if (same) return;
    this.#breakpoints = new Set(addresses);
    this.#code.setBreakpoints(this.#breakpoints);
    this.#singly.breakpoints = this.#breakpoints;
    this.#singly.forget();
    this.#translations.flush();
  }

  setWatches(watches: readonly Watch[]): void {
    if (watches.length === 0 && !this.#singly.watching) return;
    this.#fallback.engine.setWatches(watches);
    this.#translations.watch = this.#singly.watch(watches);
    this.#translations.flush();
  }

  setProfile(profile: ExecutionProfile | null): void {
    if (profile === null && this.#counters === null) return;
    this.#fallback.engine.setProfile(profile);
    this.#translations.flush();
    this.#counters = profile && new Counters(this.#memory, this.#code, profile);
    this.#translations.counters = this.#counters;
    this.#singly.counters = this.#counters;
  }

  updateProfile(): void {
    this.#counters?.fold();
    this.#fallback.engine.updateProfile();
  }

  *prepare(): Generator<undefined, void> {
    const entry = Number(this.#memory.state.rip);
    if (!Number.isSafeInteger(entry)) return;
    this.#heedMxcsr();
    yield;
    const most = this.stats.regions + MOST_AHEAD;
    for (const ip of functionsAhead(this.#memory, this.#code, entry)) {
      if (this.stats.regions >= most) return;
      if (!this.#translations.has(ip)) this.#translate(ip);
      yield;
    }
  }

  run(budget: number): RunResult {
    this.#counters?.begin();
    this.#arriving = MOST_ARRIVING;
    let executed = 0;
    this.#windowsEnded = 0;
    const { restless } = this.#translations;
    if (this.#memory.state.instructions === 0) restless.clear();
    while (executed < budget) {
      const left = budget - executed;
      const state = this.#memory.state;
      if (this.#singly.underWay) {
        const one = this.#singly.one();
        executed += one.executed;
        if (one.stop.kind !== 'budget' || one.executed === 0) return { stop: one.stop, executed };
        continue;
      }
      this.#heedMxcsr();
      const rest = restless.restAt(Number(state.rip), state.instructions);
      if (rest > 0) {
        // slow going: whoever runs this may want to do something else in between
        const some = this.#singly.step(Math.min(left, rest));
        return followedBy(executed, some);
      }
      const unusual = (state.rflags & FLAG.TF) !== 0;
      const atBreakpoint = this.#breakpoints.size > 0 && this.#breakpoints.has(Number(state.rip));
      if (atBreakpoint && executed > 0) return { stop: { kind: 'breakpoint' }, executed };
      const stepped = unusual
        ? this.#singly.step(atBreakpoint ? 1 : Math.min(left, 10_000))
        : atBreakpoint
          ? this.#singly.run(1)
          : this.#compiled(left);
      executed += stepped.executed;
      if (stepped.stop.kind !== 'budget' || this.#leftOnItsWay()) {
        return { stop: stepped.stop, executed };
      }
    }
    return { stop: BUDGET, executed };
  }

  /** Whether a repeated string instruction has just been left on its way, so that a pause gets through. */
  #leftOnItsWay(): boolean {
    const here = this.#unfinished;
    this.#unfinished = false;
    return this.#singly.leftOnItsWay() || here;
  }

  dispose(): void {
    this.#stopObserving();
    this.#translations.flush();
    this.#fallback.engine.dispose();
  }

  written(start: Addr, length: number): void {
    if (length <= 0 || this.#fallback.publishing) return;
    if ((this.#memory.protectionAt(start) & PROT.exec) !== 0) this.#searched = false;
    this.#doubtAt(start, length);
    this.#translations.invalidateChanged(start, length);
  }

  remapped(start: Addr, length: number): void {
    if (length <= 0) return;
    this.#fallback.remapped();
    this.#searched = false;
    this.#doubtAt(start, length);
    this.#translations.invalidatePages(start, length);
    this.#translations.forgetWindows();
  }

  /**
   * From the moment on that a program can see exception flags, or changes the modes, floating point
   * is translated with care (`lift/careful.ts`), until the next program.
   */
  #heedMxcsr(): void {
    const { mxcsr, instructions } = this.#memory.state;
    const usual = (mxcsr & ~MXCSR_STICKY) === INITIAL_MXCSR;
    if (this.#searched && (usual || this.#code.careful)) return;
    const needed = !usual || (!this.#searched && showsExceptionFlags(this.#memory));
    const careful = needed || (this.#code.careful && instructions > 0);
    this.#searched = true;
    if (careful === this.#code.careful) return;
    this.#code.careful = careful;
    this.#missed.clear();
    this.#singly.forget();
    this.#translations.flush();
  }

  /** What depends on bytes or mappings of the range; most system calls write to data alone. */
  #doubtAt(start: number, length: number): void {
    this.#missed.clear();
    if (this.#code.remembers(start, length)) this.#doubt();
  }

  /** Code may have changed, anywhere. */
  #doubt(): void {
    this.#missed.clear();
    this.#code.forget();
    this.#singly.doubt();
  }

  // ---- running ----

  /** Runs compiled code until it needs something; `budget` as a stop means: nothing special. */
  #compiled(left: number): RunResult {
    const slice = Math.min(SLICE, FIRST_SLICE + Math.floor(this.#memory.state.instructions / 16));
    const given = Math.min(left, Math.max(slice - this.#unnoted, LEAST_SLICE));
    const counter = new Int32Array(this.#memory.memory.buffer, SCRATCH.left, 1);
    counter[0] = given;
    this.#fallback.noteCompiled();
    this.#counters?.enter(given);
    const code = this.#drive();
    const remaining = new Int32Array(this.#memory.memory.buffer, SCRATCH.left, 1)[0] ?? 0;
    const executed = given - remaining;
    if (executed > 0) this.#arriving = 0;
    this.#unnoted += executed;
    const state = this.#memory.state;
    state.instructions += executed;
    const operand = code >>> 8;
    this.#counters?.leave(LEAVES_EARLY.has(code & 0xff) ? operand : 0);
    switch (code & 0xff) {
      case EXIT.next: // of a repetition whose window has ended
        this.#unfinished = ++this.#windowsEnded > MOST_WINDOWS_ENDED;
        return { stop: BUDGET, executed };
      case EXIT.piece:
        this.#unfinished = true;
        return { stop: BUDGET, executed };
      case EXIT.budget: {
        this.#arriving = MOST_ARRIVING;
        // from their start, not from the loop that is running: loops are then told from one another
        for (const root of this.#translations.noteSlice(this.#unnoted)) this.#translate(root);
        this.#unnoted = 0;
        // a slice that ends early is no reason to use the fallback, the end of the budget is
        if (given < left || remaining === 0) return { stop: BUDGET, executed };
        return followedBy(executed, this.#singly.run(remaining));
      }
      case EXIT.single:
        return remaining === 0
          ? { stop: BUDGET, executed }
          : followedBy(executed, this.#singly.run(1));
      case EXIT.step:
        if (remaining === 0) return { stop: BUDGET, executed };
        return followedBy(executed, this.#singly.run(Math.min(operand, remaining)));
      case EXIT.window: {
        const view = new DataView(this.#memory.memory.buffer, SCRATCH.missed, 12);
        this.#translations.moveWindow(view.getInt32(8, true), view.getBigUint64(0, true));
        if (remaining === 0) return { stop: BUDGET, executed };
        return followedBy(executed, this.#singly.run(Math.min(operand, remaining)));
      }
      case EXIT.watch:
        return followedBy(executed, this.#singly.run(Math.min(operand, remaining)));
      case EXIT.syscall:
        return { stop: { kind: 'syscall' }, executed };
      case EXIT.misaligned:
        return followedBy(executed, this.#singly.stepper.misaligned());
      case EXIT.divide:
        return followedBy(executed, this.#singly.stepper.divideError());
      case EXIT.wild:
        return followedBy(executed, this.#singly.stepper.wildBranch());
      case EXIT.missing:
        if (remaining === 0) return { stop: BUDGET, executed };
        return followedBy(executed, this.#missing(Number(state.rip), remaining));
      default:
        throw new Error(`compiled code at ${hex(state.rip)} returned ${code}`);
    }
  }

  #inFallback(count: number): RunResult {
    const result = this.#fallback.run(count, this.#code.careful);
    const stored = this.#intervals.takeStore();
    if (stored) this.written(stored.start as Addr, stored.length);
    if (this.#code.writable) this.#doubt();
    this.#translations.dropRewritten();
    return result;
  }

  /**
   * No translation begins at `rip`. Inside a translated block (where the last budget happened to
   * end) the fallback goes on to the block's end, rather than to translate from every such place.
   */
  #missing(rip: number, left: number): RunResult {
    if (this.#breakpoints.has(rip)) return { stop: BUDGET, executed: 0 };
    const inside = this.#translations.remainingAt(rip);
    if (inside > 0) {
      // where the last budget happened to end is no place to translate from
      if (this.#arriving-- > 0) return this.#singly.run(Math.min(inside, left));
      const missed = (this.#missed.get(rip) ?? 0) + 1;
      this.#missed.set(rip, missed);
      if (missed < OFTEN) return this.#singly.run(Math.min(inside, left));
    }
    return this.#translate(rip) ? { stop: BUDGET, executed: 0 } : this.#singly.step(1);
  }

  #rests(rip: number): boolean {
    return this.#translations.restless.restAt(rip, this.#memory.state.instructions) > 0;
  }

  /** @returns false when the code at `rip` is for the fallback. */
  #translate(rip: number): boolean {
    if (!Number.isSafeInteger(rip) || this.#breakpoints.has(rip)) return false;
    if (this.#rests(rip)) return false;
    const hot = this.#translations.restAt(rip);
    if (hot === null && this.#translations.revive(rip)) return true;
    const root = hot ?? rip;
    const { heat } = this.#translations;
    const inlining = heat.isHot(root) ? heat : null;
    const began = performance.now();
    const region = buildRegion(this.#code, root, this.#code.shapeOf, inlining);
    if (!region) return false;
    this.#translations.add(region, hot !== null, began);
    return true;
  }
}
