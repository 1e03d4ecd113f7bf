// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * One process under control: the loop of slice, system call and stop, and the commands on it.
 *
 * The engine runs in slices of a few milliseconds. Between them the host breathes, so that a pause
 * gets through in an endless loop as well. A command ends in exactly one `StopReason`.
 */
import type { Engine, RunResult, Watch } from '../cpu/cpu.ts';
import { STACK_SIZE } from '../machine/layout.ts';
import type { GuestMemory } from '../machine/memory.ts';
import type { Process, SyscallOutcome } from '../machine/process.ts';
import type { TimeCommand } from '../protocol/time.ts';
import type { BreakpointSpec, StopProblem, WatchpointSpec } from '../protocol/breakpoints.ts';
import type {
  MachineEvent,
  RunCommand,
  Sample,
  Snapshot,
  StopReason,
} from '../protocol/machine.ts';
import { addr, type Addr } from '../shared/brand.ts';
import { GPR } from '../shared/cpu-state.ts';
import { DebugIndex } from '../shared/debug-index.ts';
import type { DebugInfo } from '../shared/debug-info.ts';
import { hex } from '../shared/format.ts';
import { goalOf, stepCount } from './command-goal.ts';
import { reportFault, reportKilled } from './fault-report.ts';
import type { Goal } from './goal.ts';
import { Pace, SLICE } from './pace.ts';
import { Sampler } from './samples.ts';
import { StopRules } from './stops/stop-rules.ts';
import { isTimeCommand } from './time/commands.ts';
import { BREAKPOINT } from './time/ticks.ts';
import { Timekeeper, type RecordingOptions } from './time/timekeeper.ts';

/** What the session tells while it runs; output and strace come from the process itself. */
export type SessionEvent = Extract<
  MachineEvent,
  { type: 'running' | 'stopped' | 'progress' | 'waiting' | 'samples' | 'log' | 'timeline' }
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

/** Bytes of a `syscall` instruction. */
const SYSCALL_LENGTH = 2;

/** Milliseconds between `progress` events: one a frame. */
const FRAME = 16;

/** Milliseconds between two words of the timeline while running. */
const TIMELINE = 200;

/** Events that are marked on the timeline whether or not anybody watches them: rare ones. */
const LANDMARKS = ['batch_end', 'epoch_end', 'frame_begin'];

/** Samples kept back at most before they are sent. */
const SAMPLE_BATCH = 256;

export class Session {
  readonly #memory: GuestMemory;
  readonly #process: Process;
  readonly #engine: Engine;
  /** The recording; through it everything is run. */
  readonly time: Timekeeper;
  readonly #landmarks: ReadonlyMap<Addr, string>;
  readonly #debug: DebugInfo | null;
  readonly #index: DebugIndex | null;
  readonly #onEvent: (event: SessionEvent) => void;
  readonly #breathe: () => Promise<void>;
  readonly #idle: (() => Promise<void>) | null;
  readonly #now: () => number;
  readonly #pace = new Pace();

  /** Breakpoints and watchpoints; set them through the session, which arms the engine. */
  readonly stops: StopRules;
  #sampler = new Sampler(null, [], []);
  #samples: Sample[] = [];
  #goal: Goal | null = null;
  /** Breakpoints and watchpoints are passed by. */
  #muted = false;
  #armed = false;
  /** What the goal has watched instead of going step by step. */
  #watched: readonly Watch[] | null = null;
  /** Where the engine has been told to stop. */
  #addresses: ReadonlySet<Addr> = new Set();
  #running: Promise<StopReason> | null = null;
  /** Counts the commands, and what goes on at rest. */
  #commands = 0;
  #resting: Promise<void> = Promise.resolve();
  #disposed = false;
  /** A system call that waits, begun by an earlier command. */
  #pending: Promise<SyscallOutcome> | null = null;
  #pause: { readonly asked: Promise<'pause'>; ask(): void } | null = null;
  #pauseAsked = false;
  /** When progress and the timeline were told last. */
  #shown = 0;
  #told = 0;

  constructor(options: SessionOptions) {
    this.#memory = options.memory;
    this.#process = options.process;
    this.#engine = options.engine;
    this.#debug = options.debug;
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
    const landmarks = this.#debug?.events.filter(({ name }) => LANDMARKS.includes(name)) ?? [];
    const recorded = this.time.recording ? landmarks : [];
    this.#landmarks = new Map(recorded.map(({ address, name }) => [addr(address), name]));
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
    this.#armed = false;
    return this.stops.set(breakpoints, watchpoints);
  }

