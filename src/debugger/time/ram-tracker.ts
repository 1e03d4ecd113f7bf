// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Which pages of RAM are not what they were: those that instructions store to are hashed when
 * somebody asks; the others change only by the machine's own doing, which observers are told of.
 */
import { GUEST_FLOOR, MAX_RAM, PAGE_PROT_OFFSET, PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory, MemoryObserver } from '../../machine/memory.ts';
import { addr, type Addr } from '../../shared/brand.ts';
import { HASH_WORDS, PageHasher } from './page-hash.ts';
import type { PageData } from './page-history.ts';

const PAGES = MAX_RAM / PAGE_SIZE;
const FIRST = GUEST_FLOOR / PAGE_SIZE;

export type Regions = ReturnType<GuestMemory['regions']>;

export class RamTracker implements MemoryObserver {
  readonly zero: PageData;
  readonly #memory: GuestMemory;
  readonly #hasher: PageHasher;
  readonly #stop: () => void;
  /** What each page held when it was last looked at, and the hashes of it. */
  readonly #known: PageData[];
  readonly #hashes = new Uint32Array(PAGES * HASH_WORDS);
  /** Pages changed from outside since then. */
  readonly #suspect = new Uint8Array(PAGES);
  /** Pages that were found to hold something, ever. */
  readonly #used = new Set<number>();
  /** Pages that `known` has something else for than it had at `#origin`. */
  readonly #changed = new Set<number>();
  #origin: unknown = null;
  #regions: Regions | null = null;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
    this.#hasher = new PageHasher(memory);
    this.zero = { bytes: null, hash: this.#hasher.zero, cost: 0, holders: 1 };
    this.#known = new Array<PageData>(PAGES).fill(this.zero);
    for (let page = 0; page < PAGES; page++) this.#setHash(page, this.zero.hash);
    // what is not mapped is zero
    for (const { start, end } of this.regions) this.written(start, end - start);
    this.#stop = memory.observe(this);
  }

  dispose(): void {
    this.#stop();
  }

  written(start: Addr, length: number): void {
    this.#suspect.fill(1, Math.floor(start / PAGE_SIZE), Math.ceil((start + length) / PAGE_SIZE));
  }

  remapped(start: Addr, length: number): void {
    this.written(start, length);
    this.#regions = null;
  }

