// SPDX-License-Identifier: GPL-2.0-or-later
/** The guest machine as the page sees it, and what one can ask of it. */
import type { MachineHandle } from '../client/machine-client.ts';
import type { WorkerCrash } from '../client/worker-link.ts';
import type { DebugInfo } from '../protocol/debug-info.ts';
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
import { MachinePatch, runAlike } from './machine-patch.svelte.ts';
import { MachineSnapshots } from './machine-snapshots.svelte.ts';
import { StepQueue } from './step-queue.ts';
import { TimeState } from './time.svelte.ts';
import { DebugIndex, type SourceLine } from '../shared/debug-index.ts';
import { formatCount } from '../shared/format.ts';

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

/** An assembled program, ready to boot. */
export interface Program {
  readonly name: string;
  readonly image: Uint8Array;
  readonly debug: DebugInfo | null;
}

export type MachineStatus =
  | 'empty'
  /** Booted, at its entry. */
  | 'ready'
  | 'running'
  /** Running, and blocked in read(0). */
  | 'waiting'
  | 'paused'
  | 'exited'
  | 'faulted';

/**
 * Why there is no machine to use: no program could be had, its boot was refused, its worker is
 * gone, its arguments cannot be read.
 */
export interface MachineTrouble {
  readonly kind: 'program' | 'boot' | 'crash' | 'arguments';
  readonly message: string;
}

/** A run shorter than this many milliseconds never shows as running: stepping does not flicker. */
const SETTLE = 120;

