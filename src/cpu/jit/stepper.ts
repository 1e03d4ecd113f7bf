// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Instructions executed one by one: the last of a budget, and where it matters which one faults and
 * how.
 */
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { EngineStop, RunResult } from '../cpu.ts';
import { accessFault, linearAddress } from '../software.ts';
import { accessesOf, isString, type Access } from './access.ts';
import type { GuestCode } from './code-source.ts';
import type { Counters } from './counters.ts';
import { EXIT } from './exits.ts';
import { KIND, STATUS_MASK } from './flags.ts';
import { pages } from './grounds.ts';
import type { Execute, Linker } from './link.ts';
import { compilePrecise } from './precise.ts';
import { faulted, followedBy } from './results.ts';
import { MAX_WINDOWS, SCRATCH } from './scratch.ts';
import type { WatchTests } from './watch.ts';

type FlagsFunction = (kind: number, a: bigint, b: bigint, c: bigint) => number;

/** A run of instructions made executable, and the bytes it was made from. */
interface Piece {
  readonly execute: Execute;
  readonly start: number;
  readonly bytes: Uint8Array;
  /** Up to which doubt (`Stepper.doubt`) it is known to be what it was. */
  sure: number;
}

/** Instructions remembered. */
const MOST = 16_384;
const RSP = 4;
const RBP = 5;

export class Stepper {
  readonly #memory: GuestMemory;
  readonly #code: GuestCode;
  readonly #linker: Linker;
  readonly #flags: FlagsFunction;
  /** A repeated string instruction was left on its way; whoever heeds it resets it. */
  unfinished = false;
  /** What its code looks out for; whoever changes it has it forget. */
  watch: WatchTests | null = null;
  /** What counts its instructions; whoever changes it has it forget. */
  counters: Counters | null = null;
  /** By instruction: a piece that can be entered there, and the parameter for that. */
  readonly #compiled = new Map<number, { piece: Piece; entry: number }>();
  /** Instructions for the fallback. */
  readonly #refuses = new Set<number>();
  #doubts = 0;

  constructor(memory: GuestMemory, code: GuestCode, linker: Linker, runtime: WebAssembly.Exports) {
    this.#memory = memory;
    this.#code = code;
    this.#linker = linker;
    this.#flags = runtime['flags'] as FlagsFunction;
  }

  /** Instructions that it can execute at once. */
  get size(): number {
    return this.#compiled.size;
  }

  forget(): void {
    this.#compiled.clear();
    this.#refuses.clear();
  }

  /** Code may have changed: a piece is used again when it turns out that its own has not. */
  doubt(): void {
    this.#doubts++;
    this.#refuses.clear();
  }

