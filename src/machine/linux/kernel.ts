// SPDX-License-Identifier: GPL-2.0-or-later
import type { AddressSpace } from '../address-space.ts';
import type { Clock } from '../clock.ts';
import type { GuestFiles, Maybe } from '../files.ts';
import type { GuestMemory } from '../memory.ts';
import type { Stdin } from '../stdin.ts';
import type { FileTable } from './file-table.ts';
import type { Outputs } from './outputs.ts';
import type { SyscallRegisters } from './registers.ts';
import type { UserMemory } from './user-memory.ts';

/** What a call waits for: input, the clock, or the host's files and streams. */
export type WaitReason = 'stdin' | 'sleep' | 'other';

/** What the system calls work on: one process and the services of the host. */
export interface Kernel {
  readonly memory: GuestMemory;
  readonly user: UserMemory;
  readonly space: AddressSpace;
  readonly fds: FileTable;
  readonly files: GuestFiles;
  readonly stdin: Stdin;
  readonly clock: Clock;
  /** Fills up to 65,536 bytes with random values. */
  readonly random: (bytes: Uint8Array) => void;
  readonly outputs: Outputs;
  readonly isTerminal: (fd: 0 | 1 | 2) => boolean;
  readonly terminalSize: () => { readonly rows: number; readonly columns: number };
  /** Nanoseconds that the process has spent running rather than waiting. */
  cpuTime(): bigint;
  /** Ends the process once the call is over. */
  exit(status: number): void;
  /** Kills the process once the call is over. */
  kill(signal: string): void;
  /**
   * Waits for the host. When the wait is cancelled the promise never resolves, so what follows it
   * in a system call does not run; `abandoned` gets what came too late.
   */
  wait<T>(promise: Promise<T>, why: WaitReason, abandoned?: (value: T) => void): Promise<T>;
  /** Aborted when a wait that begins now is cancelled. */
  cancelled(): AbortSignal;
}

/** Serves one call. @returns the value for rax, a negative errno on failure. */
export type SyscallHandler = (kernel: Kernel, registers: SyscallRegisters) => Maybe<number>;
