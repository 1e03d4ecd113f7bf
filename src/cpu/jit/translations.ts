// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The compiled regions: where they are entered, which bytes they come from, and their end.
 *
 * Bounded: when a table is full everything is dropped and translated anew as it runs.
 */
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { Counters } from './counters.ts';
import { compileRegion, type CompileOptions } from './compile.ts';
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
} from './grounds.ts';
import { Heat } from './heat.ts';
import type { Linker } from './link.ts';
import { accessible } from './protection.ts';
import type { Range } from './ranges.ts';
import type { Region } from './region.ts';
import { Remaining } from './remaining.ts';
import { RestlessCode } from './restless.ts';
import { Retired } from './retired.ts';
import { callsOf, noStats, type Manner, type Translation } from './translation.ts';
import type { WatchTests } from './watch.ts';
import { Windows } from './windows.ts';

/** Regions that are kept at a time: the size of the driver's table. */
export const MAX_REGIONS = 4096;
/** So many misses make a region's code move windows by itself. */
const RESTLESS = 200;
/** So many accesses outside the expected ranges make a region be translated again. */
const ASTRAY = 4;
/** Instructions after which a region is worth its best translation. */
export const HOT = 4_000_000;
const MAX_BYTES = 32 * 2 ** 20;

export class Translations {
  readonly stats = noStats();
  /** Which code is not worth translating for now: its translations die young. */
  readonly restless = new RestlessCode();
  /** Which regions are worth more than the cheapest translation. */
  readonly heat: Heat;
  /** What new translations look out for; whoever changes it flushes. */
  watch: WatchTests | null = null;
  /** What counts in new translations; the same. */
  counters: Counters | null = null;
  readonly #memory: GuestMemory;
  readonly #table: EntryTable;
  readonly #linker: Linker;
  readonly #windows: Windows;
  readonly #all = new Set<Translation>();
  readonly #retired = new Retired<Translation>();
  readonly #bySlot = new Map<number, Translation>();
  readonly #byPage = new Map<number, Set<Translation>>();
  /** Roots of hot regions, by the addresses at which their rest can be entered. */
  readonly #seldom = new Map<number, number>();
  /** Roots of regions whose accesses often leave their windows. */
  readonly #restless = new Set<number>();
  readonly #remaining = new Remaining();
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
    this.heat = new Heat(memory, hotAfter);
    this.#windows = new Windows(memory, runtime);
    this.#table = new EntryTable(memory, table);
    this.#linker = linker;
  }

  get size(): number {
    return this.#all.size;
  }

  /** How many more are kept in case their code comes back. */
  get kept(): number {
    return this.#retired.size;
  }

  /**
   * The root of the region whose rest is to be translated so that execution can go on at `rip`, or
   * null.
   */
  restAt(rip: number): number | null {
    const root = this.#seldom.get(rip);
    if (root === undefined) return null;
    // one that is there and is not entered at rip would not be if it were made again
    const there = [...this.#all].some((t) => t.root === root && t.part === 'rest');
    return there ? null : root;
  }

  /**
   * Compiles a region and enters it into the driver's table.
   * @param rest only what is entered seldom: see `restAt`.
   * @param began when the search for what belongs to the region began, for the statistics.
   */
  add(region: Region, rest: boolean, began: number): void {
    this.#makeRoom();
    const root = region.root.ip;
    const hot = this.heat.isHot(root);
    const part = rest ? 'rest' : hot ? 'main' : 'whole';
    const manner = { hot, part, restless: this.#restless.has(root) } as const;
    const assumed = new Map<number, number>();
    const targets = new Map<number, number>();
    const compiled = compileRegion(region, this.#options(manner, assumed, targets));
    const translation: Translation = {
      root,
      execute: this.#linker.link(compiled.bytes),
      entries: compiled.entries,
      seldom: rest ? [] : compiled.seldom,
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
    this.#windows.note(compiled, translation);
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
    const hot = this.heat.isHot(root);
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
    const counters = this.counters?.full === true;
    if (this.#table.full || this.#windows.full || counters || this.#bytes > MAX_BYTES) this.flush();
  }

  #options(
    { hot, restless, part }: Manner,
    assumed: Map<number, number>,
    targets: Map<number, number>,
  ): CompileOptions {
    const allocateWindow = (): number => this.#windows.allocate();
    const targetHome = (ip: number): number => {
      const home = allocateWindow();
      targets.set(ip, home);
      return home;
    };
    return {
      refillInPlace: !hot || restless,
      expectRange: hot ? (site) => this.#windows.expect(site) : undefined,
      rounds: hot,
      prefetchBelow: this.#memory.size,
      part,
      watch: this.watch,
      counters: this.counters,
      traces: this.counters !== null,
      allocateWindow,
      fixedAccess: (address, size, write) => this.#fixedAccess(assumed, address, size, write),
      ...(hot ? {} : { targetHome }),
    };
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
    this.#remaining.add(t);
    this.#table.enter(t);
    for (const ip of t.seldom) this.#seldom.set(ip, t.root);
  }

  /**
   * Notes that a slice of `executed` instructions ended in the region entered last. One that runs a
   * lot is dropped, and so are those that call it and may take it in.
   * @returns the roots of the regions dropped, to be translated as well as can be.
   */
  noteSlice(executed: number): number[] {
    const translation = this.#bySlot.get(this.#table.latest);
    if (!translation || !this.#all.has(translation)) return [];
    const hot = this.heat.note(translation, executed, this.#all);
    if (hot.length > 0) this.#drop(new Set(hot));
    return hot.map((t) => t.root);
  }

  /** Moves the window whose home is given to where an access lay outside it. */
  moveWindow(home: number, address: bigint): void {
    const missed = this.#windows.move(home, address);
    if (!missed) return;
    const { translation, fixed } = missed;
    if (++translation.misses < (fixed ? ASTRAY : RESTLESS) || !this.#all.has(translation)) return;
    if (!fixed) this.#restless.add(translation.root);
    this.#drop(new Set([translation]));
  }

  /** Whether translated code can be entered there. */
  has(rip: number): boolean {
    return this.#table.has(rip);
  }

  /**
   * Instructions from `rip` to the end of a block that is translated, but cannot be entered there;
   * 0 when none is known.
   */
  remainingAt(rip: number): number {
    return this.#remaining.at(rip);
  }

  /** Drops everything. */
  flush(): void {
    this.stats.flushes++;
    this.counters?.reset();
    for (const t of this.#all) this.#table.release(t.slot);
    this.#all.clear();
    this.#retired.clear();
    this.#byPage.clear();
    this.#seldom.clear();
    this.#remaining.clear();
    this.#bySlot.clear();
    this.#bytes = 0;
    this.#table.enterOnly([]);
    this.#windows.release();
  }

  /** Makes every window empty: what it allowed may no longer be. */
  forgetWindows(): void {
    this.#windows.clear();
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
    if (this.counters !== null) return;
    for (const t of doomed) if (t.part !== 'rest') this.#retired.add(t);
  }

  #drop(doomed: ReadonlySet<Translation>): void {
    for (const t of doomed) {
      this.#all.delete(t);
      for (const ip of t.seldom) this.#seldom.delete(ip);
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
