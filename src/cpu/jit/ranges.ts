// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * In which range of RAM the accesses of an instruction are expected, so that the range can stand in
 * the code as a constant.
 *
 * The first guess is where they have been until now. A wrong guess is corrected by translating
 * again; an instruction that keeps changing sides gets a window in RAM.
 */
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import { grants } from './protection.ts';

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Guesses for one instruction before it gets a window. */
const GUESSES = 3;

interface Expectation {
  range: Range | null;
  guesses: number;
}

export class Ranges {
  readonly #memory: GuestMemory;
  /** Ranges known to be accessible, by need; dropped when mappings change. */
  readonly #known = new Map<number, Range[]>();
  /** By site (`vars.ts`): what is expected there. */
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
    const apart = (page: number): boolean =>
      (need & PROT.write) !== 0 && this.#memory.isDivided(page);
    while (!apart(first) && allowed(first - 1)) first--;
    while (!apart(last + 1) && allowed(last + 1)) last++;
    const range = { start: first * PAGE_SIZE, end: (last + 1) * PAGE_SIZE };
    known.push(range);
    if ((need & PROT.write) !== 0) this.#memory.expectStores(range.start, range.end - range.start);
    return range;
  }

  /**
   * The range to take for granted, or null for a window.
   * @param at where an access of the kind has been; negative: unknown.
   */
  expect(site: string, at: number, need: number): Range | null {
    const e = this.#expected.get(site);
    if (e && !e.range) return null;
    const range = this.around(e?.range?.start ?? at, need) ?? this.#usual(need);
    this.#expected.set(site, { range, guesses: e?.guesses ?? 1 });
    return range;
  }

  /** The lowest range: a program's own data. */
  #usual(need: number): Range | null {
    const first = this.#memory.regions().find((r) => this.around(r.start, need));
    return first ? this.around(first.start, need) : null;
  }

  /**
   * An access was not in `taken`, where it had been expected.
   * @returns whether something else is expected now.
   */
  missed(site: string, address: number, need: number, taken: Range): boolean {
    const e = this.#expected.get(site);
    const range = this.around(address, need);
    if (!e || !range) return false;
    // across the end of the range: no other range would do
    if (range.start === taken.start && range.end === taken.end) return false;
    const corrected = e.range?.start !== taken.start;
    if (!corrected) e.range = e.guesses++ < GUESSES ? range : null;
    return true;
  }
}
