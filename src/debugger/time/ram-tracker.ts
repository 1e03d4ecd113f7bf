// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Which pages of RAM are not what they were: those that instructions store to are hashed when
 * somebody asks; the others change only by the machine's own doing, which observers are told of.
 */
import { GUEST_FLOOR, MAX_RAM, PAGE_PROT_OFFSET, PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory, MemoryObserver } from '../../machine/memory.ts';
import { addr, type Addr } from '../../shared/brand.ts';
import { HASH_WORDS, PageHasher } from './page-hash.ts';
import { isSameHash, isSamePage, type PageData } from './page-history.ts';

const PAGES = MAX_RAM / PAGE_SIZE;
const FIRST = GUEST_FLOOR / PAGE_SIZE;

export type Regions = ReturnType<GuestMemory['regions']>;

export class RamTracker implements MemoryObserver {
  readonly zero: PageData;
  readonly #memory: GuestMemory;
  readonly #hasher: PageHasher;
  readonly #stop: () => void;
  /** What each page held when it was last looked at. */
  readonly #known: PageData[];
  /** The hashes of that, of those pages whose hash anybody has needed. */
  readonly #hashes = new Uint32Array(PAGES * HASH_WORDS);
  readonly #hashed = new Uint8Array(PAGES);
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
    this.zero = { source: null, offset: 0, hash: this.#hasher.zero, cost: 0, holders: 1 };
    this.#known = new Array<PageData>(PAGES).fill(this.zero);
    for (let page = 0; page < PAGES; page++) this.#setHash(page, this.#hasher.zero);
    // what is not mapped is zero
    for (const { start, end } of this.regions) this.written(start, end - start, null);
    this.#stop = memory.observe(this);
  }

  dispose(): void {
    this.#stop();
  }

  written(start: Addr, length: number, source: Uint8Array | null): void {
    this.#suspect.fill(1, Math.floor(start / PAGE_SIZE), Math.ceil((start + length) / PAGE_SIZE));
    if (source !== null) this.keep(start, source);
  }

  remapped(start: Addr, length: number): void {
    this.written(start, length, null);
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
   * Bytes that RAM holds at `start` now are kept elsewhere and never change there: pages within need
   * no copy of their own.
   */
  keep(start: number, source: Uint8Array): void {
    const first = Math.ceil(start / PAGE_SIZE);
    const end = Math.floor((start + source.length) / PAGE_SIZE);
    for (let page = first; page < end; page++) {
      const offset = page * PAGE_SIZE - start;
      this.#learn(page, { source, offset, hash: null, cost: 0, holders: 0 });
      this.#suspect[page] = 0;
    }
  }

  /** What the page held when last looked at. */
  known(page: number): PageData {
    return this.#known[page] ?? this.zero;
  }

  /** How many pages have ever held anything. */
  get used(): number {
    return this.#used.size;
  }

  /** What RAM came from, if anybody has said. */
  get origin(): unknown {
    return this.#origin;
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
      const at = page * PAGE_SIZE;
      if (isSameHash(this.#hasher.zero, hash)) this.#learn(page, this.zero);
      else {
        const source = this.#memory.bytes.slice(at, at + PAGE_SIZE);
        this.#learn(page, { source, offset: 0, hash, cost: PAGE_SIZE, holders: 0 });
      }
    }
  }

  /**
   * Brings pages to what they should hold and tells the memory's observers of those that change.
   * @param among pages that may have to change beside those changed since `settle`; null: all
   */
  bring(target: (page: number) => PageData, among: Iterable<number> | null): void {
    const found = new Map(this.#scan());
    const candidates = new Set(found.keys());
    for (const page of among ?? this.#used) candidates.add(page);
    if (among !== null) for (const page of this.#changed) candidates.add(page);
    const differing: number[] = [];
    for (const page of candidates) {
      const data = target(page);
      const holds = found.get(page);
      const same =
        holds === undefined
          ? isSamePage(this.known(page), data)
          : data.hash !== null && isSameHash(holds, data.hash);
      if (!same) differing.push(page);
      this.#learn(page, data);
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
    const { source, offset } = this.known(page);
    const at = page * PAGE_SIZE;
    if (source === null) this.#memory.bytes.fill(0, at, at + PAGE_SIZE);
    else this.#memory.bytes.set(source.subarray(offset, offset + PAGE_SIZE), at);
  }

  #learn(page: number, data: PageData): void {
    if (this.#known[page] === data) return;
    this.#used.add(page);
    this.#changed.add(page);
    this.#known[page] = data;
    this.#hashed[page] = data.hash === null ? 0 : 1;
    if (data.hash !== null) this.#hashes.set(data.hash, page * HASH_WORDS);
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
          const page = at / HASH_WORDS;
          if (this.#hashed[page] === 0) {
            if (!this.#holdsKnown(page)) found.push([page, now.slice(i, i + HASH_WORDS)]);
            else this.#setHash(page, now.subarray(i, i + HASH_WORDS));
            continue;
          }
          const same =
            now[i] === known[at] &&
            now[i + 1] === known[at + 1] &&
            now[i + 2] === known[at + 2] &&
            now[i + 3] === known[at + 3];
          if (!same) found.push([page, now.slice(i, i + HASH_WORDS)]);
        }
      });
    }
    this.#suspect.fill(0);
    return found;
  }

  /** Whether a page holds what is known, by its bytes: nobody has needed the hash so far. */
  #holdsKnown(page: number): boolean {
    const { source, offset } = this.known(page);
    const ram = this.#memory.bytes;
    const at = page * PAGE_SIZE;
    for (let i = 0; i < PAGE_SIZE; i++) {
      if (ram[at + i] !== (source?.[offset + i] ?? 0)) return false;
    }
    return true;
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

  #setHash(page: number, hash: Uint32Array): void {
    this.#hashes.set(hash, page * HASH_WORDS);
    this.#hashed[page] = 1;
  }
}
