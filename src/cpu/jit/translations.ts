// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The compiled regions: where they are entered, which bytes they come from, and their end.
 *
 * Bounded: when a table is full everything is dropped and translated anew as it runs.
 */
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { Counters } from './counters.ts';
import { compileRegion, type Compiled, type CompileOptions } from './compile.ts';
import { EntryTable } from './entry-table.ts';
import {
  changedIn,
  codePages,
  expectStores,
  groundsOf,
  hold,
  madeFrom,
  pages,
  pagesOf,
  storesFreely,
  type Grounds,
} from './grounds.ts';
import type { Execute, Linker } from './link.ts';
import { accessible } from './protection.ts';
import { RestlessCode } from './restless.ts';
import { LIMITS } from './shape.ts';
import { Ranges, type Range } from './ranges.ts';
import type { Region } from './region.ts';
import { Retired } from './retired.ts';
import type { Site, Window } from './vars.ts';
import type { WatchTests } from './watch.ts';
import { MAX_WINDOWS, SCRATCH } from './scratch.ts';

/** Regions that are kept at a time: the size of the driver's table. */
export const MAX_REGIONS = 4096;
/** So many misses make a region's code move windows by itself. */
const RESTLESS = 200;
/** So many accesses outside the expected ranges make a region be translated again. */
const ASTRAY = 4;
/** Instructions after which a region is worth its best translation. */
export const HOT = 4_000_000;
const RSP = 4;
/** Windows that one region may need. */
const MOST_AT_ONCE = 4096;
const MAX_BYTES = 32 * 2 ** 20;

interface Translation {
  readonly root: number;
  readonly execute: Execute;
  readonly entries: readonly number[];
  readonly grounds: Grounds;
  /** As what it was made. */
  readonly hot: boolean;
  readonly restless: boolean;
  /** Where its indirect calls and jumps note their targets. */
  readonly targets: ReadonlyMap<number, number>;
  /** Functions outside that it calls. */
  readonly calls: ReadonlySet<number>;
  readonly wasmBytes: number;
  /** Addresses of its instructions, block by block. */
  readonly blocks: readonly (readonly number[])[];
  readonly insns: number;
  /** How often an access lay outside its window. */
  misses: number;
  slot: number;
}

type Refill = (address: bigint, bytes: number, home: number, info: number) => number;

/** What compiling has cost so far. */
export interface CompileStats {
  regions: number;
  instructions: number;
  wasmBytes: number;
  milliseconds: number;
  flushes: number;
  /** Regions taken up again without being translated. */
  revived: number;
}

export class Translations {
  readonly stats: CompileStats = {
    regions: 0,
    instructions: 0,
    wasmBytes: 0,
    milliseconds: 0,
    flushes: 0,
    revived: 0,
  };
  /** Which code is not worth translating for now: its translations die young. */
  readonly restless = new RestlessCode();
  /** What new translations look out for; whoever changes it flushes. */
  watch: WatchTests | null = null;
  /** What counts in new translations; the same. */
  counters: Counters | null = null;
  readonly #memory: GuestMemory;
  readonly #table: EntryTable;
  readonly #linker: Linker;
  readonly #refill: Refill;
  readonly #ranges: Ranges;
  readonly #all = new Set<Translation>();
  readonly #retired = new Retired<Translation>();
  readonly #bySlot = new Map<number, Translation>();
  readonly #byPage = new Map<number, Set<Translation>>();
  readonly #byWindow = new Map<number, { window: Window; translation: Translation }>();
  /** Roots of regions whose accesses often leave their windows. */
  readonly #restless = new Set<number>();
  /** Roots of regions that run a lot, and how many instructions others have been seen to run. */
  readonly #hot = new Set<number>();
  readonly #hotAfter: number;
  readonly #heat = new Map<number, number>();
  /** Where indirect calls and jumps last went, by their addresses. */
  readonly #targets = new Map<number, number>();
  /** Homes of the windows through which accesses were checked, by their sites. */
  readonly #homes = new Map<string, number>();
  /** For each translated instruction, how many follow in its block, itself included. */
  readonly #remaining = new Map<number, number>();
  #windows = 0;
  #bytes = 0;

