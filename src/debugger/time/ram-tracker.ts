// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Which pages of RAM are not what they were: those the guest can write are hashed when somebody
 * asks; the others change only by the machine's own doing, which observers are told of.
 */
import { GUEST_FLOOR, MAX_RAM, PAGE_PROT_OFFSET, PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory, MemoryObserver } from '../../machine/memory.ts';
import { addr, type Addr } from '../../shared/brand.ts';
import { HASH_WORDS, PageHasher } from './page-hash.ts';
import type { PageData } from './page-history.ts';

const PAGES = MAX_RAM / PAGE_SIZE;
const FIRST = GUEST_FLOOR / PAGE_SIZE;

/** Bytes that the tape holds anyway, and where in RAM they were put. */
interface Blob {
  readonly start: number;
  readonly bytes: Uint8Array;
}

export type Regions = ReturnType<GuestMemory['regions']>;

export class RamTracker implements MemoryObserver {
  readonly zero: PageData;
  readonly #memory: GuestMemory;
  readonly #hasher: PageHasher;
  readonly #stop: () => void;
  /** What each page held when it was last looked at. */
  readonly #known: PageData[];
  /** Pages changed from outside since then. */
  readonly #suspect = new Uint8Array(PAGES);
  /** Pages that were found to hold something, ever. */
  readonly #used = new Set<number>();
  #regions: Regions | null = null;
  #blobs: Blob[] = [];

  constructor(memory: GuestMemory) {
    this.#memory = memory;
    this.#hasher = new PageHasher(memory);
    this.zero = { bytes: null, hash: this.#hasher.zero, cost: 0, holders: 1 };
    this.#known = new Array<PageData>(PAGES).fill(this.zero);
    this.#suspect.fill(1);
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

  /** Bytes kept elsewhere that were just copied to RAM: pages within need no copy of their own. */
  offer(start: number, bytes: Uint8Array): void {
    this.#blobs.push({ start, bytes });
  }

  /** What the page held when last looked at. */
  known(page: number): PageData {
    return this.#known[page] ?? this.zero;
  }

  /** The pages that ever held something. */
  get used(): Iterable<number> {
    return this.#used;
  }

  /** Finds out what all pages hold: from now on `known` is right. */
  look(): void {
    this.#scan((page, hashes, at) => {
      if (sameHash(this.known(page).hash, hashes, at)) return;
      this.#used.add(page);
      this.#known[page] = this.#capture(page, hashes.slice(at, at + HASH_WORDS));
    });
    this.#blobs = [];
  }

  /**
   * Brings pages to what they should hold and tells the memory's observers of those that change.
   */
  bring(target: (page: number) => PageData): void {
    const differing: number[] = [];
    this.#scan((page, hashes, at) => {
      const data = target(page);
      if (!sameHash(data.hash, hashes, at)) differing.push(page);
      this.#known[page] = data;
    });
    for (const page of this.#used) {
      const data = target(page);
      if (data === this.#known[page]) continue;
      if (!sameHash(this.known(page).hash, data.hash, 0)) differing.push(page);
      this.#known[page] = data;
    }
    differing.sort((a, b) => a - b);
    for (let i = 0; i < differing.length;) {
      const first = differing[i] ?? 0;
      let next = first;
      for (; differing[i] === next; i++) this.#put(next++);
      this.#memory.noteWritten(addr(first * PAGE_SIZE), (next - first) * PAGE_SIZE);
    }
    this.#suspect.fill(0);
    this.#blobs = [];
  }

  #put(page: number): void {
    const { bytes } = this.known(page);
    const at = page * PAGE_SIZE;
    if (bytes === null) this.#memory.bytes.fill(0, at, at + PAGE_SIZE);
    else this.#memory.bytes.set(bytes, at);
  }

  /** Hashes the pages that may have changed since the last look. */
  #scan(each: (page: number, hashes: Uint32Array, at: number) => void): void {
    const table = this.#memory.bytes.subarray(PAGE_PROT_OFFSET, PAGE_PROT_OFFSET + PAGES);
    const suspect = this.#suspect;
    const end = this.#memory.size / PAGE_SIZE;
    const may = (page: number): boolean =>
      suspect[page] !== 0 || ((table[page] ?? 0) & PROT.write) !== 0;
    for (let page = FIRST; page < end; page++) {
      if (!may(page)) continue;
      const first = page;
      while (page < end && may(page)) page++;
      this.#hasher.hash(first, page - first, (from, hashes) => {
        for (let at = 0; at < hashes.length; at += HASH_WORDS) {
          each(from + at / HASH_WORDS, hashes, at);
        }
      });
    }
    suspect.fill(0);
  }

  #capture(page: number, hash: Uint32Array): PageData {
    if (sameHash(this.zero.hash, hash, 0)) return this.zero;
    const start = page * PAGE_SIZE;
    const now = this.#memory.bytes.subarray(start, start + PAGE_SIZE);
    for (const blob of this.#blobs) {
      const at = start - blob.start;
      if (at < 0 || at + PAGE_SIZE > blob.bytes.length) continue;
      const bytes = blob.bytes.subarray(at, at + PAGE_SIZE);
      if (bytes.every((byte, i) => byte === now[i])) return { bytes, hash, cost: 0, holders: 0 };
    }
    return { bytes: now.slice(), hash, cost: PAGE_SIZE, holders: 0 };
  }
}

function sameHash(a: Uint32Array, b: Uint32Array, at: number): boolean {
  return a[0] === b[at] && a[1] === b[at + 1] && a[2] === b[at + 2] && a[3] === b[at + 3];
}
