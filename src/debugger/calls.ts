// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What it means for the process that the engine has stopped: a fault, watched memory, a system
 * call, which is served or, in the past, answered from the tape. One that has to wait outlives the
 * command that made it.
 */
import type { EngineStop } from '../cpu/cpu.ts';
import { STACK_SIZE } from '../machine/layout.ts';
import type { GuestMemory } from '../machine/memory.ts';
import type { Process, SyscallOutcome } from '../machine/process.ts';
import type { StopReason } from '../protocol/machine.ts';
import type { DebugIndex } from '../shared/debug-index.ts';
import type { Aim } from './aim.ts';
import { reportFault, reportKilled } from './fault-report.ts';
import type { StopRules } from './stops/stop-rules.ts';
import type { Timekeeper } from './time/timekeeper.ts';

/** Bytes of a `syscall` instruction. */
const SYSCALL_LENGTH = 2;

export interface CallsOptions {
  readonly memory: GuestMemory;
  readonly process: Process;
  readonly time: Timekeeper;
  readonly stops: StopRules;
  readonly aim: Aim;
  /** Of the program as it is in the machine. */
  readonly index: () => DebugIndex | null;
  /** Whether the user wants the command to end. */
  readonly paused: () => boolean;
  /** Told when a call begins to wait for input. */
  readonly waits: () => void;
}

export class Calls {
  readonly #options: CallsOptions;
  #pending: Promise<SyscallOutcome> | null = null;
  /** Wakes who waits for the call. */
  #wake: (() => void) | null = null;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Whether a call waits that an earlier command has made. */
  get pending(): boolean {
    return this.#pending !== null;
  }

  /**
   * @param past whether the run was a replay
   * @returns the end of the command, or null
   */
  async serve(stop: EngineStop, past: boolean): Promise<StopReason | null> {
    const { memory, process, time, stops, aim, index } = this.#options;
    if (stop.kind === 'fault') {
      const bottom = process.space.layout.stackTop - STACK_SIZE;
      return { kind: 'fault', fault: reportFault(stop.fault, memory, index(), bottom) };
    }
    if (stop.kind === 'watchpoint') return stops.used(stop.hit, { quiet: past });
    if (stop.kind !== 'syscall') return null;
    if (!aim.muted) stops.beginCall();
    if (past) {
      time.answer();
      return this.#end(true);
    }
    time.beginCall();
    const outcome = process.syscall();
    return outcome instanceof Promise ? this.#await(outcome) : this.#conclude(outcome);
  }

  /** Waits on for the call that is pending. @returns likewise */
  async finish(): Promise<StopReason | null> {
    return this.#pending === null ? null : this.#await(this.#pending);
  }

  /** Before going elsewhere: a call that can be made again is given up, any other finished. */
  async leave(): Promise<StopReason | null> {
    if (this.#pending === null) return null;
    if (this.#options.process.waiting === 'other') return this.finish();
    this.#pending = null;
    this.#options.time.abandonCall();
    return null;
  }

  /** To be called when the user wants the command to end: who waits for a call waits no longer. */
  pause(): void {
    this.#wake?.();
  }

  async #await(call: Promise<SyscallOutcome>): Promise<StopReason | null> {
    this.#pending = call;
    if (this.#options.process.waiting === 'stdin') this.#options.waits();
    const paused = new Promise<null>((resolve) => {
      this.#wake = () => resolve(null);
    });
    if (this.#options.paused()) this.pause();
    const outcome = await Promise.race([call, paused]);
    this.#wake = null;
    if (outcome === null) return { kind: 'pause' };
    this.#pending = null;
    return this.#conclude(outcome);
  }

  #conclude(outcome: SyscallOutcome): StopReason | null {
    const { memory, time, index } = this.#options;
    time.endCall(outcome);
    switch (outcome.kind) {
      case 'done':
        return this.#end(false);
      case 'exit':
        return { kind: 'exit', status: outcome.status };
      case 'killed':
        return { kind: 'fault', fault: reportKilled(outcome.signal, memory, index()) };
    }
  }

  #end(quiet: boolean): StopReason | null {
    const { memory, stops } = this.#options;
    return stops.endCall(Number(memory.state.rip) - SYSCALL_LENGTH, { quiet });
  }
}
