// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What compiled code asks when an access lies in no range of RAM known to be accessible: the known
 * ranges are a few intervals in RAM, replaced in turn.
 */
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import { accessible } from './protection.ts';
import { INTERVALS, INTERVAL_BYTES, SCRATCH } from './scratch.ts';

export interface CodeStore {
  readonly start: number;
  readonly length: number;
}

export class Intervals {
  readonly #memory: GuestMemory;
  readonly #storesToCode: (start: number, length: number) => boolean;
  #next = 0;
  #pending: CodeStore | null = null;

  /** @param storesToCode told of a store into executable pages; whether it hits translated code. */
  constructor(memory: GuestMemory, storesToCode: (start: number, length: number) => boolean) {
    this.#memory = memory;
    this.#storesToCode = storesToCode;
  }

  /** A store into translated code that has been refused, and so is for the fallback; told once. */
  takeStore(): CodeStore | null {
    const store = this.#pending;
    this.#pending = null;
    return store;
  }

  /** @returns 0: not allowed; 1: allowed this once; 2: an interval has been entered, look again. */
  ask(address: number, length: number, need: number): number {
    const memory = this.#memory;
    const bytes = Math.max(length, 1);
    if (!accessible(memory, address, bytes, need)) return 0;
    const writes = (need & PROT.write) !== 0;
    let first = Math.floor(address / PAGE_SIZE);
    let last = Math.floor((address + bytes - 1) / PAGE_SIZE);
    for (let page = first; page <= last; page++) {
      if (allowed(memory, page, need)) continue;
      // writable code: byte for byte, so that data beside code stays usable
      memory.expectStores(address, length);
      if (!this.#storesToCode(address, length)) return 1;
      this.#pending = { start: address, length };
      return 0;
    }
    while (!(writes && memory.isDivided(first)) && allowed(memory, first - 1, need)) first--;
    while (!(writes && memory.isDivided(last + 1)) && allowed(memory, last + 1, need)) last++;
    if (writes) memory.expectStores(first * PAGE_SIZE, (last + 1 - first) * PAGE_SIZE);
    this.#enter(first * PAGE_SIZE, (last + 1 - first) * PAGE_SIZE, need);
    return 2;
  }

  #enter(start: number, length: number, need: number): void {
    const { buffer } = this.#memory.memory;
    const view = new DataView(buffer, SCRATCH.intervals, INTERVALS * INTERVAL_BYTES);
    const at = this.#next * INTERVAL_BYTES;
    this.#next = (this.#next + 1) % INTERVALS;
    view.setBigUint64(at, BigInt(start), true);
    view.setBigUint64(at + 8, BigInt(length), true);
    view.setUint32(at + 16, need, true);
  }
}

/** Whether accesses to a page need no further questions. */
function allowed(memory: GuestMemory, page: number, need: number): boolean {
  const prot = memory.protectionAt(page * PAGE_SIZE);
  if ((need & PROT.write) === 0) return (prot & (PROT.read | PROT.write | PROT.exec)) !== 0;
  return (prot & (PROT.write | PROT.exec)) === PROT.write;
}
