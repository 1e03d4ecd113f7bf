// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Keeps Unicorn's copy of guest memory in step with its home, page by page.
 *
 * A page is copied in when the guest first touches its neighbourhood, and only then gets a page
 * table entry. After each run the dirty bits say which pages to copy back. What the machine writes
 * goes to both. So the home is exact whenever the engine stands still.
 */
import type { Addr } from '../../shared/brand.ts';
import type { GuestMemory, MemoryObserver } from '../../machine/memory.ts';
import { GUEST_FLOOR, PAGE_SIZE, PROT } from '../../machine/layout.ts';
import { PTE } from './boot.ts';
import type { UnicornCore } from './core.ts';

/** Pages copied in together: a page fault costs more than copying this much. */
const CLUSTER = 64;

export class GuestPages implements MemoryObserver {
  readonly #core: UnicornCore;
  readonly #memory: GuestMemory;
  /** Clusters that have present pages. */
  readonly #clusters = new Set<number>();
  readonly #codeChanged: () => void;
  readonly #detach: () => void;
  #withheld: ReadonlyMap<number, { readonly reads: boolean }> = new Map();
  #granted = false;

  /** @param codeChanged called when bytes of executable pages, or rights to pages, have changed. */
  constructor(core: UnicornCore, memory: GuestMemory, codeChanged: () => void) {
    this.#core = core;
    this.#memory = memory;
    this.#codeChanged = codeChanged;
    this.#detach = memory.observe(this);
  }

  /**
   * Pages that the guest is to fault on: when it writes, or on any access where `reads` is set.
   * Not while it runs.
   */
  withhold(pages: ReadonlyMap<number, { readonly reads: boolean }>): void {
    this.#retract();
    this.#withheld = pages;
    this.#retract();
  }

  /** Gives the withheld pages to the guest, or takes them away again. Not while it runs. */
  grant(on: boolean): void {
    this.#granted = on;
    this.#retract();
  }

  /** Whether there are pages that the guest is not given now. */
  get withholds(): boolean {
    return this.#withheld.size > 0 && !this.#granted;
  }

  /** Whether a page fault is only due to a withheld page. */
  isWithheld(address: number, write: boolean): boolean {
    if (!this.withholds) return false;
    const page = this.#withheld.get(Math.floor(address / PAGE_SIZE));
    return page !== undefined && (write || page.reads);
  }

