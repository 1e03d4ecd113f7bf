// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * One process under control: the loop of slice, system call and stop, and the commands on it.
 *
 * The engine runs in slices of a few milliseconds. Between them the host breathes, so that a pause
 * gets through in an endless loop as well. A command ends in exactly one `StopReason`.
 */
import type { Engine, RunResult } from '../cpu/cpu.ts';
import type { GuestMemory } from '../machine/memory.ts';
import type { Process } from '../machine/process.ts';
import type { TimeCommand } from '../protocol/time.ts';
import type { BreakpointSpec, StopProblem, WatchpointSpec } from '../protocol/breakpoints.ts';
import type { MachineEvent, RunCommand, Snapshot, StopReason } from '../protocol/machine.ts';
import type { Addr } from '../shared/brand.ts';
import { DebugIndex } from '../shared/debug-index.ts';
import type { DebugInfo } from '../shared/debug-info.ts';
import { hex } from '../shared/format.ts';
import { Aim } from './aim.ts';
import { Calls } from './calls.ts';
import { goalOf, stepCount } from './command-goal.ts';
import { Pace, SLICE } from './pace.ts';
import { Readings } from './readings.ts';
import { StopRules } from './stops/stop-rules.ts';
import { isTimeCommand } from './time/commands.ts';
import { BREAKPOINT } from './time/ticks.ts';
import { Timekeeper, type RecordingOptions } from './time/timekeeper.ts';

/** What the session tells while it runs; output and strace come from the process itself. */
export type SessionEvent = Extract<
  MachineEvent,
  { type: 'stopped' | 'progress' | 'waiting' | 'samples' | 'log' | 'timeline' }
>;

export interface SessionOptions {
  readonly memory: GuestMemory;
  readonly process: Process;
  readonly engine: Engine;
  readonly debug: DebugInfo | null;
  readonly onEvent?: (event: SessionEvent) => void;
  /** Gives the host's event loop a turn: a macrotask, not a microtask. */
  readonly breathe: () => Promise<void>;
  /**
   * Resolves a moment after a stop, when the host has shown it. Left out, nothing is done while the
   * machine stands, and the first step back from where it has run to takes longer.
   */
  readonly idle?: () => Promise<void>;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** What is needed to record the run; default: it is not recorded. */
  readonly recording?: RecordingOptions | null;
}

/** Steps asked for together that are made one by one: each can be taken back without a replay. */
const TRACED = 64;

/** Milliseconds between `progress` events: one a frame. */
const FRAME = 16;

/** Milliseconds between two words of the timeline while running. */
const TIMELINE = 200;

export class Session {
  readonly #memory: GuestMemory;
  readonly #process: Process;
  readonly #engine: Engine;
  /** The recording; through it everything is run. */
  readonly time: Timekeeper;
  readonly #index: DebugIndex | null;
  readonly #onEvent: (event: SessionEvent) => void;
  readonly #breathe: () => Promise<void>;
  readonly #idle: (() => Promise<void>) | null;
  readonly #now: () => number;
  readonly #pace = new Pace();

  /** Breakpoints and watchpoints; set them through the session, which arms the engine. */
  readonly stops: StopRules;
  readonly #readings: Readings;
  readonly #aim: Aim;
  readonly #calls: Calls;
  #running: Promise<StopReason> | null = null;
  /** Counts the commands, and what goes on at rest. */
  #commands = 0;
  #resting: Promise<void> = Promise.resolve();
  #disposed = false;
  #pauseAsked = false;
  /** When progress and the timeline were told last. */
  #shown = 0;
  #told = 0;

  constructor(options: SessionOptions) {
    this.#memory = options.memory;
    this.#process = options.process;
    this.#engine = options.engine;
    this.#index = options.debug === null ? null : new DebugIndex(options.debug);
    this.stops = new StopRules(options.memory, this.#index);
    this.#onEvent = options.onEvent ?? (() => undefined);
    this.#breathe = options.breathe;
    this.#idle = options.idle ?? null;
    this.#now = options.now;
    this.time = new Timekeeper({
      ...{ memory: options.memory, process: options.process, engine: options.engine },
      index: this.#index,
      rules: this.stops,
      recording: options.recording ?? null,
      host: {
        breathe: this.#breathe,
        now: this.#now,
        cancelled: () => this.#pauseAsked,
        progress: () => this.#showProgress(this.#now()),
      },
    });
    const { memory, engine, debug } = options;
    const { stops, time } = this;
    const takeLog = stops.takeLog.bind(stops);
    this.#readings = new Readings({ memory, debug, time, takeLog, tell: this.#onEvent });
    this.#aim = new Aim({ memory, engine, stops, readings: this.#readings });
    this.#calls = new Calls({
      ...{ memory, process: options.process, time, stops, aim: this.#aim },
      index: () => this.#knowProgram(),
      paused: () => this.#pauseAsked,
      waits: () => this.#showWaiting(),
    });
  }

