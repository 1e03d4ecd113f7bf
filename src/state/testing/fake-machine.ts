// SPDX-License-Identifier: GPL-2.0-or-later
/** A machine for tests: it notes what it is asked, and says what the test makes it say. */
import type { MachineHandle } from '../../client/machine-client.ts';
import { WorkerGone, type WorkerCrash } from '../../client/worker-link.ts';
import type {
  BreakpointSpec,
  Evaluation,
  EvaluationRequest,
  Located,
  StopHits,
  StopProblem,
  WatchpointSpec,
} from '../../protocol/breakpoints.ts';
import type { CodePatch } from '../../protocol/code-patch.ts';
import type { DebugInfo } from '../../protocol/debug-info.ts';
import type {
  AbiWarning,
  SearchRequest,
  SearchResult,
  StackReport,
} from '../../protocol/inspect.ts';
import type {
  BootRequest,
  BootResult,
  EngineChoice,
  MachineEvent,
  MemoryRegion,
  RunCommand,
  Snapshot,
  StopReason,
} from '../../protocol/machine.ts';
import type { ProfileReport } from '../../protocol/profile.ts';
import type { Around, Timeline, TimelineTick } from '../../protocol/time.ts';
import { CpuState, STATE_SIZE } from '../../shared/cpu-state.ts';

/** A snapshot with some registers set. */
export function snapshot(set: (cpu: CpuState) => void = () => undefined, mips = 0): Snapshot {
  const state = new ArrayBuffer(STATE_SIZE);
  set(new CpuState(state));
  return { state, mips, engine: 'unicorn' };
}

/** Two instructions a line: `main.asm` lines 10, 12, 13 at 0x401000, a data line, one tensor. */
export const DEBUG: DebugInfo = {
  version: 1,
  sha256: '0'.repeat(64),
  entry: 0x401000,
  files: ['main.asm', 'lib.inc'],
  lines: [
    ...[0x401000, 3, 0, 10],
    ...[0x401003, 4, 0, 12],
    ...[0x401007, 2, 0, 12],
    ...[0x401009, 5, 0, 13],
    ...[0x40100e, 1, 1, 4],
    ...[0x402000, 16, 0, 30],
  ],
  sections: [
    { name: '.text', start: 0x401000, size: 0x10 },
    { name: '.data', start: 0x402000, size: 0x20 },
  ],
  symbols: [
    symbol('_start', 0x401000, 9, '.text', 'code', 0, 9),
    symbol('_start.loop', 0x401003, 6, '.text', 'local', 0, 11),
    symbol('helper', 0x40100e, 1, '.text', 'code', 1, 3),
    symbol('table', 0x402000, 16, '.data', 'data', 0, 30),
  ],
  tensors: [
    { name: 'w', address: 0x402000, type: 'f64', shape: [2], axes: ['pixel'], file: 0, line: 30 },
  ],
  events: [{ name: 'forward_begin', address: 0x401003, file: 0, line: 12 }],
};

function symbol(
  name: string,
  address: number,
  size: number,
  section: string,
  kind: 'code' | 'data' | 'local',
  file: number,
  line: number,
) {
  return { name, address, size, section, kind, file, line };
}

export class FakeMachine implements MachineHandle {
  /** Every call but reads, in order: `boot sigmoid classify`, `run continue`, … */
  readonly calls: string[] = [];
  readonly boots: BootRequest[] = [];
  /** What `boot` answers. */
  bootResult: BootResult = { ok: true, snapshot: snapshot((cpu) => (cpu.rip = 0x401000n)) };
  available: readonly EngineChoice[] = ['unicorn'];
  memory = new Map<number, number>();
  mapped: MemoryRegion[] = [{ start: 0x402000, end: 0x403000, prot: 'rw-', name: '.data' }];
  gone: WorkerCrash | null = null;
  readonly #events = new Set<(event: MachineEvent) => void>();
  readonly #crashes = new Set<(crash: WorkerCrash) => void>();