  /** Has the withheld pages copied in anew when they are next touched. */
  #retract(): void {
    if (this.#withheld.size === 0) return;
    for (const page of this.#withheld.keys()) {
      const at = page * PAGE_SIZE;
      if (at >= GUEST_FLOOR && at < this.#core.size) this.#core.setPageEntry(page, 0);
    }
    this.#core.flushTlb();
  }

  /**
   * Serves a page fault.
   * @returns whether the access is allowed now; false for a fault that the guest has to answer for.
   */
  populate(address: number, write: boolean): boolean {
    if (address < GUEST_FLOOR || address >= this.#memory.size) return false;
    const page = Math.floor(address / PAGE_SIZE);
    const entry = this.#core.pageEntry(page);
    if (entry !== 0) {
      if (write && (entry & PTE.write) === 0) return false;
      // A stale translation: the entry gained rights since.
      this.#core.flushTlb();
      return true;
    }
    if (entryBits(this.#memory.protectionAt(address)) === 0) return false;
    const cluster = Math.floor(page / CLUSTER);
    this.#clusters.add(cluster);
    for (let p = cluster * CLUSTER; p < (cluster + 1) * CLUSTER; p++) this.#copyIn(p);
    return true;
  }

  /** Whether the guest can read at `address` without a page fault. */
  isPresent(address: number): boolean {
    if (address < GUEST_FLOOR || address >= this.#memory.size) return false;
    return this.#core.pageEntry(Math.floor(address / PAGE_SIZE)) !== 0;
  }

  #copyIn(page: number): void {
    const core = this.#core;
    const start = page * PAGE_SIZE;
    const prot = this.#memory.protectionAt(start);
    let bits = entryBits(prot);
    if (this.withholds) {
      const withheld = this.#withheld.get(page);
      if (withheld) bits = withheld.reads ? 0 : bits & ~PTE.write;
    }
    if (bits === 0 || core.pageEntry(page) !== 0) return;
    const bytes = this.#memory.bytes.subarray(start, start + PAGE_SIZE);
    if (prot & PROT.exec) core.writeCode(start, bytes);
    else core.module.HEAPU8.set(bytes, core.base + start);
    core.setPageEntry(page, bits);
  }

  /** Copies pages that the guest has written back to their home. */
  collect(): void {
    const core = this.#core;
    const { HEAPU32: words, HEAPU8: heap } = core.module;
    const entries = core.pageEntries;
    const home = this.#memory.bytes;
    let any = false;
    for (const cluster of this.#clusters) {
      for (let page = cluster * CLUSTER; page < (cluster + 1) * CLUSTER; page++) {
        const entry = words[entries + page * 2] ?? 0;
        if ((entry & PTE.dirty) === 0) continue;
        words[entries + page * 2] = entry & ~PTE.dirty;
        const from = core.base + page * PAGE_SIZE;
        home.set(heap.subarray(from, from + PAGE_SIZE), page * PAGE_SIZE);
        this.#memory.expectStores(page * PAGE_SIZE, PAGE_SIZE);
        any = true;
      }
    }
    if (any) core.flushTlb();
  }

  /** Bytes as the guest sees them at this moment, also in the middle of a run. */
  read(address: number, length: number): Uint8Array {
    const bytes = this.#memory.bytes.slice(address, address + length);
    for (let i = 0; i < bytes.length;) {
      const page = Math.floor((address + i) / PAGE_SIZE);
      const next = Math.min(bytes.length, (page + 1) * PAGE_SIZE - address);
      if (this.#core.pageEntry(page) !== 0) {
        const from = this.#core.base + address;
        bytes.set(this.#core.module.HEAPU8.subarray(from + i, from + next), i);
      }
      i = next;
    }
    return bytes;
  }

  written(start: Addr, length: number): void {
    const core = this.#core;
    const end = start + length;
    for (let at: number = start; at < end;) {
      const page = Math.floor(at / PAGE_SIZE);
      const next = Math.min(end, (page + 1) * PAGE_SIZE);
      const prot = this.#memory.protectionAt(at);
      if (prot & PROT.exec) this.#codeChanged();
      if (core.pageEntry(page) !== 0) {
        const bytes = this.#memory.bytes.subarray(at, next);
        if (prot & PROT.exec) core.writeCode(at, bytes);
        else core.module.HEAPU8.set(bytes, core.base + at);
      }
      at = next;
    }
  }

  remapped(start: Addr, length: number): void {
    const first = start / PAGE_SIZE;
    for (let page = first; page < first + length / PAGE_SIZE; page++) {
      if (page * PAGE_SIZE < this.#core.size) this.#core.setPageEntry(page, 0);
    }
    this.#core.flushTlb();
    this.#codeChanged();
  }

  /** Takes all pages away from the core, so that it can serve another machine. */
  dispose(): void {
    this.#detach();
    for (const cluster of this.#clusters) {
      for (let i = 0; i < CLUSTER; i++) this.#core.setPageEntry(cluster * CLUSTER + i, 0);
    }
    this.#clusters.clear();
    this.#core.flushTlb();
  }
}

/** Page table entry of a page with these `PROT` bits; 0 when nothing is allowed. As x86: writable or executable is readable too. */
function entryBits(prot: number): number {
  if ((prot & (PROT.read | PROT.write | PROT.exec)) === 0) return 0;
  return PTE.present | PTE.user | (prot & PROT.write ? PTE.write : 0);
}