  get running(): boolean {
    return this.#running !== null;
  }

  /** Resolves when nothing more is done while the machine stands; see `SessionOptions.idle`. */
  get rested(): Promise<void> {
    return this.#resting;
  }

  /** How the process ended, if the machine stands at that end; null while it lives. */
  get end(): StopReason | null {
    return this.time.ended ?? (this.#disposed ? { kind: 'pause' } : null);
  }

  /** Symbols, and lines of the program as it is in the machine; null without debug info. */
  get index(): DebugIndex | null {
    return this.#index;
  }

  /** Registers and counters as they are now. */
  snapshot(): Snapshot {
    return {
      state: this.#memory.state.copy(),
      mips: this.#pace.mips,
      engine: this.#engine.name,
    };
  }

  /** See `BreakpointApi.setStops`. */
  setStops(
    breakpoints: readonly BreakpointSpec[],
    watchpoints: readonly WatchpointSpec[],
  ): readonly StopProblem[] {
    this.#aim.stale();
    return this.stops.set(breakpoints, watchpoints);
  }

  /** Replaces all stops by plain breakpoints, also while running. */
  setBreakpoints(addresses: Iterable<Addr>): void {
    const specs = [...addresses].map((address) => ({ id: hex(address), address, enabled: true }));
    this.setStops(specs, []);
  }

  /** See `MachineApi.watchScalars`. */
  watchScalars(events: readonly string[], tensors: readonly string[]): void {
    this.#readings.watch(events, tensors);
    this.#aim.stale();
  }

  /**
   * A change of state by the user, at a stop. In the past it begins a new branch.
   * @param change @returns an error text, and then nothing has changed; or null
   * @param debug of the program that the change makes of the one in the machine, if it does
   */
  edit(change: () => string | null, debug: DebugInfo | null = null): string | null {
    const error = this.time.edit(change, debug);
    this.#knowProgram();
    this.#tellTime();
    return error;
  }

  /** Lines and instructions are those of the program that is in the machine now. */
  #knowProgram(): DebugIndex | null {
    const { program } = this.time;
    if (program !== null) this.#index?.adopt(program);
    return this.#index;
  }

  /** Asks a running command to stop; its `run` then resolves with `pause`. */
  pause(): void {
    this.#pauseAsked = true;
    this.#calls.pause();
  }

