// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The translating engine: x86-64 to WebAssembly, a function at a time, as it is first executed.
 *
 * Whatever it does not translate, and whatever is left of a budget that is shorter than the code
 * ahead, the fallback engine executes; both work on the same state, so no seam shows.
 */
import { addr, type Addr } from '../../shared/brand.ts';
import { FLAG, INITIAL_MXCSR } from '../../shared/cpu-state.ts';
import { hex } from '../../shared/format.ts';
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory, MemoryObserver } from '../../machine/memory.ts';
import type { Engine, EngineStop, RunResult, Watch } from '../cpu.ts';
import { WatchSet } from '../watch.ts';
import { executeFloatInSoftware } from '../software.ts';
import type { ExecutionProfile } from '../profile.ts';
import { GuestCode } from './code-source.ts';
import { Counters } from './counters.ts';
import { EXIT } from './exits.ts';
import { Linker } from './link.ts';
import { buildRegion } from './region.ts';
import { showsExceptionFlags } from './mxcsr-readers.ts';
import { runtimeModule } from './runtime.ts';
import { accessible, grants } from './protection.ts';
import { INTERVALS, INTERVAL_BYTES, SCRATCH } from './scratch.ts';
import { Stepper } from './stepper.ts';
import { WatchTests } from './watch.ts';
import { HOT, MAX_REGIONS, Translations, type CompileStats } from './translations.ts';

/**
 * Most instructions between two entries of compiled code: the host replaces a function by its
 * optimised form only when it is entered anew.
 */
const SLICE = 4_000_000;
/** At the start, when the optimised form of the hottest loop is about to be ready. */
const FIRST_SLICE = 200_000;
/** MXCSR's sticky exception flags: they do not change what instructions compute. */
const MXCSR_STICKY = 0x3f;
/** So often execution has to arrive inside a block for a translation of its own from there. */
const OFTEN = 16;
/** Pieces of one repeated string instruction after which a run ends early, so that a pause is answered. */
const MOST_PIECES = 1000;
/** Exits whose operand, while there are counters, is how much of a block has not executed. */
const LEAVES_EARLY: ReadonlySet<number> = new Set([
  EXIT.next,
  EXIT.step,
  EXIT.window,
  EXIT.watch,
  EXIT.misaligned,
  EXIT.divide,
  EXIT.wild,
]);
/** Blocks executed instruction by instruction at the start of a run, until one that can be entered. */
const MOST_ARRIVING = 32;
const BUDGET: EngineStop = { kind: 'budget' };

export interface JitStats extends CompileStats {
  /** Instructions executed by the fallback. */
  readonly steps: number;
  /** Translations in use, and those kept for the case that their code comes back. */
  readonly live: number;
  readonly kept: number;
  /** Instructions that can be executed alone. */
  readonly pieces: number;
}

export class JitEngine implements Engine, MemoryObserver {
  readonly name = 'jit';
  readonly #memory: GuestMemory;
  readonly #fallback: Engine;
  readonly #code: GuestCode;
  readonly #translations: Translations;
  readonly #drive: () => number;
  readonly #stepper: Stepper;
  /** While there are watches: stops before what may touch one. */
  readonly #watchful: Stepper;
  readonly #stopObserving: () => void;
  #breakpoints: ReadonlySet<number> = new Set();
  #watches = new WatchSet([]);
  #counters: Counters | null = null;
  /** A store into translated code, which the fallback is about to execute. */
  #storedCode: { start: number; length: number } | null = null;
  #nextInterval = 0;
  /** Whether executable memory, as it is now, has been searched for readers of MXCSR. */
  #searched = false;
  /** So many more blocks may be executed instruction by instruction before compiled code runs. */
  #arriving = MOST_ARRIVING;
  /** How often execution arrived inside a translated block, by address. */
  readonly #missed = new Map<number, number>();
  /** Compiled code has run since the fallback was last told. */
  #unpublished = false;
  #publishing = false;
  /** Where compiled code may store; null when mappings have changed. */
  #writable: { start: Addr; length: number }[] | null = null;
  /** `storePages` at that time. */
  #storePages = 0;
  /** Instructions executed by the fallback, for statistics. */
  #steps = 0;

