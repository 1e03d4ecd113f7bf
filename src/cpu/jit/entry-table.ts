// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Where the driver finds compiled functions: a hash table in RAM from guest addresses to slots of a
 * table of functions, each with the number of the function's entry.
 */
import type { GuestMemory } from '../../machine/memory.ts';
import { HASH_SIZE, SCRATCH } from './scratch.ts';

const MAX_ENTRIES = HASH_SIZE / 2;

export interface Entered {
  readonly slot: number;
  /** The root is the first. */
  readonly entries: readonly number[];
}

export class EntryTable {
  readonly #memory: GuestMemory;
  readonly #table: WebAssembly.Table;
  readonly #free: number[] = [];
  #slots = 0;
  #entries = 0;

  /** @param table as large as it will ever be. */
  constructor(memory: GuestMemory, table: WebAssembly.Table) {
    this.#memory = memory;
    this.#table = table;
  }

  /** Whether there is no room for another function. */
  get full(): boolean {
    const used = this.#slots - this.#free.length;
    return used >= this.#table.length || this.#entries > MAX_ENTRIES;
  }

  /** The slot of the function entered last. */
  get latest(): number {
    return new DataView(this.#memory.memory.buffer).getInt32(SCRATCH.slot, true);
  }

  /** @returns the function's slot; not `full` is for the caller to see to. */
  hold(execute: (entry: number) => number): number {
    const slot = this.#free.pop() ?? this.#slots++;
    this.#table.set(slot, execute);
    return slot;
  }

  release(slot: number): void {
    this.#table.set(slot, null);
    this.#free.push(slot);
  }

  enter({ slot, entries }: Entered): void {
    entries.forEach((rip, i) => this.#enter(rip, slot, i, i === 0));
  }

  /** Whether compiled code can be entered at `rip`. */
  has(rip: number): boolean {
    const view = new DataView(this.#memory.memory.buffer, SCRATCH.hash, HASH_SIZE * 16);
    for (let at = rip & (HASH_SIZE - 1); ; at = (at + 1) & (HASH_SIZE - 1)) {
      const key = view.getBigUint64(at * 16, true);
      if (key === BigInt(rip)) return true;
      if (key === 0n) return false;
    }
  }

  /** Open addressing has no deletion: enters anew what remains. */
  enterOnly(all: Iterable<Entered>): void {
    this.#entries = 0;
    this.#memory.bytes.fill(0, SCRATCH.hash, SCRATCH.hash + HASH_SIZE * 16);
    for (const entered of all) this.enter(entered);
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
}