  /**
   * Executes up to `count` instructions from `rip`, which is that of the state; fewer when control
   * leaves the straight line or comes to what may touch watched memory (none at all, perhaps).
   * @returns null when the first is for the fallback: not translated, a store into translated code,
   *   or a repetition that faults on its way.
   */
  run(rip: number, count: number): RunResult | null {
    const found = this.#executable(rip);
    if (!found) return null;
    const { state } = this.#memory;
    const buffer = this.#memory.memory.buffer;
    const view = new DataView(buffer);
    view.setInt32(SCRATCH.left, count, true);
    view.setInt32(SCRATCH.flagKind, KIND.raw * 4 + 3, true);
    view.setBigUint64(SCRATCH.flagA, BigInt(state.rflags & STATUS_MASK), true);
    view.setBigUint64(SCRATCH.windows + 16 * MAX_WINDOWS + 8, 0n, true);
    // what was refused earlier is not to be taken for this instruction's
    view.setInt32(SCRATCH.refused + 12, 0, true);
    this.counters?.enter(count);
    const code = found.piece.execute(found.entry);
    const flags = this.#flags(
      view.getInt32(SCRATCH.flagKind, true),
      view.getBigInt64(SCRATCH.flagA, true),
      view.getBigInt64(SCRATCH.flagB, true),
      view.getBigInt64(SCRATCH.flagC, true),
    );
    state.rflags = (state.rflags & ~STATUS_MASK) | flags;
    const executed = count - view.getInt32(SCRATCH.left, true);
    state.instructions += executed;
    this.counters?.executed(rip, executed);
    const done = (stop: EngineStop): RunResult => ({ stop, executed });
    switch (code & 0xff) {
      case EXIT.piece:
        this.unfinished = true;
        return done({ kind: 'budget' });
      case EXIT.next:
      case EXIT.budget:
      case EXIT.watch:
        return done({ kind: 'budget' });
      case EXIT.syscall:
        return done({ kind: 'syscall' });
      case EXIT.misaligned:
        return followedBy(executed, this.misaligned());
      case EXIT.divide:
        return followedBy(executed, this.divideError());
      case EXIT.wild:
        return followedBy(executed, this.wildBranch());
      default:
        return executed > 0 ? done({ kind: 'budget' }) : this.#refused(rip);
    }
  }

  /** The fault of a misaligned access that compiled code has found. */
  misaligned(): RunResult {
    const address = new DataView(this.#memory.memory.buffer).getBigUint64(SCRATCH.address, true);
    const { rip } = this.#memory.state;
    return faulted({ signal: 'SIGSEGV', code: 'misaligned', rip, address });
  }

  divideError(): RunResult {
    const { rip } = this.#memory.state;
    return faulted({ signal: 'SIGFPE', code: 'divide-error', rip });
  }

  /** The fault of a branch to an address that is not canonical. */
  wildBranch(): RunResult {
    const { rip } = this.#memory.state;
    return faulted({ signal: 'SIGSEGV', code: 'general-protection', rip });
  }

  #executable(rip: number): { piece: Piece; entry: number } | null {
    const known = this.#compiled.get(rip);
    if (known && this.#isSure(known.piece)) return known;
    if (this.#refuses.has(rip)) return null;
    if (this.#compiled.size + this.#refuses.size >= MOST) this.forget();
    const home = SCRATCH.windows + 16 * MAX_WINDOWS;
    const precise = compilePrecise(this.#code, rip, home, this.watch, this.counters !== null);
    if (!precise) {
      this.#refuses.add(rip);
      return null;
    }
    const piece: Piece = {
      execute: this.#linker.link(precise.bytes),
      start: rip,
      bytes: this.#memory.bytes.slice(rip, precise.end),
      sure: this.#doubts,
    };
    precise.entries.forEach((ip, entry) => this.#compiled.set(ip, { piece, entry }));
    return { piece, entry: 0 };
  }

  #isSure(piece: Piece): boolean {
    if (piece.sure === this.#doubts) return true;
    const { start, bytes } = piece;
    const now = this.#memory.bytes;
    const same = bytes.every((b, i) => now[start + i] === b);
    const runs = pages(start, bytes.length).every(
      (page) => (this.#memory.protectionAt(page * PAGE_SIZE) & PROT.exec) !== 0,
    );
    if (same && runs) piece.sure = this.#doubts;
    return same && runs;
  }

  /** The fault of an access that was not allowed; null when it is not that simple. */
  #refused(rip: number): RunResult | null {
    const insn = this.#code.insnAt(rip);
    if (!insn || (isString(insn) && insn.rep !== 'none')) return null;
    const view = new DataView(this.#memory.memory.buffer, SCRATCH.refused, 16);
    const address = view.getBigUint64(0, true);
    const length = view.getInt32(8, true);
    const need = view.getInt32(12, true);
    const at = this.#memory.state.rip;
    const accesses = accessesOf(insn);
    if (accesses.some((a) => a.aligned) && address % 16n !== 0n) {
      return faulted({ signal: 'SIGSEGV', code: 'misaligned', rip: at, address });
    }
    const reads =
      (need & PROT.read) !== 0 ? accessFault(this.#memory, at, address, length, 'read') : null;
    const fault =
      reads ??
      ((need & PROT.write) !== 0 ? accessFault(this.#memory, at, address, length, 'write') : null);
    if (!fault) return null;
    const refused = accesses.find((a) => this.#addressOf(a) === address);
    const throughStack = refused?.seg === null && (refused.base === RSP || refused.base === RBP);
    if (fault.code === 'general-protection' && throughStack) {
      return faulted({ ...fault, signal: 'SIGBUS' });
    }
    return faulted(fault);
  }

  #addressOf(a: Access): bigint {
    const { base, index, scale, disp, seg, addr32 } = a;
    const parts = {
      base,
      index,
      scale,
      displacement: BigInt(disp),
      segment: seg ?? 'none',
      narrow: addr32,
    } as const;
    return linearAddress(parts, this.#memory.state);
  }
}
