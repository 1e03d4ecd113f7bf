// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The engine contract: what executes guest instructions.
 *
 * State (registers, flags, MXCSR, xmm, RAM, page protection) lives in `GuestMemory`; an engine may
 * keep copies while it runs, but at every return from `run` that home is exact: what the silicon
 * would hold after the same number of instructions.
 */
import type { Addr } from '../shared/brand.ts';
import type { ExecutionProfile } from './profile.ts';

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

/** Memory whose use stops a run. */
export interface Watch {
  readonly start: Addr;
  /** Bytes, ≥ 1. */
  readonly length: number;
  /** `access` is either of the other two. */
  readonly access: 'read' | 'write' | 'access';
}

/** The access that a watch has caught. */
export interface WatchHit {
  /** The instruction that made it; `state.rip` is where the program goes on. */
  readonly rip: bigint;
  /**
   * First byte of what the instruction accessed, which may begin before or end behind the watch. Of
   * a repeated string instruction: the part that lies in the watch.
   */
  readonly address: Addr;
  readonly length: number;
  /** `write` when the watch asks for writes and the instruction (perhaps also reading) does so. */
  readonly access: 'read' | 'write';
  /** The `length` bytes from `address` on before the instruction; those after are in RAM. */
  readonly before: Uint8Array;
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
  /**
   * An instruction has executed that accessed watched memory; it is counted. Of several hits the
   * first. A budget that ends with the instruction shows in `executed` alone; rip may be at a
   * breakpoint, which the next run passes over as its first instruction.
   */
  | { readonly kind: 'watchpoint'; readonly hit: WatchHit }
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
   * Replaces all watches. Free while there are none; as a write counts also one that changes nothing
   * (a failed cmpxchg). An access that faults hits nothing, and neither does the machine's own
   * (system calls). A repeated string instruction hits once, when it has come to its end.
   * @throws RangeError for a length that is no integer ≥ 1.
   */
  setWatches(watches: readonly Watch[]): void;

  /**
   * Counts every instruction from now on into `profile`, or none any more. Free while null. The
   * counts are complete, and then exact, after `updateProfile` and `setProfile`.
   */
  setProfile(profile: ExecutionProfile | null): void;

  /** Brings the profile up to date. Not while it runs. */
  updateProfile(): void;

  /**
   * Runs from the state in RAM until a stop, synchronously. A breakpoint at the very first
   * instruction of the run does not stop it, so that one can go on from a breakpoint.
   * @param budget most instructions to execute, an integer ≥ 1. Never exceeded; and used up unless
   * it is slow going (a very long rep string instruction, hundreds of instructions that need care
   * one by one): then a run may end early, with `budget` as the reason and fewer instructions
   * executed (none at all, perhaps), so that a pause is answered.
   */
  run(budget: number): RunResult;

  /**
   * Gets ready, while there is nothing else to do, what running the program from here on may need.
   * Each `next` does one small piece of it; whatever happens in between, a run or another program
   * included, does no harm. Changes nothing that can be seen. Engines that have nothing of the kind
   * to do lack it.
   */
  prepare?(): Iterator<undefined, void>;

  /** Frees what the garbage collector cannot. The engine is of no use afterwards. */
  dispose(): void;
}