export class MachineState {
  readonly breakpoints: Breakpoints;
  readonly console: ConsoleState;
  /** The recording: going back, its branches. */
  readonly time: TimeState;
  /** Changing registers and memory by hand. */
  readonly edits: MachineEdits;
  /** Changed code in the middle of a run. */
  readonly patch: MachinePatch;
  readonly #client: MachineHandle;
  readonly #seen = new MachineSnapshots();
  readonly #steps = new StepQueue();
  // Listeners are not shown: no reactivity wanted.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #sampleListeners = new Set<(samples: readonly Sample[]) => void>();
  #program = $state.raw<Program | null>(null);
  #booted = $state.raw<Program | null>(null);
  #status = $state<MachineStatus>('empty');
  #settled = $state<MachineStatus>('empty');
  #args = $state('');
  #wanted = $state<EngineChoice>('jit');
  #engines = $state.raw<readonly EngineChoice[]>(['unicorn']);
  #enginesKnown = false;
  #trouble = $state.raw<MachineTrouble | null>(null);
  #prepare: (() => Promise<boolean>) | null = null;
  #stopped: ((reason: StopReason | null) => void)[] = [];
  #settleTimer: ReturnType<typeof setTimeout> | undefined;
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
    return this.#status;
  }

  /** `status` without its changes shorter than 120 ms: what to show. */
  get settledStatus(): MachineStatus {
    return this.#settled;
  }

  /** Whether guest instructions may be executing now. */
  get busy(): boolean {
    return this.#status === 'running' || this.#status === 'waiting';
  }

  /** `busy` without its changes shorter than 120 ms: what to show, so that steps do not flicker. */
  get settledBusy(): boolean {
    return this.#settled === 'running' || this.#settled === 'waiting';
  }

  /** The argument line of the process that was booted last. */
  get args(): string {
    return this.#args;
  }

  /** The engines there are; only the reference before the machine has been asked. */
  get engines(): readonly EngineChoice[] {
    return this.#engines;
  }

  /** The engine that the next boot takes: the one wished for, if it exists. */
  get engine(): EngineChoice {
    return this.#engines.includes(this.#wanted) ? this.#wanted : (this.#engines[0] ?? 'unicorn');
  }

  set engine(engine: EngineChoice) {
    this.#wanted = engine;
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

  /** Addresses at which the machine stops, ascending. */
  get breakpointAddresses(): readonly number[] {
    return this.breakpoints.addresses;
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

  async #findEngines(): Promise<void> {
    if (this.#enginesKnown) return;
    await this.#attempt(async () => {
      this.#engines = await this.#client.engines();
      this.#enginesKnown = true;
    });
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
    this.#release(null);
    await this.#findEngines();
    if (turn !== this.#bootTurn) return false;
    const { image, debug, name } = program;
    const argv = [name, ...words.value];
    try {
      const result = await this.#client.boot({ image, debug, argv, engine: this.engine });
      if (turn !== this.#bootTurn) return false;
      if (!result.ok) return this.#fail('boot', result.error);
      this.#booted = program;
      this.patch.restart(program);
      this.#trouble = null;
      this.time.reset();
      this.console.note(`$ ./${argv.join(' ')}`);
      await this.breakpoints.arrive();
      this.#seen.enter(result.snapshot);
      this.#setStatus('ready');
      return true;
    } catch {
      // The worker is gone; `#crashed` has said so.
      return false;
    }
  }

  /** Runs to the next stop; from an end or a fault, from the start again. */
  async run(): Promise<StopReason | null> {
    if (this.#ended || (this.stale && this.#status === 'ready')) return this.restart();
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

  /** @returns the line on which the breakpoint was set or cleared, or null: no code near. */
  toggleLineBreakpoint(file: string, line: number): number | null {
    return this.breakpoints.toggleLine(file, line);
  }

  toggleBreakpoint(address: number): void {
    this.breakpoints.toggleAddress(address);
  }

  /** Whether an instruction has a breakpoint. */
  breaksAt(address: number): boolean {
    return this.breakpointAddresses.includes(address);
  }

  /** Tells the machine of changed breakpoints; `App` calls it whenever they change. */
  async sendBreakpoints(): Promise<void> {
    if (this.#booted !== null) await this.#attempt(() => this.breakpoints.send());
  }

  /** Asks how often each stop has been hit. */
  async refreshHits(): Promise<void> {
    if (this.#booted !== null) await this.#attempt(() => this.breakpoints.refresh());
  }

  /** Bytes for the guest's stdin. */
  async writeInput(bytes: Uint8Array): Promise<void> {
    await this.#attempt(() => this.#client.writeStdin(bytes));
  }

  /** A line typed in the console, echoed there. */
  async writeLine(text: string): Promise<void> {
    this.console.echo(text);
    await this.writeInput(new TextEncoder().encode(`${text}\n`));
  }

  /** A file's bytes, without an echo; the console says how many. */
  async writeFile(file: Pick<File, 'name' | 'arrayBuffer'>): Promise<void> {
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(await file.arrayBuffer());
    } catch {
      this.console.note(`(${file.name} cannot be read; nothing was sent)`);
      return;
    }
    this.console.note(`(sent ${file.name}: ${formatCount(bytes.length)} bytes)`);
    await this.writeInput(bytes);
  }

  async closeInput(): Promise<void> {
    this.console.note('(end of input)');
    await this.#attempt(() => this.#client.closeStdin());
  }

  /** At each of these events the scalars are read and sent to `onSamples`. */
  async watchScalars(events: readonly string[], tensors: readonly string[]): Promise<void> {
    await this.#attempt(() => this.#client.watchScalars(events, tensors));
  }

  get #ended(): boolean {
    return this.#status === 'empty' || this.#status === 'exited' || this.#status === 'faulted';
  }

  async #step(command: RunCommand): Promise<StopReason | null> {
    if (this.#ended) return (await this.boot()) ? this.reason : null;
    return this.#go(command);
  }

  /** Goes to a moment of the recording; the end of the process is one like any other. */
  #travel(command: TimeCommand): Promise<StopReason | null> {
    if (this.#status === 'empty') return Promise.resolve(null);
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
    const stop = new Promise<StopReason | null>((resolve) => this.#stopped.push(resolve));
    this.#setStatus('running');
    await this.#attempt(() => this.#client.run(command));
    return stop;
  }

  /** A call whose only possible failure, a worker that is gone, `#crashed` reports. */
  async #attempt(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch {
      this.#release(null);
    }
  }

  #receive(event: MachineEvent): void {
    switch (event.type) {
      case 'running':
        this.#setStatus('running');
        break;
      case 'progress':
        if (!this.busy) break;
        this.#seen.see(event.snapshot);
        if (this.#status === 'waiting') this.#setStatus('running');
        break;
      case 'waiting':
        this.#seen.see(event.snapshot);
        this.#setStatus('waiting');
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
    this.#setStatus(
      reason.kind === 'exit' ? 'exited' : reason.kind === 'fault' ? 'faulted' : 'paused',
    );
    this.#release(reason);
  }

  /** A change at an end begins a branch that has not ended. */
  #revive({ recording, past, branch, branches }: Timeline): void {
    const ended = this.#status === 'exited' || this.#status === 'faulted';
    const alive = branches.some(({ id, ended }) => id === branch && ended === null);
    if (ended && alive && recording && !past) this.#setStatus('paused');
  }

  #setStatus(status: MachineStatus): void {
    this.#status = status;
    clearTimeout(this.#settleTimer);
    if (status === 'running') {
      this.#settleTimer = setTimeout(() => (this.#settled = status), SETTLE);
    } else {
      this.#settled = status;
    }
  }

  /** Settles everyone who waits for a stop. */
  #release(reason: StopReason | null): void {
    const waiting = this.#stopped;
    this.#stopped = [];
    for (const resolve of waiting) resolve(reason);
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
    this.#setStatus('empty');
    this.#release(null);
  }

  #placeOf(cpu: CpuState | null): SourceLine | null {
    if (cpu === null || this.#index === null || cpu.rip >= 2n ** 47n) return null;
    return this.#index.lineAt(Number(cpu.rip));
  }
}
