// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The contract between the page and the machine worker: types only, the one place both ends
 * import. After the Debug Adapter Protocol: the worker says `stopped(reason)`, then the page pulls
 * what it shows. Errors are data, since thrown ones lose their fields on the way.
 */
import type { AheadAnswer, AheadQuestion } from './ahead.ts';
import type { BreakpointApi, LogLine } from './breakpoints.ts';
import type { CodePatch } from './code-patch.ts';
import type { DebugInfo } from './debug-info.ts';
import type { InspectApi } from './inspect.ts';
import type { ProfileApi } from './profile.ts';
import type { TimeApi, TimeCommand, TimeEvent, TimeStop } from './time.ts';

export type EngineChoice = 'unicorn' | 'jit';

export interface BootRequest {
  readonly image: Uint8Array;
  readonly debug: DebugInfo | null;
  /** argv[0] and the program's arguments. */
  readonly argv: readonly string[];
  readonly engine: EngineChoice;
  /** Whether to record, so that one can go back; default as `setRecording` says. */
  readonly record?: boolean;
}

export type BootResult =
  | { readonly ok: true; readonly snapshot: Snapshot }
  | { readonly ok: false; readonly error: string };

/** Registers and counters at one moment; `state` is read through `CpuState` of `shared/`. */
export interface Snapshot {
  /** The 512-byte CPU state block, transferred. */
  readonly state: ArrayBuffer;
  /** Millions of instructions a second in the latest stretch of running; 0 after a step. */
  readonly mips: number;
  readonly engine: EngineChoice;
}

export interface FaultReport {
  readonly signal: string;
  readonly code: string;
  readonly rip: number;
  /** Hexadecimal, for memory faults. */
  readonly address: string | null;
  /** `name+offset` of the symbol around rip. */
  readonly symbol: string | null;
  readonly file: string | null;
  readonly line: number | null;
  /** One or two sentences for people: what happened, where, what to do about it. */
  readonly message: string;
}

export type StopReason =
  | { readonly kind: 'entry' }
  | { readonly kind: 'step' }
  /** `id` of the stop; `text` when there is more to say than where. */
  | {
      readonly kind: 'breakpoint';
      readonly address: number;
      readonly id?: string;
      readonly text?: string;
    }
  /** Watched memory was used by the instruction at `rip`; bytes are hexadecimal. */
  | {
      readonly kind: 'watchpoint';
      readonly id: string;
      readonly rip: number;
      readonly address: number;
      readonly before: string;
      readonly after: string;
      /** For people: what has become of the value, by which instruction. */
      readonly text: string;
    }
  /** The next instruction of the kind that was asked for is about to be executed. */
  | { readonly kind: 'next'; readonly what: NextKind }
  /** The expression that was run for holds; or it is none, and `text` says why. */
  | { readonly kind: 'condition'; readonly text: string }
  | { readonly kind: 'pause' }
  /** The `run until event` goal was reached. */
  | { readonly kind: 'event'; readonly name: string }
  /** Run to cursor arrived. */
  | { readonly kind: 'cursor' }
  /** A moment of the recording was gone to. */
  | TimeStop
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'fault'; readonly fault: FaultReport };

/** Instructions one can run to the next of. */
export type NextKind = 'call' | 'return' | 'syscall' | 'branch';

/** How to run; the answer comes as a `stopped` event. */
export type RunCommand =
  | { readonly kind: 'continue' }
  /** To the end, past all breakpoints and watchpoints. */
  | { readonly kind: 'detach' }
  /**
   * Until the expression comes to hold. As long as it reads memory alone the engine runs at speed;
   * with registers in it, it is evaluated after every instruction, which is slow.
   */
  | { readonly kind: 'until'; readonly expression: string }
  /** To the next instruction of a kind, which is not executed. */
  | { readonly kind: 'next'; readonly what: NextKind }
  /** `count` instructions, default 1. */
  | { readonly kind: 'step-in'; readonly count?: number }
  | { readonly kind: 'step-over' }
  | { readonly kind: 'step-out' }
  | { readonly kind: 'to'; readonly address: number }
  /** Until the annotated event has been reached `count` times. */
  | { readonly kind: 'until-event'; readonly name: string; readonly count: number }
  | TimeCommand;