  /**
   * @param table where the driver finds the regions' functions.
   * @param runtime the runtime module's exports.
   * @param hotAfter instructions after which a region is worth its best translation.
   */
  constructor(
    memory: GuestMemory,
    table: WebAssembly.Table,
    linker: Linker,
    runtime: WebAssembly.Exports,
    hotAfter: number,
  ) {
    this.#memory = memory;
    this.#hotAfter = hotAfter;
    this.#ranges = new Ranges(memory);
    this.#table = new EntryTable(memory, table);
    this.#linker = linker;
    this.#refill = runtime['refill'] as Refill;
  }

  get size(): number {
    return this.#all.size;
  }

  /** How many more are kept in case their code comes back. */
  get kept(): number {
    return this.#retired.size;
  }

  /** Compiles a region and enters it into the driver's table. */
  add(region: Region): void {
    const began = performance.now();
    this.#makeRoom();
    const root = region.root.ip;
    const manner = { hot: this.#hot.has(root), restless: this.#restless.has(root) };
    const assumed = new Map<number, number>();
    const targets = new Map<number, number>();
    const compiled = compileRegion(region, this.#options(manner, assumed, targets));
    const translation: Translation = {
      root,
      execute: this.#linker.link(compiled.bytes),
      entries: compiled.entries,
      grounds: groundsOf(this.#memory, region, assumed, compiled.windows),
      ...manner,
      targets,
      calls: callsOf(region),
      wasmBytes: compiled.bytes.length,
      blocks: region.blocks.map(({ insns }) => insns.map(({ ip }) => ip)),
      insns: region.insnCount,
      misses: 0,
      slot: -1,
    };
    this.#noteWindows(compiled, translation);
    this.#install(translation);
    this.stats.regions++;
    this.stats.instructions += region.insnCount;
    this.stats.wasmBytes += compiled.bytes.length;
    this.stats.milliseconds += performance.now() - began;
  }

  /**
   * Takes the region rooted there up again as it was translated before its pages went away, if all
   * that it relies on has come back.
   */
  revive(root: number): boolean {
    this.#makeRoom();
    const hot = this.#hot.has(root);
    const restless = this.#restless.has(root);
    const found = this.#retired.take(
      root,
      (t) => t.hot === hot && t.restless === restless && hold(t.grounds, this.#memory),
    );
    if (!found) return false;
    expectStores(found.grounds, this.#memory);
    this.stats.revived++;
    this.#install(found);
    return true;
  }

  #makeRoom(): void {
    const windows = this.#windows > MAX_WINDOWS - MOST_AT_ONCE;
    const counters = this.counters?.full === true;
    if (this.#table.full || windows || counters || this.#bytes > MAX_BYTES) this.flush();
  }

  #options(
    { hot, restless }: Pick<Translation, 'hot' | 'restless'>,
    assumed: Map<number, number>,
    targets: Map<number, number>,
  ): CompileOptions {
    const allocateWindow = (): number => SCRATCH.windows + 16 * this.#windows++;
    const targetHome = (ip: number): number => {
      const home = allocateWindow();
      targets.set(ip, home);
      return home;
    };
    return {
      refillInPlace: !hot || restless,
      expectRange: hot ? (site) => this.#expectRange(site) : undefined,
      rounds: hot,
      watch: this.watch,
      counters: this.counters,
      traces: this.counters !== null,
      allocateWindow,
      fixedAccess: (address, size, write) => this.#fixedAccess(assumed, address, size, write),
      ...(hot ? {} : { targetHome }),
    };
  }

  #noteWindows({ homes, windows }: Compiled, translation: Translation): void {
    for (const [site, home] of homes) this.#homes.set(site, home);
    for (const window of windows) this.#byWindow.set(window.address, { window, translation });
  }

  #install(t: Translation): void {
    t.slot = this.#table.hold(t.execute);
    this.#all.add(t);
    this.#bySlot.set(t.slot, t);
    for (const page of pagesOf(t.grounds)) {
      let set = this.#byPage.get(page);
      if (!set) this.#byPage.set(page, (set = new Set()));
      set.add(t);
    }
    this.#bytes += t.wasmBytes;
    for (const block of t.blocks) {
      block.forEach((ip, i) => this.#remaining.set(ip, block.length - i));
    }
    this.#table.enter(t);
  }

  /** Whether the region rooted there has been found to run a lot. */
  isHot(root: number): boolean {
    return this.#hot.has(root);
  }

  /**
   * Notes that a slice of `executed` instructions ended in the region entered last. One that runs a
   * lot is dropped, and so are those that call it and may take it in.
   * @returns the roots of the regions dropped, to be translated as well as can be.
   */
  noteSlice(executed: number): number[] {
    const translation = this.#bySlot.get(this.#table.latest);
    if (!translation || !this.#all.has(translation) || this.#hot.has(translation.root)) return [];
    const { root } = translation;
    const heat = (this.#heat.get(root) ?? 0) + executed;
    this.#heat.set(root, heat);
    if (heat < this.#hotAfter) return [];
    const small = translation.insns <= LIMITS.inline;
    const callers = [...this.#all].filter(
      (t) => small && !this.#hot.has(t.root) && this.#calls(t, root),
    );
    const hot = [...new Set([translation, ...callers])];
    for (const t of hot) this.#remember(t);
    this.#drop(new Set(hot));
    return hot.map((t) => t.root);
  }

  /** Where an indirect call or jump last went; null when it has not been executed. */
  expected(ip: number): number | null {
    return this.#targets.get(ip) ?? null;
  }

  #calls(t: Translation, target: number): boolean {
    if (t.calls.has(target)) return true;
    const view = new DataView(this.#memory.memory.buffer);
    return [...t.targets.values()].some((home) => Number(view.getBigUint64(home, true)) === target);
  }

  /** Keeps what a region that is to be translated anew has shown of itself. */
  #remember({ root, targets }: Translation): void {
    const view = new DataView(this.#memory.memory.buffer);
    this.#hot.add(root);
    for (const [ip, home] of targets) {
      const target = Number(view.getBigUint64(home, true));
      if (target > 0 && target < this.#memory.size) this.#targets.set(ip, target);
    }
  }

  /** Moves the window whose home is given to where an access lay outside it. */
  moveWindow(home: number, address: bigint): void {
    const found = this.#byWindow.get(home);
    if (!found) return;
    const { window, translation } = found;
    if (window.fixed) {
      if (address >= BigInt(this.#memory.size)) return;
      const { key, need, fixed } = window;
      if (!this.#ranges.missed(key, Number(address), need, fixed)) return;
      if (++translation.misses >= ASTRAY && this.#all.has(translation)) {
        this.#drop(new Set([translation]));
      }
      return;
    }
    this.#refill(address, window.span, home, window.need | (window.span << 8));
    if (++translation.misses < RESTLESS || !this.#all.has(translation)) return;
    this.#restless.add(translation.root);
    this.#drop(new Set([translation]));
  }

  /**
   * Instructions from `rip` to the end of a block that is translated, but cannot be entered there;
   * 0 when none is known.
   */
  remainingAt(rip: number): number {
    return this.#remaining.get(rip) ?? 0;
  }

  /** Drops everything. */
  flush(): void {
    this.stats.flushes++;
    this.counters?.reset();
    for (const t of this.#all) this.#table.release(t.slot);
    this.#all.clear();
    this.#retired.clear();
    this.#byPage.clear();
    this.#remaining.clear();
    this.#byWindow.clear();
    this.#homes.clear();
    this.#bySlot.clear();
    this.#windows = 0;
    this.#bytes = 0;
    this.#table.enterOnly([]);
    this.forgetWindows();
  }

  #expectRange({ key, through, need }: Site): Range | null {
    const home = this.#homes.get(key);
    const view = new DataView(this.#memory.memory.buffer);
    const seen = home !== undefined && view.getBigUint64(home + 8, true) > 0n;
    const at = seen
      ? view.getBigUint64(home, true)
      : through === RSP
        ? this.#memory.state.gpr(RSP)
        : -1n;
    return this.#ranges.expect(key, Number(at), need);
  }

  /** Makes every window empty: what it allowed may no longer be. */
  forgetWindows(): void {
    this.#ranges.forget();
    this.#memory.bytes.fill(0, SCRATCH.windows, SCRATCH.windows + 16 * MAX_WINDOWS);
    this.#memory.bytes.fill(0, SCRATCH.intervals, SCRATCH.windows);
  }

  /** Drops translations whose bytes in the range are no longer what they were. */
  invalidateChanged(start: number, length: number): void {
    this.#dropWhere(start, length, (t) => changedIn(t.grounds, this.#memory, start, length));
  }

  /** Drops translations made from, or relying on, pages of the range. */
  invalidatePages(start: number, length: number): void {
    const relies = (r: Range): boolean => r.start < start + length && start < r.end;
    const doomed = [...this.#all].filter((t) => [...t.grounds.ranges.keys()].some(relies));
    if (doomed.length > 0) this.#retire(new Set(doomed));
    this.#dropWhere(start, length, () => true);
  }

  /** Whether any byte of the range has been translated. */
  covers(start: number, length: number): boolean {
    return pages(start, length).some((page) =>
      [...(this.#byPage.get(page) ?? [])].some((t) => madeFrom(t.grounds, start, length)),
    );
  }

  /**
   * Drops translations on pages that the guest can write and whose bytes have changed: the
   * fallback's stores go unannounced.
   */
  dropRewritten(): void {
    for (const page of [...this.#byPage.keys()]) {
      const prot = this.#memory.protectionAt(page * PAGE_SIZE);
      if ((prot & PROT.write) === 0 || (prot & PROT.exec) === 0) continue;
      this.invalidateChanged(page * PAGE_SIZE, PAGE_SIZE);
    }
  }

  #dropWhere(start: number, length: number, condition: (t: Translation) => boolean): void {
    const doomed = new Set<Translation>();
    const last = Math.floor((start + length - 1) / PAGE_SIZE);
    for (let page = Math.floor(start / PAGE_SIZE); page <= last; page++) {
      for (const t of this.#byPage.get(page) ?? [])
        if (!doomed.has(t) && condition(t)) doomed.add(t);
    }
    if (doomed.size === 0) return;
    this.#remaining.clear();
    this.#retire(doomed);
    const rewritten = new Set([...doomed].flatMap(({ grounds }) => [...codePages(grounds)]));
    this.restless.rewritten(rewritten, this.#memory.state.instructions);
  }

  /** Drops translations whose pages have changed, and keeps them in case that is undone. */
  #retire(doomed: ReadonlySet<Translation>): void {
    this.#drop(doomed);
    if (this.counters === null) for (const t of doomed) this.#retired.add(t);
  }

  #drop(doomed: ReadonlySet<Translation>): void {
    for (const t of doomed) {
      this.#all.delete(t);
      for (const page of pagesOf(t.grounds)) this.#byPage.get(page)?.delete(t);
      this.#table.release(t.slot);
      this.#bytes -= t.wasmBytes;
    }
    this.#table.enterOnly(this.#all);
  }

  #fixedAccess(
    assumed: Map<number, number>,
    address: number,
    size: number,
    write: boolean,
  ): boolean {
    const need = write ? PROT.write : PROT.read;
    if (address < 0 || address + size > this.#memory.size) return false;
    if (!accessible(this.#memory, address, size, need)) return false;
    const touched = pages(address, size);
    if (write && !touched.every((page) => storesFreely(this.#memory, page))) return false;
    for (const page of touched) assumed.set(page, (assumed.get(page) ?? 0) | need);
    if (write) this.#memory.expectStores(address, size);
    return true;
  }
}

function callsOf(region: Region): Set<number> {
  return new Set(
    region.blocks.flatMap(({ term }) =>
      term.k === 'call' && typeof term.to === 'number' ? [term.to] : [],
    ),
  );
}
