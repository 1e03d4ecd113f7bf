// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Guest RAM: bytes, page protection, and word of every change to those who keep copies.
 *
 * See `layout.ts` for what lies where. The buffer is replaced when RAM grows, so views are fetched
 * through getters and never kept across anything that may grow it.
 */
import { addr, type Addr } from '../shared/brand.ts';
import { CpuState } from '../shared/cpu-state.ts';
import {
  DEFAULT_RAM,
  GUEST_FLOOR,
  MAX_RAM,
  PAGE_PROT_OFFSET,
  PAGE_SIZE,
  PROT_MAPPED,
  STATE_OFFSET,
} from './layout.ts';

const WASM_PAGE = 65536;

/** Whoever keeps copies or translations of guest memory listens for what makes them stale. */
export interface MemoryObserver {
  /**
   * Bytes were changed by the machine or the debugger (not by the observer itself).
   * @param source the same bytes where they came from, if they are kept there and never change
   */
  written(start: Addr, length: number, source: Uint8Array | null): void;
  /** Pages were mapped, unmapped or had their protection changed. */
  remapped(start: Addr, length: number): void;
}

/** A stretch of mapped pages of the same protection. */
export interface Region {
  readonly start: Addr;
  /** Exclusive. */
  readonly end: Addr;
  /** `PROT` bits. */
  readonly prot: number;
}

export class GuestMemory {
  readonly memory: WebAssembly.Memory;
  readonly #observers = new Set<MemoryObserver>();
  /** One byte a page: 1 where instructions may have stored something, ever. */
  readonly #stores = new Uint8Array(MAX_RAM / PAGE_SIZE);
  #storePages = 0;
  /** One byte a page: 1 where stores before it say nothing of stores behind it. */
  readonly #seams = new Uint8Array(MAX_RAM / PAGE_SIZE);
  #bytes: Uint8Array;
  #state: CpuState;
  /** Null until asked for. */
  #regions: readonly Region[] | null = null;

  /** @param size bytes of RAM at the start, a multiple of 64 KiB up to `MAX_RAM`. */
  constructor(size: number = DEFAULT_RAM) {
    this.memory = new WebAssembly.Memory({
      initial: size / WASM_PAGE,
      maximum: MAX_RAM / WASM_PAGE,
    });
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#state = new CpuState(this.memory.buffer, STATE_OFFSET);
  }

  /** All of RAM; the index is the guest address. Fetch anew after anything that may grow RAM. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The CPU state block that lives in this RAM. */
  get state(): CpuState {
    return this.#state;
  }

  get size(): number {
    return this.#bytes.length;
  }

  observe(observer: MemoryObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Grows RAM to at least `size` bytes. @returns false when that would pass `MAX_RAM`. */
  grow(size: number): boolean {
    if (size > MAX_RAM) return false;
    const missing = Math.ceil((size - this.size) / WASM_PAGE);
    if (missing > 0) {
      try {
        this.memory.grow(missing);
      } catch {
        return false; // the host has no more memory to give
      }
      this.#bytes = new Uint8Array(this.memory.buffer);
      this.#state = new CpuState(this.memory.buffer, STATE_OFFSET);
    }
    return true;
  }

  /**
   * Maps whole pages with a protection; also changes the protection of mapped ones.
   * @param prot `PROT` bits.
   * @throws RangeError for a range outside RAM or below `GUEST_FLOOR`, or unaligned.
   */
  protect(start: Addr, length: number, prot: number): void {
    this.#setPages(start, length, prot | PROT_MAPPED);
  }

  /** Unmaps whole pages; their bytes are zeroed, so that a later mapping finds fresh memory. */
  unmap(start: Addr, length: number): void {
    this.#setPages(start, length, 0);
    this.#bytes.fill(0, start, start + length);
  }

  #setPages(start: Addr, length: number, value: number): void {
    const end = start + length;
    if (start % PAGE_SIZE !== 0 || length % PAGE_SIZE !== 0) {
      throw new RangeError('mappings are made of whole pages');
    }
    if (start < GUEST_FLOOR || end > this.size) {
      throw new RangeError(`mapping outside guest RAM: 0x${start.toString(16)}`);
    }
    this.#bytes.fill(
      value,
      PAGE_PROT_OFFSET + start / PAGE_SIZE,
      PAGE_PROT_OFFSET + end / PAGE_SIZE,
    );
    this.#regions = null;
    for (const observer of this.#observers) observer.remapped(start, length);
  }

