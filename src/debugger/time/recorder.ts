// SPDX-License-Identifier: GPL-2.0-or-later
/** Takes down what the kernel and the user do to the machine, as entries for the tape. */
import { ERRNO } from '../../machine/linux/errno.ts';
import { SyscallRegisters } from '../../machine/linux/registers.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { Process, SyscallOutcome } from '../../machine/process.ts';
import { GPR } from '../../shared/cpu-state.ts';
import { EffectRecorder } from './effects.ts';
import type { RamTracker } from './ram-tracker.ts';
import { EDIT, type Effect, type Entry, type MemoryOp, type SlotChange } from './tape.ts';

/** System calls that change the descriptor in their first argument: its position, or that it is. */
const BY_ARGUMENT = new Set([0, 1, 3, 8, 19, 20]);
/** Those that open one. */
const BY_RESULT = new Set([2, 257]);
const WRITES = new Set([1, 20]);

const NOTHING: Omit<Effect, 'ops'> = {
  space: null,
  bases: null,
  slot: null,
  output: null,
  stdin: null,
  end: null,
  edit: null,
};

export class Recorder {
  readonly #memory: GuestMemory;
  readonly #process: Process;
  readonly #effects: EffectRecorder;
  readonly #registers: SyscallRegisters;
  #call = { number: 0, argument: 0, stdin: 0 };

  /** @param tracker listens to memory already: it hears of each change before the tape does */
  constructor(memory: GuestMemory, process: Process, tracker: RamTracker) {
    this.#memory = memory;
    this.#process = process;
    // what the tape keeps of RAM serves for checkpoints too
    this.#effects = new EffectRecorder(memory, (start, bytes) => tracker.keep(start, bytes));
    this.#registers = new SyscallRegisters(memory);
    process.stdin.keep();
  }

  dispose(): void {
    this.#effects.dispose();
  }

  /** A system call is about to be served. */
  begin(): void {
    this.#call = {
      number: this.#registers.number,
      argument: this.#registers.s32(0),
      stdin: this.#process.stdin.taken,
    };
    this.#effects.begin();
  }

  /** It will not be served now. */
  abandon(): void {
    this.#effects.suspend();
  }

  /** It has been served. */
  endCall(outcome: SyscallOutcome): Entry {
    const { state } = this.#memory;
    const { number } = this.#call;
    const ops = this.#effects.end();
    const result = BigInt.asIntN(64, state.gpr(GPR.rax));
    const stdin = this.#process.stdin.taken;
    const parts: Omit<Effect, 'ops'> = {
      ...NOTHING,
      space: number === 9 || number === 11 || number === 12 ? this.#process.space.save() : null,
      bases: number === 158 ? { fs: state.fsBase, gs: state.gsBase } : null,
      slot: this.#slot(result),
      output: this.#output(result),
      stdin: stdin === this.#call.stdin ? null : stdin,
      end: outcome.kind === 'done' ? null : outcome,
    };
    const empty = ops.length === 0 && Object.values(parts).every((part) => part === null);
    const at = state.instructions;
    return { at, number, rax: state.gpr(GPR.rax), effect: empty ? null : { ...parts, ops } };
  }

  /** Lets the user change the state, also while a call waits. */
  edit(change: () => string | null): { error: string | null; entry: Entry } {
    const outer = this.#effects.suspend();
    const before = this.#memory.state.bytes.slice();
    this.#effects.begin();
    const error = change();
    const ops: readonly MemoryOp[] = this.#effects.end();
    this.#effects.resume(outer);
    const { state } = this.#memory;
    const effect: Effect = { ...NOTHING, ops, edit: { before, after: state.bytes.slice() } };
    return {
      error,
      entry: { at: state.instructions, number: EDIT, rax: state.gpr(GPR.rax), effect },
    };
  }

  #slot(result: bigint): SlotChange | null {
    const { number, argument } = this.#call;
    const opened = BY_RESULT.has(number) && result >= 0n;
    if (!opened && !BY_ARGUMENT.has(number)) return null;
    const fd = opened ? Number(result) : argument;
    const description = this.#process.descriptors.get(fd);
    if (description === undefined) {
      const closed = number === 3 && result !== BigInt(-ERRNO.EBADF);
      return closed ? { fd, description: null, position: 0 } : null;
    }
    if (!opened && typeof description.target === 'string') return null;
    return { fd, description, position: description.position };
  }

  #output(result: bigint): Effect['output'] {
    const { number, argument } = this.#call;
    if (!WRITES.has(number) || result <= 0n) return null;
    const target = this.#process.descriptors.get(argument)?.target;
    if (target !== 'stdout' && target !== 'stderr') return null;
    return { fd: target === 'stdout' ? 1 : 2, length: Number(result) };
  }
}