  /** Replaces all stops by plain breakpoints, also while running. */
  setBreakpoints(addresses: Iterable<Addr>): void {
    const specs = [...addresses].map((address) => ({ id: hex(address), address, enabled: true }));
    this.setStops(specs, []);
  }

  /** See `MachineApi.watchScalars`. */
  watchScalars(events: readonly string[], tensors: readonly string[]): void {
    this.#sampler = new Sampler(this.#debug, events, tensors);
    this.#armed = false;
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
  #knowProgram(): void {
    const { program } = this.time;
    if (program !== null) this.#index?.adopt(program);
  }

  /** Asks a running command to stop; its `run` then resolves with `pause`. */
  pause(): void {
    this.#pauseAsked = true;
    this.#pause?.ask();
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
      commands === this.#commands && !this.running && !this.#disposed && this.#pending === null;
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
    this.#onEvent({ type: 'running' });
    const reason = isTimeCommand(command)
      ? ((await this.#leave()) ?? (await this.time.perform(command)))
      : await this.#forward(command);
    this.#goal = null;
    this.#armed = false;
    this.#knowProgram();
    if (reason.kind === 'exit' || reason.kind === 'fault') this.time.finish(reason);
    if (STOPS.has(reason.kind)) this.time.mark(BREAKPOINT);
    this.#flushSamples();
    this.#tellTime();
    this.#onEvent({ type: 'stopped', reason, snapshot: this.snapshot() });
    return reason;
  }

  #forward(command: Exclude<RunCommand, TimeCommand>): Promise<StopReason> {
    const pending = this.#pending !== null;
    this.#goal = goalOf(command, { memory: this.#memory, index: this.#index, pending });
    this.#muted = command.kind === 'detach';
    this.#armed = false;
    if (this.#goal?.failed !== undefined) return Promise.resolve(this.#goal.failed);
    return this.#loop(stepCount(command, this.#goal));
  }

  /** Before going elsewhere: a call that can be made again is given up, any other finished. */
  async #leave(): Promise<StopReason | null> {
    if (this.#pending === null) return null;
    if (this.#process.waiting === 'other') return this.#await(this.#pending);
    this.#pending = null;
    this.time.abandonCall();
    return null;
  }

  async #loop(count: number): Promise<StopReason> {
    let left = count;
    let breathed = this.#now();
    this.#shown = breathed;
    if (this.#pending !== null) {
      const ended = await this.#await(this.#pending);
      if (ended !== null) return ended;
      const arrived = this.#arrive(false);
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
      const ended = await this.#serve(result, past);
      // Where a watchpoint ends the command may be a breakpoint as well: it counts its arrival.
      if (ended?.kind === 'watchpoint') this.#arrive(past);
      if (ended !== null) return ended;
      // Within a long rep instruction a slice may end where it began: that is no arrival.
      const arrived = again || result.executed > 0 ? this.#arrive(past) : null;
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
    this.#flushSamples();
    if (now - this.#told >= TIMELINE) this.#tellTime();
    this.#onEvent({ type: 'progress', snapshot: this.snapshot() });
  }

  #tellTime(): void {
    if (!this.time.recording) return;
    this.#told = this.#now();
    this.#onEvent({ type: 'timeline', timeline: this.time.timeline() });
  }

  #slice(left: number): RunResult {
    const goal = this.#goal;
    if (!this.#armed || goal?.changed?.() === true) this.#arm();
    const started = this.#now();
    const each = this.#watched === null ? goal?.each : undefined;
    if (each !== undefined) return this.#stepwise(each, left, started);
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
      if (over || result.stop.kind !== 'budget' || each() !== null || this.#isStop()) {
        return { stop: result.stop, executed };
      }
    }
  }

  /** Whether the engine would stop here by itself. */
  #isStop(): boolean {
    return this.#addresses.has(Number(this.#memory.state.rip) as Addr);
  }

  #arm(): void {
    const goal: Iterable<Addr> = this.#goal?.addresses ?? [];
    const stops = this.#muted ? [] : this.stops.addresses;
    this.#addresses = new Set([
      ...stops,
      ...this.#sampler.addresses,
      ...this.#landmarks.keys(),
      ...goal,
    ]);
    this.#engine.setBreakpoints(this.#addresses);
    this.#watched = this.#goal?.watches?.() ?? null;
    this.#engine.setWatches([...(this.#muted ? [] : this.stops.watches), ...(this.#watched ?? [])]);
    this.#armed = true;
  }

  /**
   * What the engine's stop means for the process.
   * @param past whether the run was a replay
   * @returns the end of the command, or null
   */
  async #serve({ stop }: RunResult, past: boolean): Promise<StopReason | null> {
    if (stop.kind === 'fault') {
      this.#knowProgram();
      const bottom = this.#process.space.layout.stackTop - STACK_SIZE;
      const fault = reportFault(stop.fault, this.#memory, this.#index, bottom);
      return { kind: 'fault', fault };
    }
    if (stop.kind === 'watchpoint') return this.stops.used(stop.hit, { quiet: past });
    if (stop.kind !== 'syscall') return null;
    if (!this.#muted) this.stops.beginCall();
    if (past) {
      this.time.answer();
      return this.#endCall(true);
    }
    this.time.beginCall();
    const outcome = this.#process.syscall();
    if (!(outcome instanceof Promise)) return this.#outcome(outcome);
    return this.#await(outcome);
  }

  /** Waits for a system call that cannot be served at once, or for a pause. */
  async #await(call: Promise<SyscallOutcome>): Promise<StopReason | null> {
    this.#pending = call;
    if (this.#process.waiting === 'stdin') {
      this.#flushSamples();
      this.#onEvent({ type: 'waiting', snapshot: this.snapshot() });
    }
    this.#pause = makePause();
    if (this.#pauseAsked) this.#pause.ask();
    const first = await Promise.race([call, this.#pause.asked]);
    this.#pause = null;
    if (first === 'pause') return { kind: 'pause' };
    this.#pending = null;
    return this.#outcome(first);
  }

  #endCall(quiet: boolean): StopReason | null {
    return this.stops.endCall(Number(this.#memory.state.rip) - SYSCALL_LENGTH, { quiet });
  }

  #outcome(outcome: SyscallOutcome): StopReason | null {
    this.time.endCall(outcome);
    switch (outcome.kind) {
      case 'done':
        return this.#endCall(false);
      case 'exit':
        return { kind: 'exit', status: outcome.status };
      case 'killed':
        this.#knowProgram();
        return { kind: 'fault', fault: reportKilled(outcome.signal, this.#memory, this.#index) };
    }
  }

  /**
   * Looks at where rip has come to: a reading to take, the goal, a breakpoint.
   * @param past in a replay nothing is read or noted again
   */
  #arrive(past: boolean): StopReason | null {
    const { state } = this.#memory;
    const rip = Number(state.rip);
    if (!past) this.#read(rip);
    const stop = this.#muted ? null : this.stops.arrive(rip, { quiet: past });
    const goal = this.#goal;
    if (goal?.addresses.has(rip as Addr) && goal.arrived(rip, Number(state.gpr(GPR.rsp)))) {
      return goal.reason;
    }
    return goal?.each?.() ?? stop;
  }

  #read(rip: number): void {
    const landmark = this.#landmarks.get(rip as Addr);
    if (landmark !== undefined) this.time.mark(landmark);
    const sample = this.#sampler.take(this.#memory, rip);
    if (sample === null) return;
    if (sample.event !== landmark) this.time.mark(sample.event);
    this.#samples.push(sample);
    if (this.#samples.length >= SAMPLE_BATCH) this.#flushSamples();
  }

  #flushSamples(): void {
    const lines = this.stops.takeLog();
    if (lines.length > 0) this.#onEvent({ type: 'log', lines });
    if (this.#samples.length === 0) return;
    const samples = this.#samples;
    this.#samples = [];
    this.#onEvent({ type: 'samples', samples });
  }
}

/** As if the engine had stopped at the call at which the machine stands. */
const AGAIN: RunResult = { stop: { kind: 'syscall' }, executed: 0 };

/** Stops that are marked on the timeline. */
const STOPS: ReadonlySet<string> = new Set(['breakpoint', 'watchpoint', 'condition']);

function makePause(): { asked: Promise<'pause'>; ask(): void } {
  let ask: () => void = () => undefined;
  const asked = new Promise<'pause'>((resolve) => {
    ask = () => resolve('pause');
  });
  return { asked, ask };
}