/**
 * One reading of the program's own progress, taken at an event without stopping:
 * the scalar tensors named in `watchScalars`, in that order.
 */
export interface Sample {
  readonly event: string;
  readonly instructions: number;
  readonly values: readonly number[];
}

export type MachineEvent =
  | TimeEvent
  | {
      readonly type: 'stopped';
      readonly reason: StopReason;
      readonly snapshot: Snapshot;
      /** Answers to what `run` was given to answer ahead. */
      readonly ahead?: readonly AheadAnswer[];
    }
  /** While running, at most one a frame. */
  | { readonly type: 'progress'; readonly snapshot: Snapshot }
  /** The guest waits in read(0) for input; it is not stopped. */
  | { readonly type: 'waiting'; readonly snapshot: Snapshot }
  | { readonly type: 'output'; readonly fd: 1 | 2; readonly bytes: Uint8Array }
  | { readonly type: 'strace'; readonly lines: readonly StraceLine[] }
  /** What log points have printed. */
  | { readonly type: 'log'; readonly lines: readonly LogLine[] }
  | { readonly type: 'samples'; readonly samples: readonly Sample[] };

/**
 * The page's end of a machine: told all that belongs together at once, it answers when that is
 * painted, with the milliseconds that it kept the page's main thread busy.
 */
export type MachineListener = (events: readonly MachineEvent[]) => Promise<number>;

export interface StraceLine {
  /** Instruction count at the call. */
  readonly at: number;
  /** As strace(1) prints it: `read(3, "…", 784) = 784`. */
  readonly text: string;
  readonly failed: boolean;
}

export interface MemoryRegion {
  readonly start: number;
  readonly end: number;
  /** `r-x`, `rw-` … */
  readonly prot: string;
  /** Section, `heap`, `stack` or `mmap`. */
  readonly name: string;
}

export interface MemoryWindow {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** One byte a byte: 1 where mapped, 0 where not. */
  readonly mapped: Uint8Array;
}

export interface DisassembledInstruction {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** NASM syntax, with symbols where known. */
  readonly text: string;
  /** Where it jumps, always or on a condition; null for all others, calls included. */
  readonly jump: number | null;
}

/** What `machine.worker.ts` exposes through Comlink. */
export interface MachineApi extends BreakpointApi, TimeApi, InspectApi, ProfileApi {
  /**
   * Sets the one listener; called once by the client with a Comlink proxy.
   * @param page the page's address, against which `data/…` is resolved.
   */
  listen(listener: MachineListener, page: string): Promise<void>;
  /** The engines that `boot` can be given; never empty. */
  engines(): Promise<readonly EngineChoice[]>;
  /** Loads an image and stops at its entry. Ends what ran before. Breakpoints are kept. */
  boot(request: BootRequest): Promise<BootResult>;
  /** @param ahead questions to answer along with the stop. */
  run(command: RunCommand, ahead?: readonly AheadQuestion[]): Promise<void>;
  /** Answers within 50 ms by `stopped(pause)`; no effect unless running. */
  pause(): Promise<void>;
  /** At each of these events the scalars are read and sent as `samples`. Empty: none. */
  watchScalars(events: readonly string[], tensors: readonly string[]): Promise<void>;
  writeStdin(bytes: Uint8Array): Promise<void>;
  closeStdin(): Promise<void>;
  readMemory(address: number, length: number): Promise<MemoryWindow>;
  /** @returns an error text, or null when all bytes were written. */
  writeMemory(address: number, bytes: Uint8Array): Promise<string | null>;
  /** `register` is a general register, rip, rflags or xmmN; the value little-endian. */
  writeRegister(register: string, bytes: Uint8Array): Promise<string | null>;
  /**
   * Turns the program into another assembly of its sources where it stands, as one change by hand.
   * @returns why not, as a sentence, and then nothing has changed; or null.
   */
  patchCode(patch: CodePatch): Promise<string | null>;
  regions(): Promise<readonly MemoryRegion[]>;
  disassemble(address: number, count: number): Promise<readonly DisassembledInstruction[]>;
}
