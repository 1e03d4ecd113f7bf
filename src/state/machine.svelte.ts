// SPDX-License-Identifier: GPL-2.0-or-later
/** The guest machine as the page sees it, and what one can ask of it. */
import type { MachineHandle } from '../client/machine-client.ts';
import type { WorkerCrash } from '../client/worker-link.ts';
import type { InspectApi } from '../protocol/inspect.ts';
import type {
  EngineChoice,
  MachineEvent,
  RunCommand,
  Sample,
  Snapshot,
  StopReason,
} from '../protocol/machine.ts';
import type { TimeCommand, Timeline } from '../protocol/time.ts';
import type { CpuState } from '../shared/cpu-state.ts';
import { splitArguments } from './arguments.ts';
import { Breakpoints } from './breakpoints.svelte.ts';
import type { ConsoleState } from './console.svelte.ts';
import { MachineEdits } from './machine-edits.svelte.ts';
import { MachineEngines } from './machine-engines.svelte.ts';
import { MachineInput } from './machine-input.ts';
import { MachinePatch, runAlike } from './machine-patch.svelte.ts';
import { MachineSnapshots } from './machine-snapshots.svelte.ts';
import type { Program } from './program.ts';
import { isBusy, isOver, SettledStatus, type MachineStatus } from './settled-status.svelte.ts';
import { StepQueue } from './step-queue.ts';
import { StopWaiters } from './stop-waiters.ts';
import { TimeState } from './time.svelte.ts';
import { DebugIndex, type SourceLine } from '../shared/debug-index.ts';

/** What the views ask of the machine without running it. */
export type InspectHandle = Pick<
  MachineHandle,
  | keyof InspectApi
  | 'readMemory'
  | 'regions'
  | 'disassemble'
  | 'evaluate'
  | 'findAddress'
  | 'locate'
>;

/**
 * Why there is no machine to use: no program could be had, its boot was refused, its worker is
 * gone, its arguments cannot be read.
 */
export interface MachineTrouble {
  readonly kind: 'program' | 'boot' | 'crash' | 'arguments';
  readonly message: string;
}

export class MachineState {
  readonly breakpoints: Breakpoints;
  readonly console: ConsoleState;
  /** The recording: going back, its branches. */
  readonly time: TimeState;
  /** Changing registers and memory by hand. */
  readonly edits: MachineEdits;
  /** Changed code in the middle of a run. */
  readonly patch: MachinePatch;
  readonly engines: MachineEngines;
  /** What the program reads from its standard input. */
  readonly input: MachineInput;
  readonly #client: MachineHandle;
  readonly #seen = new MachineSnapshots();
  readonly #status = new SettledStatus();
  readonly #steps = new StepQueue();
  readonly #waiters = new StopWaiters();
  // Listeners are not shown: no reactivity wanted.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #sampleListeners = new Set<(samples: readonly Sample[]) => void>();
  #program = $state.raw<Program | null>(null);
  #booted = $state.raw<Program | null>(null);
  #args = $state('');
  #trouble = $state.raw<MachineTrouble | null>(null);
  #prepare: (() => Promise<boolean>) | null = null;
  #bootTurn = 0;
  /** The boot under way: what is to run runs after it, in the new process. */
  #booting: Promise<boolean> | null = null;
  /** The command under way goes to a moment that has been. */
  #journey = false;

