// SPDX-License-Identifier: GPL-2.0-or-later
import { addr } from '../shared/brand.ts';
import { pageUp } from './elf.ts';
import { GUEST_FLOOR, MAX_RAM, PAGE_PROT_OFFSET, PAGE_SIZE, PROT, STACK_GUARD } from './layout.ts';
import type { GuestMemory } from './memory.ts';

export interface SpaceLayout {
  /** First byte past the image, page-aligned: the heap starts here. */
  readonly heapStart: number;
  /** Lowest address of the stack's guard: mappings are placed downwards from here. */
  readonly mmapTop: number;
  /** First byte past the stack: where mappings go once there is no room below. */
  readonly stackTop: number;
}

/** A mapping of so many bytes is taken for a thing of its own: a data set, say. */
const LARGE = 2 ** 20;

/** What changes in an address space beside page protection; immutable. */
export interface SpaceState {
  readonly heapEnd: number;
  readonly full: number;
}

/** Who has which pages: the heap's end, and where the next mapping goes. */
export class AddressSpace {
  readonly layout: SpaceLayout;
  readonly #memory: GuestMemory;
  #break: number;
  /** No page between here and `mmapTop` is free: the search for room starts here. */
  #full: number;

  constructor(memory: GuestMemory, layout: SpaceLayout) {
    this.#memory = memory;
    this.layout = layout;
    this.#break = layout.heapStart;
    this.#full = layout.mmapTop;
  }

  /** The current end of the heap (not page-aligned). */
  get heapEnd(): number {
    return this.#break;
  }

  /** To come back to this moment by `restore`; the pages themselves are the memory's. */
  save(): SpaceState {
    return { heapEnd: this.#break, full: this.#full };
  }

  restore(state: SpaceState): void {
    this.#break = state.heapEnd;
    this.#full = state.full;
  }

  /** brk(2): moves the heap's end. @returns the new end, or the old one when that cannot be. */
  moveBreak(wanted: number): number {
    const { heapStart, mmapTop } = this.layout;
    if (wanted < heapStart || wanted > mmapTop) return this.#break;
    const oldEnd = pageUp(this.#break);
    const newEnd = pageUp(wanted);
    if (newEnd > oldEnd) {
      if (!this.isFree(oldEnd, newEnd - oldEnd)) return this.#break;
      this.#memory.protect(addr(oldEnd), newEnd - oldEnd, PROT.read | PROT.write);
    } else if (newEnd < oldEnd) {
      this.unmap(newEnd, oldEnd - newEnd);
    }
    this.#break = wanted;
    return wanted;
  }

  /** Whether no page of the range is mapped; RAM that is not there yet counts as free. */
  isFree(start: number, length: number): boolean {
    const first = start / PAGE_SIZE;
    const last = Math.min((start + length) / PAGE_SIZE, MAX_RAM / PAGE_SIZE);
    const table = this.#memory.bytes;
    for (let page = first; page < last; page++) {
      if (table[PAGE_PROT_OFFSET + page] !== 0) return false;
    }
    return true;
  }

  /** What a mapped address belongs to. */
  nameAt(address: number): 'image' | 'heap' | 'mmap' | 'stack' {
    const { heapStart, mmapTop, stackTop } = this.layout;
    if (address < heapStart) return 'image';
    if (address < this.#break) return 'heap';
    return address >= mmapTop + STACK_GUARD && address < stackTop ? 'stack' : 'mmap';
  }

  /** Whether the range touches the unmapped guard below the stack. */
  inGuard(start: number, length: number): boolean {
    return start < this.layout.mmapTop + STACK_GUARD && start + length > this.layout.mmapTop;
  }

  /**
   * A free range of whole pages for a mapping: from the guard of the stack downwards, and when
   * there is no room, above the stack, where RAM grows. @returns null when there is none.
   */
  findFree(length: number): number | null {
    if (length > MAX_RAM) return null;
    const floor = pageUp(this.#break);
    const found = this.#search(this.#full, floor, length);
    if (found === null) return this.#search(MAX_RAM, this.layout.stackTop, length, true);
    if (found + length === this.#full) this.#full = found;
    return found;
  }

  /** First fit between two addresses, from the top or from the bottom. */
  #search(top: number, bottom: number, length: number, upwards = false): number | null {
    const table = this.#memory.bytes;
    const pages = length / PAGE_SIZE;
    const count = (top - bottom) / PAGE_SIZE;
    let run = 0;
    for (let i = 0; i < count; i++) {
      const page = upwards ? bottom / PAGE_SIZE + i : top / PAGE_SIZE - 1 - i;
      run = table[PAGE_PROT_OFFSET + page] === 0 ? run + 1 : 0;
      if (run === pages) return (upwards ? page - pages + 1 : page) * PAGE_SIZE;
    }
    return null;
  }

  /** Maps zeroed pages in place of whatever was there. @returns false when RAM cannot grow so far. */
  map(start: number, length: number, prot: number): boolean {
    if (!this.#memory.grow(start + length)) return false;
    if (!this.isFree(start, length)) this.#memory.unmap(addr(start), length);
    this.#memory.protect(addr(start), length, readableIfAny(prot));
    if (length >= LARGE) {
      this.#memory.divide(addr(start));
      this.#memory.divide(addr(start + length));
    }
    return true;
  }

  /** Unmaps whole pages; parts outside RAM are not mapped anyway. */
  unmap(start: number, length: number): void {
    const from = Math.max(start, GUEST_FLOOR);
    const to = Math.min(start + length, this.#memory.size);
    if (from >= to || this.isFree(from, to - from)) return;
    this.#memory.unmap(addr(from), to - from);
    if (from < this.layout.mmapTop)
      this.#full = Math.max(this.#full, Math.min(to, this.layout.mmapTop));
  }

  /**
   * Changes the protection of whole pages up to the first that is not mapped.
   * @returns false when there was such a page.
   */
  protect(start: number, length: number, prot: number): boolean {
    let end = start;
    while (end < start + length && this.#memory.protectionAt(end) !== 0) end += PAGE_SIZE;
    if (end > start) this.#memory.protect(addr(start), end - start, readableIfAny(prot));
    return end === start + length;
  }
}

/** x86 has no pages that can be written or executed but not read. */
function readableIfAny(prot: number): number {
  return (prot & (PROT.write | PROT.exec)) !== 0 ? prot | PROT.read : prot;
}