  /**
   * @param fallback executes what is not translated; it works on the same memory and must honour
   *   the engine contract. This engine disposes of it.
   * @param hotAfter instructions after which a region gets its best translation; tests ask for few.
   * @param regions the most that are kept at a time.
   */
  constructor(memory: GuestMemory, fallback: Engine, hotAfter = HOT, regions = MAX_REGIONS) {
    this.#memory = memory;
    this.#fallback = fallback;
    this.#code = new GuestCode(memory);
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: regions });
    const runtime = new WebAssembly.Instance(new WebAssembly.Module(runtimeModule()), {
      e: {
        memory: memory.memory,
        table,
        interval: (address: number, length: number, need: number) =>
          this.#interval(address, length, need),
        trace: (kind: number, target: number, rsp: number, left: number) =>
          this.#counters?.traced(kind, target, rsp, left),
      },
    }).exports;
    const linker = new Linker(memory, runtime);
    this.#translations = new Translations(memory, table, linker, runtime, hotAfter);
    this.#drive = runtime['drive'] as () => number;
    this.#stepper = new Stepper(memory, this.#code, linker, runtime);
    this.#watchful = new Stepper(memory, this.#code, linker, runtime);
    this.#translations.flush();
    this.#stopObserving = memory.observe(this);
  }

  /** What compiling has cost, how much of it is kept, what the fallback has executed. */
  get stats(): JitStats {
    const { stats, size: live, kept } = this.#translations;
    return { ...stats, steps: this.#steps, live, kept, pieces: this.#stepper.size };
  }

  setBreakpoints(addresses: ReadonlySet<Addr>): void {
    const same =
      addresses.size === this.#breakpoints.size &&
      [...addresses].every((a) => this.#breakpoints.has(a));
    this.#fallback.setBreakpoints(addresses);
    if (same) return;
    this.#breakpoints = new Set(addresses);
    this.#code.setBreakpoints(this.#breakpoints);
    this.#stepper.forget();
    this.#watchful.forget();
    this.#translations.flush();
  }

  setWatches(watches: readonly Watch[]): void {
    if (watches.length === 0 && !this.#watches.any) return;
    this.#watches = new WatchSet(watches);
    this.#fallback.setWatches(watches);
    const tests = watches.length > 0 ? new WatchTests(watches) : null;
    this.#translations.watch = tests;
    this.#translations.flush();
    this.#watchful.watch = tests;
    this.#watchful.forget();
  }

  setProfile(profile: ExecutionProfile | null): void {
    if (profile === null && this.#counters === null) return;
    this.#fallback.setProfile(profile);
    this.#translations.flush();
    this.#counters = profile && new Counters(this.#memory, this.#code, profile);
    this.#translations.counters = this.#counters;
    for (const stepper of [this.#stepper, this.#watchful]) {
      stepper.counters = this.#counters;
      stepper.forget();
    }
  }

  updateProfile(): void {
    this.#counters?.fold();
    this.#fallback.updateProfile();
  }

  run(budget: number): RunResult {
    this.#counters?.begin();
    this.#arriving = MOST_ARRIVING;
    let executed = 0;
    const { restless } = this.#translations;
    if (this.#memory.state.instructions === 0) restless.clear();
    while (executed < budget) {
      const left = budget - executed;
      const state = this.#memory.state;
      if (this.#watches.any && this.#watches.isUnderWay(state)) {
        const one = this.#looked() ?? this.#step(1);
        executed += one.executed;
        if (one.stop.kind !== 'budget' || one.executed === 0) return { stop: one.stop, executed };
        continue;
      }
      this.#heedMxcsr();
      const rest = restless.restAt(Number(state.rip), state.instructions);
      if (rest > 0) {
        // slow going: whoever runs this may want to do something else in between
        const some = this.#step(Math.min(left, rest));
        return this.#after(executed, some);
      }
      const unusual = (state.rflags & FLAG.TF) !== 0;
      const atBreakpoint = this.#breakpoints.size > 0 && this.#breakpoints.has(Number(state.rip));
      if (atBreakpoint && executed > 0) return { stop: { kind: 'breakpoint' }, executed };
      const stepped =
        unusual || atBreakpoint
          ? this.#step(atBreakpoint ? 1 : Math.min(left, 10_000))
          : this.#compiled(left);
      executed += stepped.executed;
      if (stepped.stop.kind !== 'budget') return { stop: stepped.stop, executed };
    }
    return { stop: BUDGET, executed };
  }

  dispose(): void {
    this.#stopObserving();
    this.#translations.flush();
    this.#fallback.dispose();
  }

  written(start: Addr, length: number): void {
    if (length <= 0 || this.#publishing) return;
    if ((this.#memory.protectionAt(start) & PROT.exec) !== 0) this.#searched = false;
    this.#forgetAt(start, length);
    this.#translations.invalidateChanged(start, length);
  }

  remapped(start: Addr, length: number): void {
    if (length <= 0) return;
    this.#writable = null;
    this.#searched = false;
    this.#forgetAt(start, length);
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
    this.#forget();
    this.#translations.flush();
  }

  /** What depends on bytes or mappings of the range; most system calls write to data alone. */
  #forgetAt(start: number, length: number): void {
    this.#missed.clear();
    if (this.#code.remembers(start, length)) this.#forget();
  }

  #forget(): void {
    this.#missed.clear();
    this.#code.forget();
    this.#stepper.forget();
    this.#watchful.forget();
  }

  // ---- running ----

  /** Runs compiled code until it needs something; `budget` as a stop means: nothing special. */
  #compiled(left: number): RunResult {
    const slice = Math.min(SLICE, FIRST_SLICE + Math.floor(this.#memory.state.instructions / 16));
    const given = Math.min(left, slice);
    const counter = new Int32Array(this.#memory.memory.buffer, SCRATCH.left, 1);
    counter[0] = given;
    this.#unpublished = true;
    this.#counters?.enter(given);
    const code = this.#drive();
    const remaining = new Int32Array(this.#memory.memory.buffer, SCRATCH.left, 1)[0] ?? 0;
    const executed = given - remaining;
    if (executed > 0) this.#arriving = 0;
    const state = this.#memory.state;
    state.instructions += executed;
    const operand = code >>> 8;
    this.#counters?.leave(LEAVES_EARLY.has(code & 0xff) ? operand : 0);
    switch (code & 0xff) {
      case EXIT.next: // of a repetition that goes on, where there are counters
        return { stop: BUDGET, executed };
      case EXIT.budget: {
        this.#arriving = MOST_ARRIVING;
        // from their start, not from the loop that is running: loops are then told from one another
        for (const root of this.#translations.noteSlice(executed)) this.#translate(root);
        // a slice that ends early is no reason to use the fallback, the end of the budget is
        if (given < left || remaining === 0) return { stop: BUDGET, executed };
        return this.#after(executed, this.#carefully(remaining));
      }
      case EXIT.single:
        return remaining === 0
          ? { stop: BUDGET, executed }
          : this.#after(executed, this.#carefully(1));
      case EXIT.step:
        if (remaining === 0) return { stop: BUDGET, executed };
        return this.#after(executed, this.#carefully(Math.min(operand, remaining)));
      case EXIT.window: {
        const view = new DataView(this.#memory.memory.buffer, SCRATCH.missed, 12);
        this.#translations.moveWindow(view.getInt32(8, true), view.getBigUint64(0, true));
        if (remaining === 0) return { stop: BUDGET, executed };
        return this.#after(executed, this.#carefully(Math.min(operand, remaining)));
      }
      case EXIT.watch:
        return this.#after(executed, this.#carefully(Math.min(operand, remaining)));
      case EXIT.syscall:
        return { stop: { kind: 'syscall' }, executed };
      case EXIT.misaligned:
        return this.#after(executed, this.#stepper.misaligned());
      case EXIT.divide:
        return this.#after(executed, this.#stepper.divideError());
      case EXIT.wild:
        return this.#after(executed, this.#stepper.wildBranch());
      case EXIT.missing:
        if (remaining === 0) return { stop: BUDGET, executed };
        return this.#after(executed, this.#missing(Number(state.rip), remaining));
      default:
        throw new Error(`compiled code at ${hex(state.rip)} returned ${code}`);
    }
  }

  #after(executed: number, then: RunResult): RunResult {
    return { stop: then.stop, executed: executed + then.executed };
  }

  /**
   * Tells the fallback, which may keep copies of pages, of all those that compiled code may have
   * written to.
   */
  #publish(): void {
    if (!this.#unpublished) return;
    this.#unpublished = false;
    this.#publishing = true;
    if (this.#storePages !== this.#memory.storePages) this.#writable = null;
    this.#writable ??= this.#findWritable();
    for (const { start, length } of this.#writable) this.#memory.noteWritten(start, length);
    this.#publishing = false;
  }

  /** The writable pages that instructions may store to, neighbours together. */
  #findWritable(): { start: Addr; length: number }[] {
    this.#storePages = this.#memory.storePages;
    const found: { start: Addr; length: number }[] = [];
    for (const { start, end, prot } of this.#memory.regions()) {
      if ((prot & PROT.write) === 0) continue;
      for (let at: number = start; at < end; at += PAGE_SIZE) {
        if (!this.#memory.mayHoldStores(at / PAGE_SIZE)) continue;
        const last = found.at(-1);
        if (last !== undefined && last.start + last.length === at) last.length += PAGE_SIZE;
        else found.push({ start: addr(at), length: PAGE_SIZE });
      }
    }
    return found;
  }

  /** Executes up to `count` instructions one by one; breakpoints end it. */
  #carefully(count: number): RunResult {
    let executed = 0;
    while (executed < count) {
      if (executed > 0 && this.#breakpoints.has(Number(this.#memory.state.rip))) break;
      const one = this.#few(count - executed);
      executed += one.executed;
      if (one.stop.kind !== 'budget' || one.executed === 0) return { stop: one.stop, executed };
    }
    return { stop: BUDGET, executed };
  }

  /** Executes at least one and up to `count` instructions, unless it is slow going. */
  #few(count: number): RunResult {
    const rip = Number(this.#memory.state.rip);
    if (this.#rests(rip)) return this.#step(1);
    if (!this.#watches.any) return this.#stepper.run(rip, count) ?? this.#step(1);
    const some = this.#watchful.run(rip, count);
    if (some && (some.executed > 0 || some.stop.kind !== 'budget')) return some;
    return (some && this.#looked()) ?? this.#step(1);
  }

  /**
   * Executes the one instruction at rip, which may hit a watch.
   * @returns null when it is for the fallback.
   */
  #looked(): RunResult | null {
    const near = this.#watches.begin(this.#memory);
    for (let pieces = 0; ; pieces++) {
      const one = this.#stepper.run(Number(this.#memory.state.rip), 1);
      if (!one) return null;
      const onItsWay = one.executed === 0 && one.stop.kind === 'budget';
      if (onItsWay && pieces < MOST_PIECES) continue;
      const hit = near ? this.#watches.finish(this.#memory, one.executed === 1) : null;
      return hit ? { stop: hit, executed: one.executed } : one;
    }
  }

  /**
   * Lets the fallback execute up to `count` instructions. What it does not know although this
   * engine does is executed here.
   */
  #step(count: number): RunResult {
    const float = this.#exactFloat();
    if (float) return float;
    this.#publish();
    const result = this.#inFallback(count);
    const { stop } = result;
    if (stop.kind !== 'fault' || stop.fault.signal !== 'SIGILL') return result;
    const one = this.#looked();
    return one ? this.#after(result.executed, one) : result;
  }

  /**
   * Executes the one instruction at rip if it is floating point to be done with care.
   * @returns null, with nothing changed, when it is not, or faults.
   */
  #exactFloat(): RunResult | null {
    if (!this.#code.careful) return null;
    const { state, bytes } = this.#memory;
    const insn = this.#code.insnAt(Number(state.rip));
    if (!insn?.careful) return null;
    const near = this.#watches.any && this.#watches.begin(this.#memory);
    if (!executeFloatInSoftware(this.#memory, bytes.slice(insn.ip, insn.next))) return null;
    state.instructions++;
    this.#counters?.executed(insn.ip, 1);
    const hit = near ? this.#watches.finish(this.#memory, true) : null;
    return { stop: hit ?? BUDGET, executed: 1 };
  }

  #inFallback(count: number): RunResult {
    const before = this.#memory.state.mxcsr;
    const result = this.#fallback.run(count);
    this.#steps += result.executed;
    // where compiled code does not raise the sticky flags, it must not show either where the
    // fallback happened to run (docs/JIT.md)
    const { state } = this.#memory;
    const raised = (before & ~state.mxcsr) === 0 && ((before ^ state.mxcsr) & ~MXCSR_STICKY) === 0;
    if (raised && !this.#code.careful) state.mxcsr = before;
    const stored = this.#storedCode;
    if (stored) {
      this.#storedCode = null;
      this.written(stored.start as Addr, stored.length);
    }
    if (this.#code.writable) this.#forget();
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
      if (this.#arriving-- > 0) return this.#carefully(Math.min(inside, left));
      const missed = (this.#missed.get(rip) ?? 0) + 1;
      this.#missed.set(rip, missed);
      if (missed < OFTEN) return this.#carefully(Math.min(inside, left));
    }
    return this.#translate(rip) ? { stop: BUDGET, executed: 0 } : this.#step(1);
  }

  #rests(rip: number): boolean {
    return this.#translations.restless.restAt(rip, this.#memory.state.instructions) > 0;
  }

  /** @returns false when the code at `rip` is for the fallback. */
  #translate(rip: number): boolean {
    if (!Number.isSafeInteger(rip) || this.#breakpoints.has(rip)) return false;
    if (this.#rests(rip)) return false;
    if (this.#translations.revive(rip)) return true;
    const inlining = this.#translations.isHot(rip) ? this.#translations : null;
    const region = buildRegion(this.#code, rip, this.#code.shapeOf, inlining);
    if (!region) return false;
    this.#translations.add(region);
    return true;
  }

  // ---- access checks ----

  /**
   * Called by compiled code for an access that lies in no known interval.
   * @returns 0: not allowed; 1: allowed this once; 2: an interval has been entered, look again.
   */
  #interval(address: number, length: number, need: number): number {
    const memory = this.#memory;
    if (!accessible(memory, address, Math.max(length, 1), need)) return 0;
    const writes = (need & PROT.write) !== 0;
    const allowed = (page: number): boolean => {
      const prot = memory.protectionAt(page * PAGE_SIZE);
      return grants(prot, need) && !(writes && (prot & PROT.exec) !== 0);
    };
    let first = Math.floor(address / PAGE_SIZE);
    let last = Math.floor((address + Math.max(length, 1) - 1) / PAGE_SIZE);
    for (let page = first; page <= last; page++) {
      if (allowed(page)) continue;
      // writable code: byte for byte, so that data beside code stays usable
      this.#forget();
      memory.expectStores(address, length);
      if (!this.#translations.covers(address, length)) return 1;
      this.#storedCode = { start: address, length };
      return 0;
    }
    const apart = (page: number): boolean => writes && memory.isDivided(page);
    while (!apart(first) && allowed(first - 1)) first--;
    while (!apart(last + 1) && allowed(last + 1)) last++;
    if (writes) memory.expectStores(first * PAGE_SIZE, (last + 1 - first) * PAGE_SIZE);
    const view = new DataView(memory.memory.buffer, SCRATCH.intervals, INTERVALS * INTERVAL_BYTES);
    const at = this.#nextInterval * INTERVAL_BYTES;
    this.#nextInterval = (this.#nextInterval + 1) % INTERVALS;
    view.setBigUint64(at, BigInt(first * PAGE_SIZE), true);
    view.setBigUint64(at + 8, BigInt((last + 1 - first) * PAGE_SIZE), true);
    view.setUint32(at + 16, need, true);
    return 2;
  }
}
