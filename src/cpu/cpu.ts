// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The engine contract: what executes guest instructions.
 *
 * State (registers, flags, MXCSR, xmm, RAM, page protection) lives in `GuestMemory`; an engine may
 * keep copies while it runs, but at every return from `run` that home is exact: what the silicon
 * would hold after the same number of instructions.
 */
import type { Addr } from '../shared/brand.ts';

export type EngineName = 'unicorn' | 'jit';

/** Why and how the guest was refused; the state is that before the faulting instruction. */
export interface Fault {
  readonly signal: 'SIGSEGV' | 'SIGILL' | 'SIGFPE' | 'SIGTRAP' | 'SIGBUS';
  readonly code:
    | 'unmapped-read'
    | 'unmapped-write'
    | 'unmapped-fetch'
    | 'read-protected'
    | 'write-protected'
    | 'exec-protected'
    /** movaps and friends on an address that is not a multiple of 16 */
    | 'misaligned'
    /** an address that is not canonical, or a privileged instruction: #GP on silicon */
    | 'general-protection'
    | 'divide-error'
    | 'invalid-opcode'
    /** a real instruction that no engine here can execute truthfully; `detail` names it */
    | 'unsupported'
    /** int3; unlike the others it has executed, and rip is behind it */
    | 'breakpoint-trap';
  /** rip of the faulting instruction (for int3: of the int3 itself). */
  readonly rip: bigint;
  /** The address that was accessed, for memory faults. */
  readonly address?: bigint;
  /** For people: the instruction as text, the CPU feature it needs. */
  readonly detail?: string;
}

export type EngineStop =
  /** The budget is used up. */
  | { readonly kind: 'budget' }
  /** rip is at one of the breakpoints and its instruction has not executed. */
  | { readonly kind: 'breakpoint' }
  /**
   * A `syscall` instruction has executed as on Linux up to the kernel's entry: rcx = rip = address
   * of the next instruction, r11 = rflags; it is counted. The machine now serves it and sets rax.
   */
  | { readonly kind: 'syscall' }
  | { readonly kind: 'fault'; readonly fault: Fault };

export interface RunResult {
  readonly stop: EngineStop;
  /**
   * Instructions retired by this run, exact; already added to `state.instructions`.
   * A `rep` string instruction counts once, a faulting instruction not at all.
   */
  readonly executed: number;
}

export interface Engine {
  readonly name: EngineName;

  /**
   * Replaces all breakpoints. Cheap when nothing changes; not to be called for every step.
   */
  setBreakpoints(addresses: ReadonlySet<Addr>): void;

  /**
   * Runs from the state in RAM until a stop, synchronously. A breakpoint at the very first
   * instruction of the run does not stop it, so that one can go on from a breakpoint.
   * @param budget most instructions to execute, an integer ≥ 1. Never exceeded; and used up unless
   * it is slow going (a very long rep string instruction, hundreds of instructions that need care
   * one by one): then a run may end early, with `budget` as the reason and fewer instructions
   * executed (none at all, perhaps), so that a pause is answered.
   */
  run(budget: number): RunResult;

  /** Frees what the garbage collector cannot. The engine is of no use afterwards. */
  dispose(): void;
}
