// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The compiled regions: where they are entered, which bytes they come from, and their end.
 *
 * Bounded: when a table is full everything is dropped and translated anew as it runs.
 */
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import { CALLEES } from './callees.ts';
import type { Counters } from './counters.ts';
import { compileRegion, type CompileOptions } from './compile.ts';
import { accessible } from './protection.ts';
import { RestlessCode } from './restless.ts';
import { LIMITS } from './shape.ts';
import { Ranges, type Range } from './ranges.ts';
import type { Region } from './region.ts';
import type { Site, Window } from './vars.ts';
import type { WatchTests } from './watch.ts';
import { HASH_SIZE, MAX_WINDOWS, SCRATCH } from './scratch.ts';

/** Size of the function table. */
export const MAX_SLOTS = 4096;
const MAX_ENTRIES = HASH_SIZE / 2;
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

/** A run of guest bytes that a translation was made from, and what they were. */
interface Source {
  readonly start: number;
  readonly bytes: Uint8Array;
}

export interface Translation {
  readonly root: number;
  readonly slot: number;
  readonly entries: readonly number[];
  readonly sources: readonly Source[];
  /** Pages of fixed addresses whose protection was taken for granted. */
  readonly assumed: ReadonlySet<number>;
  /** Ranges of RAM that are taken to be accessible. */
  readonly ranges: readonly Range[];
  /** Where its indirect calls and jumps note their targets. */
  readonly targets: ReadonlyMap<number, number>;
  /** Functions outside that it calls. */
  readonly calls: ReadonlySet<number>;
  readonly wasmBytes: number;
  /** How often an access lay outside its window. */
  misses: number;
  readonly insns: number;
}

type Refill = (address: bigint, bytes: number, home: number, info: number) => number;

/** What compiling has cost so far. */
export interface CompileStats {
  regions: number;
  instructions: number;
  wasmBytes: number;
  milliseconds: number;
  flushes: number;
}

export class Translations {
  readonly stats: CompileStats = {
    regions: 0,
    instructions: 0,
    wasmBytes: 0,
    milliseconds: 0,
    flushes: 0,
  };
  /** Which code is not worth translating for now: its translations die young. */
  readonly restless = new RestlessCode();
  /** What new translations look out for; whoever changes it flushes. */
  watch: WatchTests | null = null;
  /** What counts in new translations; the same. */
  counters: Counters | null = null;
  readonly #memory: GuestMemory;
  readonly #table: WebAssembly.Table;
  readonly #refill: Refill;
  readonly #ranges: Ranges;
  readonly #imports: Record<string, WebAssembly.ImportValue>;
  readonly #all = new Set<Translation>();
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
  readonly #free: number[] = [];
  /** For each translated instruction, how many follow in its block, itself included. */
  readonly #remaining = new Map<number, number>();
  #slots = 0;
  #windows = 0;
  #entries = 0;
  #bytes = 0;

  /**
   * @param table where the driver finds the regions' functions.
   * @param runtime the runtime module's exports.
   * @param hotAfter instructions after which a region is worth its best translation.
   */
  constructor(
    memory: GuestMemory,
    table: WebAssembly.Table,
    runtime: WebAssembly.Exports,
    hotAfter: number,
  ) {
    this.#memory = memory;
    this.#hotAfter = hotAfter;
    this.#ranges = new Ranges(memory);
    this.#table = table;
    this.#refill = runtime['refill'] as Refill;
    this.#imports = { memory: memory.memory };
    for (const { name } of CALLEES) {
      this.#imports[name] = functionGlobal(runtime[name]);
    }
  }

  get size(): number {
    return this.#all.size;
  }