  onEvent(listener: (event: MachineEvent) => void): () => void {
    this.#events.add(listener);
    return () => this.#events.delete(listener);
  }

  onCrash(listener: (crash: WorkerCrash) => void): () => void {
    this.#crashes.add(listener);
    return () => this.#crashes.delete(listener);
  }

  /** The worker says something. */
  say(event: MachineEvent): void {
    for (const listener of [...this.#events]) listener(event);
  }

  stop(reason: StopReason, at: Snapshot = snapshot()): void {
    this.say({ type: 'stopped', reason, snapshot: at });
  }

  crash(message: string): void {
    this.gone = { kind: 'error', message };
    for (const listener of [...this.#crashes]) listener(this.gone);
  }

  restart(): void {
    this.calls.push('restart');
    this.gone = null;
  }

  dispose(): void {
    this.calls.push('dispose');
  }

  engines(): Promise<readonly EngineChoice[]> {
    return this.#answer(null, this.available);
  }

  boot(request: BootRequest): Promise<BootResult> {
    this.boots.push(request);
    this.gone = null;
    return this.#answer(`boot ${request.argv.join(' ')}`, this.bootResult);
  }

  run(command: RunCommand): Promise<void> {
    const count = 'count' in command ? ` ${command.count}` : '';
    return this.#answer(`run ${command.kind}${count}`, undefined);
  }

  pause(): Promise<void> {
    return this.#answer('pause', undefined);
  }

  /** What `setStops` finds wrong. */
  problems: readonly StopProblem[] = [];
  breakpoints: readonly BreakpointSpec[] = [];
  watchpoints: readonly WatchpointSpec[] = [];
  hits: readonly StopHits[] = [];
  /** Values by expression; others are refused. */
  values = new Map<string, Evaluation>();
  located: Located = { ok: false, column: 1, length: 1, message: 'Nowhere.' };

  setStops(
    breakpoints: readonly BreakpointSpec[],
    watchpoints: readonly WatchpointSpec[],
  ): Promise<readonly StopProblem[]> {
    this.breakpoints = breakpoints;
    this.watchpoints = watchpoints;
    const at = breakpoints.filter((b) => b.enabled).map((b) => b.address.toString(16));
    return this.#answer(`breakpoints ${at.join(' ')}`, this.problems);
  }

  stopHits(): Promise<readonly StopHits[]> {
    return this.#answer(null, this.hits);
  }

  evaluate(requests: readonly EvaluationRequest[]): Promise<readonly Evaluation[]> {
    const none: Evaluation = { ok: false, column: 1, length: 1, message: 'Unknown.' };
    return this.#answer(
      null,
      requests.map(({ text }) => this.values.get(text) ?? none),
    );
  }

  locate(): Promise<Located> {
    return this.#answer(null, this.located);
  }

  /** What `findAddress` was asked. */
  readonly sought: string[] = [];

  findAddress(text: string): ReturnType<MachineHandle['findAddress']> {
    this.sought.push(text);
    return this.#answer(null, { ok: true, address: Number(text) });
  }

  watchScalars(events: readonly string[], tensors: readonly string[]): Promise<void> {
    return this.#answer(`watch ${events.join(' ')}: ${tensors.join(' ')}`, undefined);
  }

  writeStdin(bytes: Uint8Array): Promise<void> {
    return this.#answer(`stdin ${JSON.stringify(new TextDecoder().decode(bytes))}`, undefined);
  }

  closeStdin(): Promise<void> {
    return this.#answer('eof', undefined);
  }

  readMemory(address: number, length: number) {
    const bytes = new Uint8Array(length);
    const mapped = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      const inside = this.mapped.some((r) => address + i >= r.start && address + i < r.end);
      mapped[i] = inside ? 1 : 0;
      bytes[i] = inside ? (this.memory.get(address + i) ?? 0) : 0;
    }
    return this.#answer(null, { address, bytes, mapped });
  }

  writeMemory(address: number, bytes: Uint8Array): Promise<string | null> {
    bytes.forEach((byte, i) => this.memory.set(address + i, byte));
    return this.#answer(`write ${address.toString(16)}`, null);
  }

  writeRegister(register: string): Promise<string | null> {
    return this.#answer(`register ${register}`, null);
  }

  /** What `patchCode` answers. */
  patchProblem: string | null = null;
  patches: CodePatch[] = [];

  patchCode(patch: CodePatch): Promise<string | null> {
    this.patches.push(patch);
    return this.#answer(`patch ${patch.writes.length}`, this.patchProblem);
  }

  regions(): Promise<readonly MemoryRegion[]> {
    return this.#answer(null, this.mapped);
  }

  disassemble(): Promise<readonly never[]> {
    return this.#answer(null, []);
  }

  /** Bytes are found in `memory`, one region a call. */
  search({ pattern, from }: SearchRequest): Promise<SearchResult> {
    const region = this.mapped.find((r) => r.end > from);
    if (region === undefined) return this.#answer(null, { hits: [], next: null });
    const hits: number[] = [];
    for (let at = Math.max(from, region.start); at <= region.end - pattern.length; at++) {
      if (pattern.every((byte, i) => (this.memory.get(at + i) ?? 0) === byte)) hits.push(at);
    }
    const last = region === this.mapped.at(-1);
    return this.#answer('search', { hits, next: last ? null : region.end });
  }

  explain(): Promise<null> {
    return this.#answer(null, null);
  }

  describeMnemonic(mnemonic: string): Promise<string | null> {
    return this.#answer(null, mnemonic === 'nop' ? 'Does nothing.' : null);
  }

  /** What `callStack` answers. */
  stack: StackReport = { frames: [], slots: [], warnings: [], complete: true };

  callStack(slots: number): Promise<StackReport> {
    return this.#answer(`stack ${slots}`, this.stack);
  }

  abiWarnings(): Promise<readonly AbiWarning[]> {
    return this.#answer(null, this.stack.warnings);
  }

  /** What `timeline` answers. */
  time: Timeline = {
    ...{ recording: true, first: 0, end: 0, position: 0, past: false, bytes: 0 },
    ...{ budget: 2 ** 28, checkpoints: 1, branch: 0, branches: [] },
  };

  timeline(): Promise<Timeline> {
    return this.#answer(null, this.time);
  }

  /** What `ticks` answers. */
  ticked: readonly TimelineTick[] = [];

  ticks(): Promise<readonly TimelineTick[]> {
    return this.#answer(null, this.ticked);
  }

  /** What `eventAround` answers, by event. */
  readonly around = new Map<string, Around>();

  eventAround(event: string): Promise<Around> {
    return this.#answer(null, this.around.get(event) ?? { from: null, to: null });
  }

  setRecording(on: boolean, budget: number): Promise<string | null> {
    return this.#answer(`recording ${on ? 'on' : 'off'} ${budget}`, null);
  }

  discardBranch(id: number): Promise<string | null> {
    return this.#answer(`discard ${id}`, null);
  }

  /** What `profile` answers, after how many milliseconds, and how often it was asked. */
  report: ProfileReport | null = null;
  reportTakes = 0;
  reports = 0;

  setProfiling(on: boolean): Promise<void> {
    return this.#answer(`profiling ${on ? 'on' : 'off'}`, undefined);
  }

  async profile(): Promise<ProfileReport | null> {
    this.reports++;
    const { report } = this;
    if (this.reportTakes > 0) {
      await new Promise((resolve) => setTimeout(resolve, this.reportTakes));
    }
    return this.#answer(null, report);
  }

  exportProfile(format: string): Promise<string | null> {
    return this.#answer(`export ${format}`, this.report && `a profile as ${format}`);
  }

  #answer<T>(call: string | null, value: T): Promise<T> {
    if (call !== null) this.calls.push(call);
    return this.gone === null ? Promise.resolve(value) : Promise.reject(new WorkerGone(this.gone));
  }
}