  /** The mapped ranges; the same object until a mapping changes. */
  get regions(): Regions {
    return (this.#regions ??= this.#memory.regions());
  }

  /** Says that these are the regions, in an object that was got from here before. */
  adopt(regions: Regions): void {
    this.#regions = regions;
  }

  /**
   * Bytes kept elsewhere that RAM holds at `start` now: pages within need no copy of their own.
   */
  offer(start: number, bytes: Uint8Array): void {
    const first = Math.ceil(start / PAGE_SIZE);
    const count = Math.floor((start + bytes.length) / PAGE_SIZE) - first;
    if (count <= 0) return;
    this.#hasher.hash(first, count, (from, hashes) => {
      for (let at = 0; at < hashes.length; at += HASH_WORDS) {
        const page = from + at / HASH_WORDS;
        const offset = page * PAGE_SIZE - start;
        const part = bytes.subarray(offset, offset + PAGE_SIZE);
        this.#learn(page, this.#dataOf(hashes.slice(at, at + HASH_WORDS), part, 0));
        this.#suspect[page] = 0;
      }
    });
  }

  /** What the page held when last looked at. */
  known(page: number): PageData {
    return this.#known[page] ?? this.zero;
  }

  /** Says that all pages are now those of `origin`, for `changedSince`. */
  settle(origin: object): void {
    this.#origin = origin;
    this.#changed.clear();
  }

  /** Pages of which `known` may say something else than it did when it was that of `origin`. */
  changedSince(origin: unknown): Iterable<number> {
    return origin !== undefined && origin === this.#origin ? this.#changed : this.#used;
  }

  /** Finds out what all pages hold: from now on `known` is right. */
  look(): void {
    for (const [page, hash] of this.#scan()) {
      const start = page * PAGE_SIZE;
      if (sameHash(this.zero.hash, hash)) this.#learn(page, this.zero);
      else {
        const bytes = this.#memory.bytes.slice(start, start + PAGE_SIZE);
        this.#learn(page, this.#dataOf(hash, bytes, PAGE_SIZE));
      }
    }
  }

  /**
   * Brings pages to what they should hold and tells the memory's observers of those that change.
   */
  bring(target: (page: number) => PageData): void {
    for (const [page, hash] of this.#scan()) {
      this.#used.add(page);
      this.#setHash(page, hash);
    }
    const differing: number[] = [];
    for (const page of this.#used) {
      const data = target(page);
      if (!this.#hasHash(page, data.hash)) differing.push(page);
      this.#learn(page, data);
      this.#setHash(page, data.hash);
    }
    differing.sort((a, b) => a - b);
    for (let i = 0; i < differing.length;) {
      const first = differing[i] ?? 0;
      let next = first;
      for (; differing[i] === next; i++) this.#put(next++);
      this.#memory.noteWritten(addr(first * PAGE_SIZE), (next - first) * PAGE_SIZE);
    }
    this.#suspect.fill(0);
  }

  #put(page: number): void {
    const { bytes } = this.known(page);
    const at = page * PAGE_SIZE;
    if (bytes === null) this.#memory.bytes.fill(0, at, at + PAGE_SIZE);
    else this.#memory.bytes.set(bytes, at);
  }

  #learn(page: number, data: PageData): void {
    if (this.#known[page] === data) return;
    this.#used.add(page);
    this.#changed.add(page);
    this.#known[page] = data;
    this.#setHash(page, data.hash);
  }

  /** The pages that hold something else than is known, with the hashes of it. */
  #scan(): [page: number, hash: Uint32Array][] {
    const found: [number, Uint32Array][] = [];
    const known = this.#hashes;
    for (const [first, count] of this.#runs()) {
      this.#hasher.hash(first, count, (from, now) => {
        const offset = from * HASH_WORDS;
        for (let i = 0; i < now.length; i += HASH_WORDS) {
          const at = offset + i;
          const same =
            now[i] === known[at] &&
            now[i + 1] === known[at + 1] &&
            now[i + 2] === known[at + 2] &&
            now[i + 3] === known[at + 3];
          if (!same) found.push([at / HASH_WORDS, now.slice(i, i + HASH_WORDS)]);
        }
      });
    }
    this.#suspect.fill(0);
    return found;
  }

  /** Stretches of pages that may have changed since the last look. */
  #runs(): [first: number, count: number][] {
    const runs: [number, number][] = [];
    const table = this.#memory.bytes.subarray(PAGE_PROT_OFFSET, PAGE_PROT_OFFSET + PAGES);
    const end = this.#memory.size / PAGE_SIZE;
    let first = 0;
    for (let page = FIRST; page <= end; page++) {
      const stored = this.#memory.mayHoldStores(page) && ((table[page] ?? 0) & PROT.write) !== 0;
      const may = page < end && (this.#suspect[page] !== 0 || stored);
      if (may && first === 0) first = page;
      if (may || first === 0) continue;
      runs.push([first, page - first]);
      first = 0;
    }
    return runs;
  }

  #dataOf(hash: Uint32Array, bytes: Uint8Array, cost: number): PageData {
    if (sameHash(this.zero.hash, hash)) return this.zero;
    return { bytes, hash, cost, holders: 0 };
  }

  #hasHash(page: number, hash: Uint32Array): boolean {
    const at = page * HASH_WORDS;
    return sameHash(this.#hashes.subarray(at, at + HASH_WORDS), hash);
  }

  #setHash(page: number, hash: Uint32Array): void {
    this.#hashes.set(hash, page * HASH_WORDS);
  }
}

function sameHash(a: Uint32Array, b: Uint32Array): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}
