// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Watches, looked at one instruction at a time: before it, what it is about to access and what is
 * there; after it, whether that was a hit. How an engine finds the instructions worth looking at is
 * its own affair.
 */
import { addr } from '../shared/brand.ts';
import type { CpuState } from '../shared/cpu-state.ts';
import { PAGE_SIZE, PROT } from '../machine/layout.ts';
import type { GuestMemory } from '../machine/memory.ts';
import { memoryAccesses, type Accesses, type MemoryAccess } from './accesses.ts';
import type { EngineStop, Watch, WatchHit } from './cpu.ts';
import { LONGEST_INSTRUCTION } from './operand-access.ts';

/** A hit to be, and in which round of a repetition it comes about (0 without one). */
interface Candidate {
  readonly hit: WatchHit;
  readonly round: number;
}

/** An instruction that has been looked at and is being executed. */
interface Begun {
  readonly rip: bigint;
  /** Retired before it. */
  readonly instructions: number;
  readonly candidates: readonly Candidate[];
  readonly accesses: Accesses;
  /** The count register of a repetition when it was last left on its way. */
  count: bigint;
}

const RCX = 1;

export class WatchSet {
  readonly list: readonly Watch[];
  /** Lowest and highest watched address, the latter exclusive. */
  readonly low: number;
  readonly high: number;
  /** A repetition that was left on its way, and goes on with the next run. */
  #begun: Begun | null = null;

  /** @throws RangeError for a watch whose length is no integer ≥ 1. */
  constructor(list: readonly Watch[]) {
    if (list.some(({ length }) => !Number.isInteger(length) || length < 1)) {
      throw new RangeError('a watch is one byte long or more');
    }
    this.list = list;
    this.low = Math.min(...list.map(({ start }) => start));
    this.high = Math.max(...list.map(({ start, length }) => start + length));
  }

  get any(): boolean {
    return this.list.length > 0;
  }

  /** Pages that hold watched bytes; `reads`: whether reading some of them is of interest. */
  pages(): Map<number, { reads: boolean }> {
    const found = new Map<number, { reads: boolean }>();
    for (const { start, length, access } of this.list) {
      const last = Math.floor((start + length - 1) / PAGE_SIZE);
      for (let page = Math.floor(start / PAGE_SIZE); page <= last; page++) {
        const reads = access !== 'write' || (found.get(page)?.reads ?? false);
        found.set(page, { reads });
      }
    }
    return found;
  }

  /** Whether the instruction at rip is a repetition that was left on its way to a hit. */
  isUnderWay(state: CpuState): boolean {
    return this.#begun !== null && isSame(this.#begun, state);
  }

  /**
   * Looks at the instruction at rip, which is about to be executed alone. State and RAM are exact.
   * @returns whether it will hit a watch, unless it faults or ends before.
   */
  begin(memory: GuestMemory): boolean {
    const { state } = memory;
    const begun = this.#begun;
    if (begun && isSame(begun, state)) return true;
    this.#begun = null;
    const rip = Number(state.rip);
    if ((memory.protectionAt(rip) & PROT.exec) === 0) return false;
    const accesses = memoryAccesses(memory.bytes.subarray(rip, rip + LONGEST_INSTRUCTION), state);
    const candidates = this.#candidates(accesses, memory);
    if (candidates.length === 0) return false;
    const { instructions } = state;
    this.#begun = { rip: state.rip, instructions, candidates, accesses, count: state.gpr(RCX) };
    return true;
  }

  /**
   * To be called when the instruction has been executed, or has not.
   * @param executed whether it has retired; otherwise it faulted or is a repetition on its way.
   */
  finish(memory: GuestMemory, executed: boolean): EngineStop | null {
    const begun = this.#begun;
    if (!begun) return null;
    const { state } = memory;
    if (!executed) {
      begun.count = state.gpr(RCX);
      if (state.rip !== begun.rip || !begun.accesses.repeat) this.#begun = null;
      return null;
    }
    this.#begun = null;
    const { repeat } = begun.accesses;
    const left = repeat === null ? 0 : Number(BigInt.asUintN(repeat.bits, state.gpr(RCX)));
    const rounds = repeat === null ? 1 : repeat.count - left;
    const [first] = begun.candidates
      .filter(({ round }) => round < rounds)
      .sort((a, b) => a.round - b.round);
    return first ? { kind: 'watchpoint', hit: first.hit } : null;
  }

  #candidates(accesses: Accesses, memory: GuestMemory): Candidate[] {
    const found: Candidate[] = [];
    for (const access of accesses.list) {
      for (const watch of this.list) {
        const candidate = candidateOf(access, accesses.repeat, watch, memory);
        if (candidate) found.push(candidate);
      }
    }
    return found;
  }
}

function isSame(begun: Begun, state: CpuState): boolean {
  return (
    state.rip === begun.rip &&
    state.instructions === begun.instructions &&
    state.gpr(RCX) === begun.count
  );
}

function candidateOf(
  access: MemoryAccess,
  repeat: Accesses['repeat'],
  watch: Watch,
  memory: GuestMemory,
): Candidate | null {
  const written = access.write && watch.access !== 'read';
  if (!written && !(access.read && watch.access !== 'write')) return null;
  const watchEnd = watch.start + watch.length;
  let { address } = access;
  let end = address + access.length;
  let round = 0;
  if (repeat) {
    if (repeat.count === 0) return null;
    const last = address + repeat.step * (repeat.count - 1);
    const size = Math.abs(repeat.step);
    // the first round whose element reaches the watch
    const away = repeat.step > 0 ? watch.start - end : address - watchEnd;
    round = away < 0 ? 0 : Math.floor(away / size) + 1;
    address = Math.max(Math.min(address, last), watch.start);
    end = Math.min(Math.max(end, last + access.length), watchEnd);
  }
  if (address >= watchEnd || end <= watch.start || address >= end) return null;
  return {
    round,
    hit: {
      rip: memory.state.rip,
      address: addr(address),
      length: end - address,
      access: written ? 'write' : 'read',
      before: memory.bytes.slice(address, end),
    },
  };
}
