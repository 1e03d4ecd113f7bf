// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What a session has to do with time: everything, when it records; when it does not, this is thin
 * air between it and the engine.
 */
import type { Engine, RunResult } from '../../cpu/cpu.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { Process, SyscallOutcome } from '../../machine/process.ts';
import type { StopReason } from '../../protocol/machine.ts';
import type { Around, TimeCommand, Timeline, TimelineTick } from '../../protocol/time.ts';
import type { DebugInfo } from '../../shared/debug-info.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import type { StopRules } from '../stops/stop-rules.ts';
import { DEFAULT_BUDGET } from './branches.ts';
import { performTimeCommand } from './commands.ts';
import { ticksOf } from './ticks.ts';
import type { TimeFiles } from './time-files.ts';
import { TimeMachine } from './time-machine.ts';
import { Travel, type TravelHost } from './travel.ts';

/** Left out, nothing is recorded. */
export interface RecordingOptions {
  /** The process's files, made for it. */
  readonly files: TimeFiles | null;
  /** Bytes; default 256 MiB. */
  readonly budget?: number;
}

export interface TimekeeperOptions {
  readonly memory: GuestMemory;
  readonly process: Process;
  readonly engine: Engine;
  readonly index: DebugIndex | null;
  readonly rules: StopRules;
  readonly host: TravelHost;
  readonly recording: RecordingOptions | null;
}

export class Timekeeper {
  readonly #options: TimekeeperOptions;
  #time: TimeMachine | null = null;
  #travel: Travel | null = null;
  #budget: number;
  /** How the process ended, when there is no recording to know it. */
  #ended: StopReason | null = null;
  /** What is known of the program, where no recording knows better. */
  #program: DebugInfo | null;

  constructor(options: TimekeeperOptions) {
    this.#options = options;
    this.#budget = options.recording?.budget ?? DEFAULT_BUDGET;
    this.#program = options.index?.info ?? null;
    if (options.recording !== null) this.#start();
  }

  dispose(): void {
    this.#time?.dispose();
  }

  /** Whether the machine stands before the end of what has been recorded. */
  get past(): boolean {
    return this.#time?.past ?? false;
  }

  /** How the process ended, if the machine stands at that end. */
  get ended(): StopReason | null {
    return this.#time === null ? this.#ended : this.#time.ended;
  }

  /** What is known of the program at this moment. */
  get program(): DebugInfo | null {
    return this.#time === null ? this.#program : (this.#time.program?.debug ?? null);
  }

  /** Whether there is anything to go back to. */
  get recording(): boolean {
    return this.#time !== null;
  }

  /** Whether the call at which the machine stands has to be served, perhaps anew. */
  get unserved(): boolean {
    return this.#time?.unserved ?? false;
  }

  /** Runs like the engine, or again what was recorded. A call that comes by there: `answer` it. */
  run(budget: number): RunResult {
    return this.#time === null ? this.#options.engine.run(budget) : this.#time.run(budget, false);
  }

  /** Runs one instruction likewise, so that going back from behind it is quick. */
  step(): RunResult {
    return this.#travel === null ? this.#options.engine.run(1) : this.#travel.step();
  }

  /** Answers the call of a replay from the tape. */
  answer(): void {
    this.#time?.answer();
  }

  /** To be told how long live running took. */
  ran(ms: number): void {
    this.#time?.ran(ms);
  }

  /** Makes the kernel's side that of the present. @returns why the machine cannot run on, or null. */
  ready(): Promise<StopReason | null> | null {
    if (this.#time === null || this.#time.alive) return null;
    return this.#time
      .goLive()
      .then((text) => (text === null ? null : { kind: 'time', found: false, text }));
  }

  beginCall(): void {
    this.#time?.beginCall();
  }

  endCall(outcome: SyscallOutcome): void {
    this.#time?.endCall(outcome);
  }

  /** The call that waits is given up; it will be served anew. */
  abandonCall(): void {
    this.#options.process.abandon();
    this.#time?.abandonCall();
  }

  finish(reason: StopReason): void {
    if (this.#time === null) this.#ended ??= reason;
    else this.#time.finish(reason);
  }

  /** Notes a moment worth finding again. */
  mark(name: string): void {
    this.#time?.mark(name);
  }

  /** A change by the user; see `TimeMachine.edit`. */
  edit(change: () => string | null, debug: DebugInfo | null): string | null {
    if (this.#time === null) {
      const error = change();
      if (error === null) this.#program = debug ?? this.#program;
      return error;
    }
    const { branch } = this.#time;
    const error = this.#time.edit(change, debug);
    if (branch !== this.#time.branch) this.#options.rules.forgetAfter(this.#time.position);
    return error;
  }

  async perform(command: TimeCommand): Promise<StopReason> {
    const { rules, index, host } = this.#options;
    if (this.#travel === null) {
      return { kind: 'time', found: false, text: 'Nothing is recorded, so there is no way back.' };
    }
    const { cancelled } = host;
    return performTimeCommand(command, { travel: this.#travel, rules, index, cancelled });
  }

  /** What can be done while the machine stands here and nobody wants anything; null: nothing. */
  rest(): (() => boolean) | null {
    const rest = this.#travel?.rest;
    return rest?.begin() === true ? () => rest.slice() : null;
  }

  timeline(): Timeline {
    const time = this.#time;
    const position = this.#options.memory.state.instructions;
    if (time === null) {
      const nothing = { recording: false, past: false, bytes: 0, checkpoints: 0, branch: 0 };
      const budget = this.#budget;
      return { ...nothing, first: position, end: position, position, budget, branches: [] };
    }
    return {
      recording: true,
      first: time.branch.first,
      end: time.end,
      position,
      past: time.past,
      bytes: time.bytes,
      budget: time.budget,
      checkpoints: time.branch.checkpoints.count,
      branch: time.branch.id,
      branches: time.branches.map((branch) => ({
        id: branch.id,
        parent: branch.parent,
        forkedAt: branch.forkedAt,
        end: branch === time.branch ? time.end : branch.end,
        ended: branch.ended === null ? null : branch.ended.kind === 'exit' ? 'exit' : 'fault',
      })),
    };
  }

  ticks(from: number, to: number, most: number): TimelineTick[] {
    return this.#time === null ? [] : ticksOf(this.#time.branch, from, to, most);
  }

  around(event: string, at: number): Around {
    return this.#time?.branch.marks.around(event, at) ?? { from: null, to: null };
  }

  /** Turns recording on or off. @returns an error text, or null. */
  setRecording(on: boolean, budget: number): string | null {
    this.#budget = budget;
    if (on && this.#time !== null) this.#time.budget = budget;
    if (on === this.recording) return null;
    if (this.past) return 'Go back to the end before you turn the recording off.';
    if (on && this.#ended !== null) return 'The process has ended: restart it to record it.';
    if (on) this.#start();
    else {
      this.#ended = this.#time?.ended ?? null;
      this.#program = this.program;
      this.#time?.dispose();
      if (this.#options.recording?.files != null) this.#options.recording.files.noting = false;
      this.#time = null;
      this.#travel = null;
    }
    return null;
  }

  discard(id: number): string | null {
    return this.#time?.discard(id) === true ? null : 'This branch cannot be discarded now.';
  }

  #start(): void {
    const { memory, process, engine, host, recording } = this.#options;
    const files = recording?.files ?? null;
    files?.restart(process.descriptors.entries());
    const { now } = host;
    const [budget, debug] = [this.#budget, this.#program];
    this.#time = new TimeMachine({ memory, process, engine, files, debug, budget, now });
    this.#travel = new Travel(this.#time, host);
  }
}
