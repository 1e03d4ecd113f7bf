// SPDX-License-Identifier: GPL-2.0-or-later
/** The checkpoints of one branch: where they are, what they hold, and which of them go first. */
import { PAGE_PROT_OFFSET, PAGE_SIZE, PROT_MAPPED } from '../../machine/layout.ts';
import type { SpaceState } from '../../machine/address-space.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import { addr } from '../../shared/brand.ts';
import { isSamePage, type PageHistory } from './page-history.ts';
import type { RamTracker, Regions } from './ram-tracker.ts';

export interface Checkpoint {
  /** Instructions executed. */
  readonly at: number;
  /** The CPU state block. */
  readonly state: Uint8Array;
  /** Entries of the tape that have been applied. */
  readonly entries: number;
  readonly space: SpaceState;
  readonly regions: Regions;
  /** Pages that have a version of their own from here on. */
  pages: number[];
}

/** Bytes that a checkpoint costs beside its pages, about. */
const COST = 1024;

/** However small they are, there are never more. */
const MOST = 2000;

/** Never fewer, so that going back stays quick. */
const LEAST = 16;

export class Checkpoints {
  readonly history: PageHistory;
  readonly #tracker: RamTracker;
  readonly #list: Checkpoint[] = [];

  constructor(tracker: RamTracker, history: PageHistory, list: readonly Checkpoint[] = []) {
    this.#tracker = tracker;
    this.history = history;
    this.#list.push(...list);
  }

  get count(): number {
    return this.#list.length;
  }

  /** Bytes, without the pages. */
  get bytes(): number {
    return this.#list.reduce((sum, c) => sum + COST + 8 * c.pages.length, 0);
  }

  get first(): Checkpoint | undefined {
    return this.#list[0];
  }

  get last(): Checkpoint | undefined {
    return this.#list.at(-1);
  }

  /** The latest checkpoint not behind `at`. */
  before(at: number): Checkpoint | undefined {
    return this.#list[this.#indexBefore(at)];
  }

  /** The earliest checkpoint at or behind `at`. */
  from(at: number): Checkpoint | undefined {
    return this.#list[this.#indexBefore(at - 1) + 1];
  }

  /** Keeps the present state of RAM as a checkpoint; there must be none at this instruction yet. */
  take(memory: GuestMemory, entries: number, space: SpaceState): Checkpoint {
    const at = memory.state.instructions;
    const index = this.#indexBefore(at);
    const next = this.#list[index + 1];
    this.#tracker.look();
    const pages: number[] = [];
    const kept: number[] = [];
    for (const page of this.#tracker.changedSince(this.#list[index])) {
      const before = this.history.lookup(page, at);
      const now = this.#tracker.known(page);
      if (isSamePage(now, before)) continue;
      // what the next checkpoint found here must not become what this one has found
      if (next !== undefined && !this.history.changedAt(page, next.at)) {
        this.history.add(page, next.at, before);
        kept.push(page);
      }
      this.history.add(page, at, now);
      pages.push(page);
    }
    if (next !== undefined && kept.length > 0) next.pages = [...next.pages, ...kept];
    const checkpoint: Checkpoint = {
      at,
      state: memory.state.bytes.slice(),
      entries,
      space,
      regions: this.#tracker.regions,
      pages,
    };
    this.#list.splice(index + 1, 0, checkpoint);
    this.#tracker.settle(checkpoint);
    return checkpoint;
  }

  /** Brings RAM, protection and registers to a checkpoint. */
  restore(memory: GuestMemory, to: Checkpoint): void {
    if (this.#tracker.regions !== to.regions) {
      bringRegions(memory, to.regions);
      this.#tracker.adopt(to.regions);
    }
    this.#tracker.bring((page) => this.history.lookup(page, to.at), this.#changedOnTheWay(to));
    this.#tracker.settle(to);
    memory.state.bytes.set(to.state);
  }

  /**
   * Pages that may have changed between the checkpoint that RAM came from and another one, either
   * way; null when it is not known what RAM came from, or too far.
   */
  #changedOnTheWay(to: Checkpoint): Set<number> | null {
    const { origin } = this.#tracker;
    const [from, goal] = [this.#list.indexOf(origin as Checkpoint), this.#list.indexOf(to)];
    if (from < 0 || goal < 0) return null;
    const passed = this.#list.slice(Math.min(from, goal) + 1, Math.max(from, goal) + 1);
    const changes = passed.reduce((sum, { pages }) => sum + pages.length, 0);
    if (changes > this.#tracker.used) return null;
    return new Set(passed.flatMap(({ pages }) => pages));
  }

  /**
   * Lets one checkpoint go, the one that is missed least: where they lie closest together for
   * their age. The first and the last stay. @returns false when there are too few to choose from.
   */
  thin(): boolean {
    const list = this.#list;
    if (list.length <= LEAST) return false;
    const end = list.at(-1)?.at ?? 0;
    let best = -1;
    let least = Infinity;
    for (let i = 1; i < list.length - 1; i++) {
      const [a, b, c] = [list[i - 1]?.at ?? 0, list[i]?.at ?? 0, list[i + 1]?.at ?? 0];
      const score = (c - a) / (end - b + 1);
      if (score < least) [least, best] = [score, i];
    }
    this.#remove(best);
    return true;
  }

  /** Whether there are more than make sense, whatever they cost. */
  get tooMany(): boolean {
    return this.#list.length > MOST;
  }

  /** Lets the first checkpoint go: the recording then begins at the second. @returns its start. */
  dropFirst(): Checkpoint | undefined {
    if (this.#list.length < 2) return undefined;
    this.#remove(0);
    return this.#list[0];
  }

  /** An independent copy of those not behind `at`. */
  fork(at: number): Checkpoints {
    const kept = this.#list.slice(0, this.#indexBefore(at) + 1).map((c) => ({ ...c }));
    return new Checkpoints(this.#tracker, this.history.fork(at), kept);
  }

  /** Lets one checkpoint go that is not the first. */
  forget(checkpoint: Checkpoint): void {
    const index = this.#list.indexOf(checkpoint);
    if (index > 0) this.#remove(index);
  }

  clear(): void {
    this.history.clear();
    this.#list.length = 0;
  }

  #remove(index: number): void {
    const [gone] = this.#list.splice(index, 1);
    const next = this.#list[index];
    if (gone === undefined) return;
    const moved = this.history.remove(gone.at, gone.pages, next?.at ?? null);
    if (next !== undefined && moved.length > 0) next.pages = [...next.pages, ...moved];
  }

  /** Index of the latest checkpoint not behind `at`; -1 when there is none. */
  #indexBefore(at: number): number {
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#list[middle]?.at ?? Infinity) <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Maps, unmaps and protects until the page table is as it was. */
function bringRegions(memory: GuestMemory, regions: Regions): void {
  const wanted = new Uint8Array(memory.size / PAGE_SIZE);
  for (const { start, end, prot } of regions) {
    wanted.fill(prot | PROT_MAPPED, start / PAGE_SIZE, end / PAGE_SIZE);
  }
  const has = (page: number): number => memory.bytes[PAGE_PROT_OFFSET + page] ?? 0;
  for (let page = 0; page < wanted.length;) {
    const want = wanted[page] ?? 0;
    const first = page;
    while (page < wanted.length && wanted[page] === want && has(page) !== want) page++;
    const length = (page - first) * PAGE_SIZE;
    if (length === 0) page++;
    else if (want === 0) memory.unmap(addr(first * PAGE_SIZE), length);
    else memory.protect(addr(first * PAGE_SIZE), length, want & ~PROT_MAPPED);
  }
}