  /** Compiles a region and enters it into the driver's table. */
  add(region: Region): void {
    const began = performance.now();
    if (
      this.#slots - this.#free.length >= MAX_SLOTS - 1 ||
      this.#windows > MAX_WINDOWS - MOST_AT_ONCE
    )
      this.flush();
    if (this.#entries > MAX_ENTRIES || this.#bytes > MAX_BYTES) this.flush();
    if (this.counters?.full === true) this.flush();
    const assumed = new Set<number>();
    const hot = this.#hot.has(region.root.ip);
    const options: CompileOptions = {
      refillInPlace: !hot || this.#restless.has(region.root.ip),
      expectRange: hot ? (site) => this.#expectRange(site) : undefined,
      rounds: hot,
      watch: this.watch,
      counters: this.counters,
      traces: this.counters !== null,
      allocateWindow: () => SCRATCH.windows + 16 * this.#windows++,
      fixedAccess: (address, size, write) => this.#fixedAccess(assumed, address, size, write),
    };
    const targets = new Map<number, number>();
    if (!hot) {
      options.targetHome = (ip) => {
        const home = options.allocateWindow();
        targets.set(ip, home);
        return home;
      };
    }
    const compiled = compileRegion(region, options);
    const slot = this.#free.pop() ?? this.#slots++;
    this.#table.set(slot, this.instantiate(compiled.bytes));
    const translation: Translation = {
      root: region.root.ip,
      slot,
      entries: compiled.entries,
      sources: this.#sources(region),
      assumed,
      ranges: [...new Set(compiled.windows.flatMap((w) => w.fixed ?? []))],
      targets,
      calls: callsOf(region),
      wasmBytes: compiled.bytes.length,
      misses: 0,
      insns: region.insnCount,
    };
    this.#all.add(translation);
    this.#bySlot.set(slot, translation);
    for (const [site, home] of compiled.homes) this.#homes.set(site, home);
    for (const window of compiled.windows) {
      this.#byWindow.set(window.address, { window, translation });
    }
    for (const page of pagesOf(translation)) {
      let set = this.#byPage.get(page);
      if (!set) this.#byPage.set(page, (set = new Set()));
      set.add(translation);
    }
    this.#bytes += compiled.bytes.length;
    for (const { insns } of region.blocks) {
      insns.forEach((insn, i) => this.#remaining.set(insn.ip, insns.length - i));
    }
    compiled.entries.forEach((rip, i) => this.#enter(rip, slot, i, i === 0));
    this.stats.regions++;
    this.stats.instructions += region.insnCount;
    this.stats.wasmBytes += compiled.bytes.length;
    this.stats.milliseconds += performance.now() - began;
  }

  /** Makes a function of a module that stays outside the driver's table. */
  instantiate(bytes: Uint8Array<ArrayBuffer>): (entry: number) => number {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: this.#imports });
    return instance.exports['f'] as (entry: number) => number;
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
    const slot = new DataView(this.#memory.memory.buffer).getInt32(SCRATCH.slot, true);
    const translation = this.#bySlot.get(slot);
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
    for (const t of this.#all) this.#table.set(t.slot, null);
    this.#all.clear();
    this.#byPage.clear();
    this.#remaining.clear();
    this.#byWindow.clear();
    this.#homes.clear();
    this.#bySlot.clear();
    this.#free.length = 0;
    this.#slots = 0;
    this.#windows = 0;
    this.#bytes = 0;
    this.#clearHash();
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
    this.#dropWhere(start, length, (t) =>
      t.sources.some(
        (s) => s.start < start + length && start < s.start + s.bytes.length && this.#changed(s),
      ),
    );
  }

  /** Drops translations made from, or relying on, pages of the range. */
  invalidatePages(start: number, length: number): void {
    const relies = (r: Range): boolean => r.start < start + length && start < r.end;
    const doomed = [...this.#all].filter((t) => t.ranges.some(relies));
    if (doomed.length > 0) this.#drop(new Set(doomed));
    this.#dropWhere(start, length, () => true);
  }

  /** Whether any byte of the range has been translated. */
  covers(start: number, length: number): boolean {
    for (let page = Math.floor(start / PAGE_SIZE); page * PAGE_SIZE < start + length; page++) {
      for (const t of this.#byPage.get(page) ?? []) {
        if (t.sources.some((s) => s.start < start + length && start < s.start + s.bytes.length))
          return true;
      }
    }
    return false;
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
    this.#drop(doomed);
    const pages = new Set([...doomed].flatMap(({ sources }) => [...codePages(sources)]));
    this.restless.rewritten(pages, this.#memory.state.instructions);
  }

  #drop(doomed: ReadonlySet<Translation>): void {
    for (const t of doomed) {
      this.#all.delete(t);
      for (const page of pagesOf(t)) this.#byPage.get(page)?.delete(t);
      this.#table.set(t.slot, null);
      this.#free.push(t.slot);
      this.#bytes -= t.wasmBytes;
    }
    // open addressing has no deletion: enter the remaining ones anew
    this.#clearHash();
    for (const t of this.#all) t.entries.forEach((rip, i) => this.#enter(rip, t.slot, i, i === 0));
  }

  #clearHash(): void {
    this.#entries = 0;
    this.#memory.bytes.fill(0, SCRATCH.hash, SCRATCH.hash + HASH_SIZE * 16);
  }

  /** @param root a region's root takes an address over from a mere entry of another region. */
  #enter(rip: number, slot: number, entry: number, root: boolean): void {
    const view = new DataView(this.#memory.memory.buffer, SCRATCH.hash, HASH_SIZE * 16);
    for (let at = rip & (HASH_SIZE - 1); ; at = (at + 1) & (HASH_SIZE - 1)) {
      const key = view.getBigUint64(at * 16, true);
      if (key === BigInt(rip) && !root) return;
      if (key !== 0n && key !== BigInt(rip)) continue;
      if (key === 0n) this.#entries++;
      view.setBigUint64(at * 16, BigInt(rip), true);
      view.setUint32(at * 16 + 8, slot, true);
      view.setUint32(at * 16 + 12, entry, true);
      return;
    }
  }

  #fixedAccess(assumed: Set<number>, address: number, size: number, write: boolean): boolean {
    const need = write ? PROT.write : PROT.read;
    if (address < 0 || address + size > this.#memory.size) return false;
    if (!accessible(this.#memory, address, size, need)) return false;
    const pages = [Math.floor(address / PAGE_SIZE), Math.floor((address + size - 1) / PAGE_SIZE)];
    // a store into code must be noticed
    if (write && pages.some((p) => this.#memory.protectionAt(p * PAGE_SIZE) & PROT.exec))
      return false;
    for (const page of pages) assumed.add(page);
    if (write) this.#memory.expectStores(address, size);
    return true;
  }

  #sources(region: Region): Source[] {
    const spans = region.blocks
      .flatMap((b) => {
        const last = b.insns.at(-1);
        return last ? [{ start: b.ip, end: last.next }] : [];
      })
      .sort((a, b) => a.start - b.start);
    const merged: { start: number; end: number }[] = [];
    for (const span of spans) {
      const last = merged.at(-1);
      if (last && span.start <= last.end) last.end = Math.max(last.end, span.end);
      else merged.push({ ...span });
    }
    return merged.map(({ start, end }) => ({ start, bytes: this.#memory.bytes.slice(start, end) }));
  }

  #changed(source: Source): boolean {
    const now = this.#memory.bytes;
    return source.bytes.some((b, i) => now[source.start + i] !== b);
  }
}

/** Compiled code calls through globals: for a function imported as such, V8 makes an adapter to
 * JavaScript with each module, and that takes longer than all the rest (docs/JIT.md). */
function functionGlobal(exported: WebAssembly.ExportValue | undefined): WebAssembly.Global {
  if (typeof exported !== 'function') throw new Error('the runtime lacks a function');
  return new WebAssembly.Global({ value: 'anyfunc' }, exported);
}

function callsOf(region: Region): Set<number> {
  return new Set(
    region.blocks.flatMap(({ term }) =>
      term.k === 'call' && typeof term.to === 'number' ? [term.to] : [],
    ),
  );
}

function pagesOf({ assumed, sources }: Translation): Set<number> {
  return new Set([...assumed, ...codePages(sources)]);
}

function codePages(sources: readonly Source[]): Set<number> {
  const pages = new Set<number>();
  for (const s of sources) {
    const last = Math.floor((s.start + s.bytes.length - 1) / PAGE_SIZE);
    for (let p = Math.floor(s.start / PAGE_SIZE); p <= last; p++) pages.add(p);
  }
  return pages;
}