  /** `PROT` bits and `PROT_MAPPED` of the page that holds `address`; 0 when unmapped. */
  protectionAt(address: number): number {
    if (address < GUEST_FLOOR || address >= this.size) return 0;
    return this.#bytes[PAGE_PROT_OFFSET + Math.floor(address / PAGE_SIZE)] ?? 0;
  }

  /** Whether every byte of the range is mapped with all of the `PROT` bits in `prot`. */
  allows(start: number, length: number, prot: number): boolean {
    const want = prot | PROT_MAPPED;
    for (let p = start - (start % PAGE_SIZE); p < start + length; p += PAGE_SIZE) {
      if ((this.protectionAt(p) & want) !== want) return false;
    }
    return true;
  }

  /**
   * Copies bytes in without regard to protection (loader, syscalls, debugger) and tells observers.
   * @param lasting whether `data` never changes, so that observers may keep it
   */
  write(start: Addr, data: Uint8Array, lasting = false): void {
    this.#bytes.set(data, start);
    this.noteWritten(start, data.length, lasting ? data : null);
  }

  /** To be called after writing through `bytes` directly. See `MemoryObserver.written`. */
  noteWritten(start: Addr, length: number, source: Uint8Array | null = null): void {
    for (const observer of this.#observers) observer.written(start, length, source);
  }

  /**
   * An engine says that instructions may store to these bytes from now on; at the latest when the
   * run ends in which the first of them has. Of stores nobody else is told.
   */
  expectStores(start: number, length: number): void {
    for (let page = Math.floor(start / PAGE_SIZE); page * PAGE_SIZE < start + length; page++) {
      if (this.#stores[page] !== 0) continue;
      this.#stores[page] = 1;
      this.#storePages++;
    }
  }

  /** Whether instructions may have stored to a page: never false when they have. */
  mayHoldStores(page: number): boolean {
    return this.#stores[page] === 1;
  }

  /**
   * What lies before this page and what lies behind it are likely to be used apart from one another.
   * Engines that expect stores to whole stretches of pages do not let them reach over it.
   */
  divide(start: Addr): void {
    this.#seams[Math.floor(start / PAGE_SIZE)] = 1;
  }

  /** Whether there is such a division between a page and the one before it. */
  isDivided(page: number): boolean {
    return this.#seams[page] === 1;
  }

  /** How many such pages there are: it changes when one more becomes so. */
  get storePages(): number {
    return this.#storePages;
  }

  /**
   * Mapped ranges in ascending order, neighbours of equal protection joined; the same array until a
   * mapping changes.
   */
  regions(): readonly Region[] {
    return (this.#regions ??= this.#findRegions());
  }

  #findRegions(): Region[] {
    const found: { start: Addr; end: Addr; prot: number }[] = [];
    const pages = this.size / PAGE_SIZE;
    const table = this.#bytes.subarray(PAGE_PROT_OFFSET, PAGE_PROT_OFFSET + pages);
    for (let page = GUEST_FLOOR / PAGE_SIZE; page < pages;) {
      const value = table[page] ?? 0;
      const first = page++;
      while (page < pages && table[page] === value) page++;
      if (value === 0) continue;
      const [start, end] = [addr(first * PAGE_SIZE), addr(page * PAGE_SIZE)];
      found.push({ start, end, prot: value & ~PROT_MAPPED });
    }
    return found;
  }
}
