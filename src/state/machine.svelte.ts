// SPDX-License-Identifier: GPL-2.0-or-later
/** The guest machine as the page sees it, and what one can ask of it. */
import type { MachineHandle } from '../client/machine-client.ts';
import type { InspectApi } from '../protocol/inspect.ts';
import type {
  EngineChoice,
  MachineEvent,
  RunCommand,
  Sample,
  Snapshot,
  StopReason,
} from '../protocol/machine.ts';
import type { Timeline } from '../protocol/time.ts';
import type { CpuState } from '../shared/cpu-state.ts';
import { Breakpoints } from './breakpoints.svelte.ts';
import type { ConsoleState } from './console.svelte.ts';
import { MachineEdits } from './machine-edits.svelte.ts';
import { MachineEngines } from './machine-engines.svelte.ts';
import { MachineInput } from './machine-input.ts';
import { MachinePatch, runAlike } from './machine-patch.svelte.ts';
import { MachineProcess, type MachineTrouble } from './machine-process.svelte.ts';
import { MachineRunner } from './machine-runner.ts';
import { MachineSnapshots } from './machine-snapshots.svelte.ts';
import type { Program } from './program.ts';
import { isBusy, isOver, SettledStatus, type MachineStatus } from './settled-status.svelte.ts';
import { TimeState } from './time.svelte.ts';
import type { DebugIndex, SourceLine } from '../shared/debug-index.ts';

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
  readonly #process: MachineProcess;
  readonly #runner: MachineRunner;
  // Listeners are not shown: no reactivity wanted.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #sampleListeners = new Set<(samples: readonly Sample[]) => void>();
  readonly #source = $derived(this.#placeOf(this.#seen.cpu));

  constructor(client: MachineHandle, console: ConsoleState) {
    this.#client = client;
    this.console = console;
    this.#process = new MachineProcess(client, {
      leave: () => this.#runner.leave(),
      engine: () => this.#chosenEngine(),
      enter: (...process) => this.#enter(...process),
    });
    this.#runner = new MachineRunner(client, this.#process, this.#status);
    this.breakpoints = new Breakpoints(client, () => this.index);
    this.edits = new MachineEdits(client, this.#seen);
    this.patch = new MachinePatch(client, this, (program) => this.#process.become(program));
    this.engines = new MachineEngines(client);
    this.input = new MachineInput(client, console, (call) => this.#runner.attempt(call));
    this.time = new TimeState(client, {
      travel: (command) => this.#runner.travel(command),
      pause: () => this.pause(),
      note: (text) => console.note(text),
      machine: this,
    });
    client.onEvent((event) => this.#receive(event));
    client.onCrash(({ message }) => this.#crashed(message));
  }

  /** The program that the next boot takes. */
  get program(): Program | null {
    return this.#process.program;
  }

  /** The program in the machine; its debug info is `index`. */
  get booted(): Program | null {
    return this.#process.booted;
  }

  /** Whether the program has changed since it was booted; other comments are no change. */
  get stale(): boolean {
    return this.#process.stale;
  }

  get status(): MachineStatus {
    return this.#status.now;
  }

  /** `status` without short runs: what to show. */
  get settledStatus(): MachineStatus {
    return this.#status.settled;
  }

  /** Whether guest instructions may be executing now. */
  get busy(): boolean {
    return isBusy(this.#status.now);
  }

  /** `busy` without short runs: what to show, so that steps do not flicker. */
  get settledBusy(): boolean {
    return isBusy(this.#status.settled);
  }

  /** The argument line of the process that was booted last. */
  get args(): string {
    return this.#process.args;
  }

  /** The engine of the process in the machine; null when there is none. */
  get activeEngine(): EngineChoice | null {
    return this.#seen.engine;
  }

  /** The registers: at the stop, or while running of the last second. Null when empty. */
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

  /** Counts the news of running: what is asked for with one of them is shown with the next. */
  get news(): number {
    return this.#seen.news;
  }

  /** Millions of instructions a second of the latest stretch of running. */
  get mips(): number {
    return this.#seen.mips;
  }

  /** Instructions since the start of the process. */
  get instructions(): number {
    return this.#seen.instructions;
  }

  get index(): DebugIndex | null {
    return this.#process.index;
  }

  /** The source line of rip, or null where none is known. */
  get source(): SourceLine | null {
    return this.#source;
  }

  get trouble(): MachineTrouble | null {
    return this.#process.trouble;
  }

  /** Guest memory and code, as they are. Every call may reject with `WorkerGone`. */
  get inspect(): InspectHandle {
    return this.#client;
  }

  /** Replaces the program that the next boot takes; what runs now goes on. */
  setProgram(program: Program): void {
    const { booted } = this.#process;
    this.#process.take(program);
    // The same bytes of other lines: what runs is seen in the new ones.
    if (booted !== null && runAlike(program, booted)) {
      this.patch.rename(booted, program);
      this.#process.become(program);
    }
  }

  /** There is no program to be had; `message` says why, in a sentence. */
  lacksProgram(message: string): void {
    this.#process.fail('program', message);
  }

  /**
   * Sets what is done before each boot: assembling changed sources. When it resolves to false,
   * nothing is booted and the machine stays as it is.
   */
  onPrepare(prepare: () => Promise<boolean>): void {
    this.#process.onPrepare(prepare);
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
  boot(args: string = this.args): Promise<boolean> {
    this.#runner.forget();
    return this.#process.boot(args);
  }

  /** Runs to the next stop; from an end or a fault, from the start again. */
  async run(): Promise<StopReason | null> {
    if (isOver(this.#status.now) || (this.stale && this.#status.now === 'ready'))
      return this.restart();
    return this.#runner.go({ kind: 'continue' });
  }

  /**
   * Whether steps may be asked for: where the machine stands, and behind steps that are under way.
   * What shows as running takes none, but for single instructions that are late.
   */
  get steppable(): boolean {
    if (!this.busy) return true;
    if (this.#status.now === 'waiting') return false;
    return this.#runner.single || (this.#runner.stepping && !this.settledBusy);
  }

  /** Whether a key held down may ask for the next step: the last has been begun. */
  get keepsUp(): boolean {
    return this.steppable && !this.#runner.behind && !isOver(this.#status.now);
  }

  /** `count` instructions; after an end, back to the entry. */
  stepIn(count = 1): Promise<StopReason | null> {
    return this.#runner.step('step-in', count);
  }

  stepOver(): Promise<StopReason | null> {
    return this.#runner.step('step-over');
  }

  stepOut(): Promise<StopReason | null> {
    return this.#runner.step('step-out');
  }

  /** Runs any command from where the machine stands. */
  runCommand(command: RunCommand): Promise<StopReason | null> {
    return this.#runner.go(command);
  }

  /** Runs to an address; after an end, back to the entry. */
  async runTo(address: number): Promise<StopReason | null> {
    if (isOver(this.#status.now)) return (await this.boot()) ? this.reason : null;
    return this.#runner.go({ kind: 'to', address });
  }

  /** Runs to the first instruction of the line, or of the next with code; null when there is none. */
  async runToLine(file: string, line: number): Promise<StopReason | null> {
    if (isOver(this.#status.now) && !(await this.boot())) return null;
    const place = this.index?.codeLineFrom(file, line) ?? null;
    const address = place === null ? undefined : this.index?.addressesOf(file, place)[0];
    return address === undefined ? null : this.#runner.go({ kind: 'to', address });
  }

  /** Runs until the program's own event `name` has come `count` times. */
  runUntilEvent(name: string, count = 1): Promise<StopReason | null> {
    return this.#runner.go({ kind: 'until-event', name, count });
  }

  /** Stops a running machine within 50 ms. */
  pause(): Promise<void> {
    return this.#runner.pause();
  }

  /** Back to the entry, with the newest program. */
  async reset(): Promise<void> {
    await this.boot();
  }

  /** Back to the entry and off. */
  async restart(): Promise<StopReason | null> {
    return (await this.boot()) ? this.#runner.go({ kind: 'continue' }) : null;
  }

  /** Tells the machine of changed breakpoints; `App` calls it whenever they change. */
  async sendBreakpoints(): Promise<void> {
    if (this.booted !== null) await this.#runner.attempt(() => this.breakpoints.send());
  }

  /** Asks how often each stop has been hit. */
  async refreshHits(): Promise<void> {
    if (this.booted !== null) await this.#runner.attempt(() => this.breakpoints.refresh());
  }

  /** At each of these events the scalars are read and sent to `onSamples`. */
  async watchScalars(events: readonly string[], tensors: readonly string[]): Promise<void> {
    await this.#runner.attempt(() => this.#client.watchScalars(events, tensors));
  }

  async #chosenEngine(): Promise<EngineChoice> {
    await this.engines.find();
    return this.engines.chosen;
  }

  async #enter(program: Program, argv: readonly string[], snapshot: Snapshot): Promise<void> {
    this.patch.restart(program);
    this.time.reset();
    this.console.begin(argv);
    await this.breakpoints.arrive();
    this.#seen.enter(snapshot);
    this.#status.stand('ready');
  }

  #receive(event: MachineEvent): void {
    switch (event.type) {
      case 'progress':
        if (!this.busy) break;
        this.#seen.see(event.snapshot);
        this.console.settleFew();
        if (this.#status.now === 'waiting') this.#status.run(0);
        break;
      case 'waiting':
        this.#seen.wait(event.snapshot);
        this.console.settle();
        this.#runner.wait();
        this.#status.stand('waiting');
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
    if (reason.kind === 'exit' && !this.#runner.journey)
      this.console.note(`exited with status ${reason.status}`);
    this.console.settle();
    this.#status.stand(
      reason.kind === 'exit' ? 'exited' : reason.kind === 'fault' ? 'faulted' : 'paused',
    );
    this.#runner.arrive(reason);
  }

  /** A change at an end begins a branch that has not ended. */
  #revive({ recording, past, branch, branches }: Timeline): void {
    const ended = this.#status.now === 'exited' || this.#status.now === 'faulted';
    const alive = branches.some(({ id, ended }) => id === branch && ended === null);
    if (ended && alive && recording && !past) this.#status.stand('paused');
  }

  #crashed(message: string): void {
    this.#process.crash(message);
    this.#seen.clear();
    this.#status.stand('empty');
    this.#runner.forget();
    this.#runner.leave();
  }

  #placeOf(cpu: CpuState | null): SourceLine | null {
    if (cpu === null || this.index === null || cpu.rip >= 2n ** 47n) return null;
    return this.index.lineAt(Number(cpu.rip));
  }
}
