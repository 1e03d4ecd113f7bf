// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Counting in compiled code: one counter in RAM for each block, incremented where it begins.
 *
 * A block that is left early has been counted as a whole; how many of its instructions are missing
 * is the operand of the exit, and they are taken back. Calls and returns are told as they happen.
 */
import type { GuestMemory } from '../../machine/memory.ts';
import type { ExecutionProfile } from '../profile.ts';
import type { Insn } from './decode.ts';
import { i32, i64, op, opImm, store, type Stmt } from './ir.ts';
import type { CodeSource } from './shape.ts';
import { MAX_COUNTERS, SCRATCH } from './scratch.ts';

/** What `trace` tells of. */
export const TRACED = { call: 0, return: 1 } as const;

/** Counters that a region may need; so many must be free when one is translated. */
const ROOM = 4096;

export class Counters {
  readonly #memory: GuestMemory;
  readonly #code: CodeSource;
  readonly #profile: ExecutionProfile;
  /** Addresses of the instructions behind each counter. */
  readonly #blocks: number[][] = [];
  /** Instruction number at which the budget of the code now running is used up. */
  #end = 0;

  constructor(memory: GuestMemory, code: CodeSource, profile: ExecutionProfile) {
    this.#memory = memory;
    this.#code = code;
    this.#profile = profile;
  }

  /** Counts a block whose instructions these are. */
  count(insns: readonly Insn[]): Stmt {
    if (this.#blocks.length >= MAX_COUNTERS) throw new Error('no counter is left');
    const at = i32(SCRATCH.counters + 8 * this.#blocks.length);
    this.#blocks.push(insns.map(({ ip }) => ip));
    return store('i64.store', 0, at, op('i64.add', opImm('i64.load', [0], at), i64(1)));
  }

  /** Whether all translations have to go before there is room for another. */
  get full(): boolean {
    return this.#blocks.length > MAX_COUNTERS - ROOM;
  }

  /** For `release`: how many counters are in use. */
  get used(): number {
    return this.#blocks.length;
  }

  /** Gives back all counters but the first `used`: their code has been thrown away unused. */
  release(used: number): void {
    this.#blocks.length = used;
  }

  /** Brings the profile up to date. */
  fold(): void {
    const view = new DataView(this.#memory.memory.buffer, SCRATCH.counters, 8 * MAX_COUNTERS);
    this.#blocks.forEach((ips, i) => {
      const n = Number(view.getBigUint64(8 * i, true));
      if (n === 0) return;
      view.setBigUint64(8 * i, 0n, true);
      for (const ip of ips) this.#profile.add(ip, n);
    });
  }

  /** Folds, and forgets all counters: their translations are gone. */
  reset(): void {
    this.fold();
    this.#blocks.length = 0;
  }

  // ---- while it runs ----

  /** A run begins at the state's instruction number. */
  begin(): void {
    const { state } = this.#memory;
    this.#profile.calls.begin(state.instructions, Number(state.rip));
  }

  /** Code is entered that may execute `budget` instructions. */
  enter(budget: number): void {
    this.#end = this.#memory.state.instructions + budget;
  }

  /** Compiled code has been left; `rest` instructions of its last block have not executed. */
  leave(rest: number): void {
    const { state } = this.#memory;
    this.#profile.calls.settle(state.instructions);
    this.#straight(Number(state.rip), rest, -1);
  }

  /** `n` instructions straight on from `rip` have executed outside of the counted blocks. */
  executed(rip: number, n: number): void {
    this.#profile.calls.settle(this.#memory.state.instructions);
    this.#straight(rip, n, 1);
  }

  /** A call or return has executed, with `left` of the budget that `enter` was told. */
  traced(kind: number, target: number, rsp: number, left: number): void {
    const now = this.#end - left;
    const { calls } = this.#profile;
    if (kind === TRACED.call) calls.called(now, target >>> 0, rsp >>> 0);
    else calls.returned(now, rsp >>> 0);
  }

  #straight(rip: number, n: number, by: number): void {
    let at = rip;
    for (let i = 0; i < n; i++) {
      this.#profile.add(at, by);
      const insn = this.#code.insnAt(at);
      if (!insn) throw new Error(`no instruction at ${at.toString(16)} to count`);
      at = insn.next;
    }
  }
}