  readonly #index = $derived(
    this.#booted?.debug == null ? null : new DebugIndex(this.#booted.debug),
  );
  readonly #source = $derived(this.#placeOf(this.#seen.cpu));

  constructor(client: MachineHandle, console: ConsoleState) {
    this.#client = client;
    this.console = console;
    this.breakpoints = new Breakpoints(client, () => this.#index);
    this.edits = new MachineEdits(client, this.#seen);
    this.patch = new MachinePatch(client, this, (program) => (this.#booted = program));
    this.engines = new MachineEngines(client);
    this.input = new MachineInput(client, console, (call) => this.#attempt(call));
    this.time = new TimeState(client, {
      travel: (command) => this.#travel(command),
      pause: () => this.pause(),
      note: (text) => console.note(text),
      machine: this,
    });
    client.onEvent((event) => this.#receive(event));
    client.onCrash((crash) => this.#crashed(crash));
  }

  /** The program that the next boot takes. */
  get program(): Program | null {
    return this.#program;
  }

  /** The program in the machine; its debug info is `index`. */
  get booted(): Program | null {
    return this.#booted;
  }

  /** Whether the program has changed since it was booted; other comments are no change. */
  get stale(): boolean {
    return this.#booted !== null && this.#program !== this.#booted;
  }

  get status(): MachineStatus {
    return this.#status.now;
  }

  /** `status` without its changes shorter than 120 ms: what to show. */
  get settledStatus(): MachineStatus {
    return this.#status.settled;
  }

  /** Whether guest instructions may be executing now. */
  get busy(): boolean {
    return isBusy(this.#status.now);
  }

  /** `busy` without its changes shorter than 120 ms: what to show, so that steps do not flicker. */
  get settledBusy(): boolean {
    return isBusy(this.#status.settled);
  }

  /** The argument line of the process that was booted last. */
  get args(): string {
    return this.#args;
  }

  /** The engine of the process in the machine; null when there is none. */
  get activeEngine(): EngineChoice | null {
    return this.#seen.engine;
  }

  /** The newest registers: at the stop, or while running of the latest frame. Null when empty. */
  get cpu(): CpuState | null {
    return this.#seen.cpu;
  }

  /** Registers at the stop before this one, to mark changes with; null while running. */
  get previous(): CpuState | null {
    return this.settledBusy ? null : this.#seen.previous;
  }

  /** Why the machine stopped last. */
  get reason(): StopReason | null {
    return this.#seen.reason;
  }

  /** Counts the stops of the page's life: a change means that memory may have changed. */
  get stops(): number {
    return this.#seen.stops;
  }

  /** Millions of instructions a second of the latest stretch of running. */
  get mips(): number {
    return this.#seen.mips;
  }

  /** Instructions since the start of the process. */
  get instructions(): number {
    return this.#seen.cpu?.instructions ?? 0;
  }

  get index(): DebugIndex | null {
    return this.#index;
  }

  /** The source line of rip, or null where none is known. */
  get source(): SourceLine | null {
    return this.#source;
  }

  get trouble(): MachineTrouble | null {
    return this.#trouble;
  }

  /** Guest memory and code, as they are. Every call may reject with `WorkerGone`. */
  get inspect(): InspectHandle {
    return this.#client;
  }

  /** Replaces the program that the next boot takes; what runs now goes on. */
  setProgram(program: Program): void {
    this.#program = program;
    // The same bytes of other lines: what runs is seen in the new ones.
    if (this.#booted !== null && runAlike(program, this.#booted)) {
      this.patch.rename(this.#booted, program);
      this.#booted = program;
    }
    if (this.#trouble?.kind === 'program') this.#trouble = null;
  }

  /** There is no program to be had; `message` says why, in a sentence. */
  lacksProgram(message: string): void {
    this.#fail('program', message);
  }

  /**
   * Sets what is done before each boot: assembling changed sources. When it resolves to false,
   * nothing is booted and the machine stays as it is.
   */
  onPrepare(prepare: () => Promise<boolean>): void {
    this.#prepare = prepare;
  }

  /** Progress readings of `watchScalars`; @returns the function that removes the listener. */
  onSamples(listener: (samples: readonly Sample[]) => void): () => void {
    this.#sampleListeners.add(listener);
    return () => this.#sampleListeners.delete(listener);
  }

  /**
   * Loads the program and stops at its entry; what ran before ends.
   * @param args the argument line, argv[0] not included; default: that of the last boot.
   * @returns whether the machine now stands at the entry; else `trouble` says why.
   */
  async boot(args: string = this.#args): Promise<boolean> {
    const booting = this.#boot(args);
    this.#booting = booting;
    try {
      return await booting;
    } finally {
      if (this.#booting === booting) this.#booting = null;
    }
  }

  async #boot(args: string): Promise<boolean> {
    const turn = ++this.#bootTurn;
    if (this.#prepare !== null && !(await this.#prepare())) return false;
    const program = this.#program;
    if (program === null || turn !== this.#bootTurn) return false;
    const words = splitArguments(args);
    if (!words.ok) return this.#fail('arguments', words.error);
    this.#args = args;
    this.#waiters.release(null);
    await this.#attempt(() => this.engines.find());
    if (turn !== this.#bootTurn) return false;
    const { image, debug, name } = program;
    const argv = [name, ...words.value];
    try {
      const result = await this.#client.boot({ image, debug, argv, engine: this.engines.chosen });
      if (turn !== this.#bootTurn) return false;
      if (!result.ok) return this.#fail('boot', result.error);
      this.#booted = program;
      this.patch.restart(program);
      this.#trouble = null;
      this.time.reset();
      this.console.begin(argv);
      await this.breakpoints.arrive();
      this.#seen.enter(result.snapshot);
      this.#status.now = 'ready';
      return true;
    } catch {
      // The worker is gone; `#crashed` has said so.
      return false;
    }
  }

  /** Runs to the next stop; from an end or a fault, from the start again. */
  async run(): Promise<StopReason | null> {
    if (this.#ended || (this.stale && this.#status.now === 'ready')) return this.restart();
    return this.#go({ kind: 'continue' });
  }

  /** `count` instructions; after an end, back to the entry. */
  stepIn(count = 1): Promise<StopReason | null> {
    return this.#steps.add(() => this.#step({ kind: 'step-in', count }));
  }

  stepOver(): Promise<StopReason | null> {
    return this.#steps.add(() => this.#step({ kind: 'step-over' }));
  }

  stepOut(): Promise<StopReason | null> {
    return this.#steps.add(() => this.#step({ kind: 'step-out' }));
  }

  /** Runs any command from where the machine stands. */
  runCommand(command: RunCommand): Promise<StopReason | null> {
    return this.#go(command);
  }

  runTo(address: number): Promise<StopReason | null> {
    return this.#step({ kind: 'to', address });
  }

  /** Runs to the first instruction of the line, or of the next with code; null when there is none. */
  async runToLine(file: string, line: number): Promise<StopReason | null> {
    if (this.#ended && !(await this.boot())) return null;
    const place = this.#index?.codeLineFrom(file, line) ?? null;
    const address = place === null ? undefined : this.#index?.addressesOf(file, place)[0];
    return address === undefined ? null : this.#go({ kind: 'to', address });
  }

  /** Runs until the program's own event `name` has come `count` times. */
  runUntilEvent(name: string, count = 1): Promise<StopReason | null> {
    return this.#go({ kind: 'until-event', name, count });
  }

  /** Stops a running machine within 50 ms. */
  async pause(): Promise<void> {
    if (this.busy) await this.#attempt(() => this.#client.pause());
  }

  /** Back to the entry, with the newest program. */
  async reset(): Promise<void> {
    await this.boot();
  }

  /** Back to the entry and off. */
  async restart(): Promise<StopReason | null> {
    return (await this.boot()) ? this.#go({ kind: 'continue' }) : null;
  }

  /** Tells the machine of changed breakpoints; `App` calls it whenever they change. */
  async sendBreakpoints(): Promise<void> {
    if (this.#booted !== null) await this.#attempt(() => this.breakpoints.send());
  }

  /** Asks how often each stop has been hit. */
  async refreshHits(): Promise<void> {
    if (this.#booted !== null) await this.#attempt(() => this.breakpoints.refresh());
  }

  /** At each of these events the scalars are read and sent to `onSamples`. */
  async watchScalars(events: readonly string[], tensors: readonly string[]): Promise<void> {
    await this.#attempt(() => this.#client.watchScalars(events, tensors));
  }

  get #ended(): boolean {
    return isOver(this.#status.now);
  }

  async #step(command: RunCommand): Promise<StopReason | null> {
    if (this.#ended) return (await this.boot()) ? this.reason : null;
    return this.#go(command);
  }

  /** Goes to a moment of the recording; the end of the process is one like any other. */
  #travel(command: TimeCommand): Promise<StopReason | null> {
    if (this.#status.now === 'empty') return Promise.resolve(null);
    const stepping = command.kind === 'step-back' || command.kind === 'step-back-over';
    return stepping
      ? this.#steps.add(() => this.#begin(command, true))
      : this.#begin(command, true);
  }

  /** @returns why it stopped; null when it was not run, or another boot came in between. */
  async #go(command: RunCommand): Promise<StopReason | null> {
    return this.#ended ? null : this.#begin(command);
  }

  async #begin(command: RunCommand, journey = false): Promise<StopReason | null> {
    while (this.#booting !== null) await this.#booting;
    if (this.busy) return null;
    this.#journey = journey;
    const stop = this.#waiters.wait();
    this.#status.now = 'running';
    await this.#attempt(() => this.#client.run(command));
    return stop;
  }

  /** A call whose only possible failure, a worker that is gone, `#crashed` reports. */
  async #attempt(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch {
      this.#waiters.release(null);
    }
  }

  #receive(event: MachineEvent): void {
    switch (event.type) {
      case 'running':
        this.#status.now = 'running';
        break;
      case 'progress':
        if (!this.busy) break;
        this.#seen.see(event.snapshot);
        if (this.#status.now === 'waiting') this.#status.now = 'running';
        break;
      case 'waiting':
        this.#seen.see(event.snapshot);
        this.console.settle();
        this.#status.now = 'waiting';
        break;
      case 'stopped':
        // The answer of `boot` has told of the entry already.
        if (event.reason.kind !== 'entry') this.#stop(event.reason, event.snapshot);
        break;
      case 'output':
        this.console.write(event.fd, event.bytes);
        break;
      case 'strace':
        this.console.addStrace(event.lines);
        break;
      case 'log':
        this.console.note(event.lines.map(({ text }) => text).join('\n'));
        break;
      case 'timeline':
        this.patch.arrive(event.timeline);
        this.#revive(event.timeline);
        break;
      case 'samples':
        for (const listener of [...this.#sampleListeners]) listener(event.samples);
        break;
    }
  }

  #stop(reason: StopReason, snapshot: Snapshot): void {
    this.#seen.stop(reason, snapshot);
    if (reason.kind === 'exit' && !this.#journey)
      this.console.note(`exited with status ${reason.status}`);
    this.console.settle();
    this.#status.now =
      reason.kind === 'exit' ? 'exited' : reason.kind === 'fault' ? 'faulted' : 'paused';
    this.#waiters.release(reason);
  }

  /** A change at an end begins a branch that has not ended. */
  #revive({ recording, past, branch, branches }: Timeline): void {
    const ended = this.#status.now === 'exited' || this.#status.now === 'faulted';
    const alive = branches.some(({ id, ended }) => id === branch && ended === null);
    if (ended && alive && recording && !past) this.#status.now = 'paused';
  }

  #fail(kind: MachineTrouble['kind'], message: string): false {
    this.#trouble = { kind, message };
    return false;
  }

  #crashed(crash: WorkerCrash): void {
    this.#bootTurn++;
    this.#fail('crash', crash.message);
    this.#seen.clear();
    this.#booted = null;
    this.#status.now = 'empty';
    this.#waiters.release(null);
  }

  #placeOf(cpu: CpuState | null): SourceLine | null {
    if (cpu === null || this.#index === null || cpu.rip >= 2n ** 47n) return null;
    return this.#index.lineAt(Number(cpu.rip));
  }
}