  /**
   * Runs one command to its end. While one runs, a second call changes nothing and awaits it; after
   * the process has ended, it says again how.
   */
  run(command: RunCommand): Promise<StopReason> {
    const { end } = this;
    if (end !== null && !isTimeCommand(command)) return Promise.resolve(end);
    this.#running ??= this.#perform(command).finally(() => {
      this.#running = null;
      this.#resting = this.#rest();
    });
    return this.#running;
  }

  /** Until the next command comes: prepares for going back. */
  async #rest(): Promise<void> {
    const commands = ++this.#commands;
    if (this.#idle === null) return;
    await this.#idle();
    const mayGoOn = (): boolean =>
      commands === this.#commands && !this.running && !this.#disposed && !this.#calls.pending;
    const slice = mayGoOn() ? this.time.rest() : null;
    while (slice !== null && mayGoOn() && slice()) await this.#breathe();
  }

  /** Gives up whatever runs or waits; the session is of no use afterwards. */
  dispose(): void {
    this.#disposed = true;
    this.pause();
    this.#process.dispose();
    this.time.dispose();
  }

  async #perform(command: RunCommand): Promise<StopReason> {
    this.#pauseAsked = false;
    this.#pace.reset();
    const reason = isTimeCommand(command)
      ? ((await this.#calls.leave()) ?? (await this.time.perform(command)))
      : await this.#forward(command);
    this.#aim.take(null);
    this.#knowProgram();
    if (reason.kind === 'exit' || reason.kind === 'fault') this.time.finish(reason);
    if (STOPS.has(reason.kind)) this.time.mark(BREAKPOINT);
    this.#readings.flush();
    this.#tellTime();
    this.#onEvent({ type: 'stopped', reason, snapshot: this.snapshot() });
    return reason;
  }

  #forward(command: Exclude<RunCommand, TimeCommand>): Promise<StopReason> {
    const { pending } = this.#calls;
    const goal = goalOf(command, { memory: this.#memory, index: this.#index, pending });
    if (goal?.failed !== undefined) return Promise.resolve(goal.failed);
    this.#aim.take(goal, command.kind === 'detach');
    return this.#loop(stepCount(command, goal));
  }

  async #loop(count: number): Promise<StopReason> {
    let left = count;
    let breathed = this.#now();
    this.#shown = breathed;
    if (this.#calls.pending) {
      const ended = await this.#calls.finish();
      if (ended !== null) return ended;
      const arrived = this.#aim.arrive(false);
      if (arrived !== null) return arrived;
      left--; // to finish the call was a step of its own
    }
    for (;;) {
      if (left <= 0) return { kind: 'step' };
      if (this.#pauseAsked) return { kind: 'pause' };
      const { past } = this.time;
      const stuck = past ? null : (this.time.ended ?? (await this.time.ready()));
      if (stuck !== null) return stuck;
      // A call that was given up for a journey is made again; it was counted when it was met.
      const again = !past && this.time.unserved;
      const result = again ? AGAIN : this.#slice(left);
      left -= again ? 1 : result.executed;
      const ended = await this.#calls.serve(result.stop, past);
      // Where a watchpoint ends the command may be a breakpoint as well: it counts its arrival.
      if (ended?.kind === 'watchpoint') this.#aim.arrive(past);
      if (ended !== null) return ended;
      // Within a long rep instruction a slice may end where it began: that is no arrival.
      const arrived = again || result.executed > 0 ? this.#aim.arrive(past) : null;
      if (arrived !== null) return arrived;
      const now = this.#now();
      if (now - breathed < SLICE) continue;
      this.#showProgress(now);
      await this.#breathe();
      breathed = this.#now();
    }
  }

  #showProgress(now: number): void {
    if (now - this.#shown < FRAME) return;
    this.#shown = now;
    this.#readings.flush();
    if (now - this.#told >= TIMELINE) this.#tellTime();
    this.#onEvent({ type: 'progress', snapshot: this.snapshot() });
  }

  #showWaiting(): void {
    this.#readings.flush();
    this.#tellTime();
    this.#onEvent({ type: 'waiting', snapshot: this.snapshot() });
  }

  #tellTime(): void {
    if (!this.time.recording) return;
    this.#told = this.#now();
    this.#onEvent({ type: 'timeline', timeline: this.time.timeline() });
  }

  #slice(left: number): RunResult {
    this.#aim.arm();
    const started = this.#now();
    const { each } = this.#aim;
    if (each !== null) return this.#stepwise(each, left, started);
    const { past } = this.time;
    const budget = Math.min(left, this.#pace.budget);
    const result = left <= TRACED ? this.time.step() : this.time.run(budget);
    const ms = this.#now() - started;
    this.#pace.learn(result.executed, ms);
    if (!past) this.time.ran(ms);
    return result;
  }

  /** A slice of single steps, up to the first that may be the last. */
  #stepwise(each: () => StopReason | null, left: number, started: number): RunResult {
    const { past } = this.time;
    for (let executed = 0; ;) {
      const result = this.time.run(1);
      executed += result.executed;
      const late = this.#now() - started >= SLICE || this.time.past !== past;
      const over = executed >= left || late;
      if (over || result.stop.kind !== 'budget' || each() !== null || this.#aim.isStop) {
        return { stop: result.stop, executed };
      }
    }
  }
}

/** As if the engine had stopped at the call at which the machine stands. */
const AGAIN: RunResult = { stop: { kind: 'syscall' }, executed: 0 };

/** Stops that are marked on the timeline. */
const STOPS: ReadonlySet<string> = new Set(['breakpoint', 'watchpoint', 'condition']);
