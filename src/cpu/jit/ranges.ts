// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * In which range of RAM a region's accesses through a register are expected, so that the range can
 * stand in the code as a constant.
 *
 * The first guess is where the register points when the region is translated. A wrong guess is
 * corrected by translating again; a register that keeps changing sides gets a window in RAM.
 */
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import { grants } from './protection.ts';

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Guesses for one register and kind of access before it gets a window. */
const GUESSES = 3;

interface Expectation {
  range: Range | null;
  guesses: number;
}

export class Ranges {
  readonly #memory: GuestMemory;
  /** Ranges known to be accessible, by need; dropped when mappings change. */
  readonly #known = new Map<number, Range[]>();
  /** By region and window: what is expected there. */
  readonly #expected = new Map<string, Expectation>();

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** Mappings have changed. */
  forget(): void {
    this.#known.clear();
  }

  /** The accessible pages around `address`, or null. Stores into code are not allowed for here. */
  around(address: number, need: number): Range | null {
    if (address < 0 || address >= this.#memory.size) return null;
    let known = this.#known.get(need);
    if (!known) this.#known.set(need, (known = []));
    const found = known.find((r) => r.start <= address && address < r.end);
    if (found) return found;
    const allowed = (page: number): boolean => {
      if (page < 0 || (page + 1) * PAGE_SIZE > this.#memory.size) return false;
      const prot = this.#memory.protectionAt(page * PAGE_SIZE);
      return grants(prot, need) && !((need & PROT.write) !== 0 && (prot & PROT.exec) !== 0);
    };
    let first = Math.floor(address / PAGE_SIZE);
    if (!allowed(first)) return null;
    let last = first;
    while (allowed(first - 1)) first--;
    while (allowed(last + 1)) last++;
    const range = { start: first * PAGE_SIZE, end: (last + 1) * PAGE_SIZE };
    known.push(range);
    return range;
  }

  /**
   * The range to take for granted, or null for a window.
   * @param at what the register holds now.
   */
  expect(root: number, window: string, at: number, need: number): Range | null {
    const key = `${root} ${window}`;
    const e = this.#expected.get(key);
    if (e && !e.range) return null;
    const range = this.around(e?.range?.start ?? at, need) ?? this.#usual(need);
    this.#expected.set(key, { range, guesses: e?.guesses ?? 1 });
    return range;
  }

  /** Where a window that served the region until now has been. */
  observed(root: number, window: string, at: number, need: number): void {
    const range = this.around(at, need);
    const key = `${root} ${window}`;
    if (range && !this.#expected.has(key)) this.#expected.set(key, { range, guesses: 1 });
  }

  /** The lowest range: a program's own data. */
  #usual(need: number): Range | null {
    const first = this.#memory.regions().find((r) => this.around(r.start, need));
    return first ? this.around(first.start, need) : null;
  }

  /**
   * An access was not where it had been expected.
   * @returns whether something else is expected now.
   */
  missed(root: number, window: string, address: number, need: number): boolean {
    const e = this.#expected.get(`${root} ${window}`);
    const range = this.around(address, need);
    if (!e?.range || !range) return false;
    // across the end of the range: no other range would do
    if (range.start === e.range.start && range.end === e.range.end) return false;
    e.range = e.guesses++ < GUESSES ? range : null;
    return true;
  }
}
