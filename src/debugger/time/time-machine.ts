// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Record and replay of one process on one engine.
 *
 * At the end of its branch the machine is live: it runs, the kernel serves its system calls, and
 * both are recorded. Anywhere before, it is in the past: the engine runs the same instructions
 * again, system calls are answered from the tape, and nothing outside hears of it. Running on from
 * the past arrives at the end and is live again. See docs/TIME.md.
 */
import { memoryAccesses } from '../../cpu/accesses.ts';
import type { Engine, RunResult } from '../../cpu/cpu.ts';
import { LONGEST_INSTRUCTION } from '../../cpu/operand-access.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { Process } from '../../machine/process.ts';
import type { DebugInfo } from '../../shared/debug-info.ts';
import type { StopReason } from '../../protocol/machine.ts';
import type { Addr } from '../../shared/brand.ts';
import { Branch, type ProgramFrom } from './branch.ts';
import { Branches } from './branches.ts';
import { Checkpoints, type Checkpoint } from './checkpoints.ts';
import { applyEntry } from './effects.ts';
import { FileLog } from './file-log.ts';
import { Marks } from './marks.ts';
import { PageHistory, PagePool } from './page-history.ts';
import { RamTracker } from './ram-tracker.ts';
import { Recorder } from './recorder.ts';
import { EDIT, Tape } from './tape.ts';
import type { TimeFiles } from './time-files.ts';

/** Milliseconds of running between two checkpoints: at the least, and at most. */
const INTERVAL = 50;
const LONGEST_INTERVAL = 600;

/** Between the two, a checkpoint is due after so many times what the last one took. */
const SHARE = 20;

export interface TimeMachineOptions {
  readonly memory: GuestMemory;
  readonly process: Process;
  readonly engine: Engine;
  /** Of the program in the machine. */
  readonly debug?: DebugInfo | null;
  /** The process's files, if they can be put back to another moment. */
  readonly files?: TimeFiles | null;
  /** Bytes. */
  readonly budget?: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

const WITHIN =
  'The program stands within a long repeated instruction: step once to finish it, or step back, ' +
  'before you change anything.';

/** The same instructions did not lead to the same place: a bug in the machine. */
export class ReplayError extends Error {}

export class TimeMachine {
  readonly process: Process;
  readonly memory: GuestMemory;
  readonly engine: Engine;
  readonly #now: () => number;
  readonly #files: TimeFiles | null;
  readonly #tracker: RamTracker;
  readonly #recorder: Recorder;
  readonly #branches: Branches;
  /** Entries of the branch's tape that have been applied. */
  #applied = 0;
  #past = false;
  /** The branch at whose end the kernel stands; null: at none. */
  #kernel: Branch | null;
  #moves = 0;
  /** The machine stands within a repeated string instruction that is not counted yet. */
  #midway = false;
  /** Milliseconds of live running since the last checkpoint, and until the next. */
  #ran = 0;
  #due = INTERVAL;

  /** The recording begins here and now. */
  constructor(options: TimeMachineOptions) {
    this.memory = options.memory;
    this.process = options.process;
    this.engine = options.engine;
    this.#now = options.now;
    this.#files = options.files ?? null;
    this.#tracker = new RamTracker(this.memory);
    this.#recorder = new Recorder(this.memory, this.process, this.#tracker);
    const at = this.position;
    const pool = new PagePool();
    const history = new PageHistory(pool, this.#tracker.zero);
    const parts = {
      ...{ id: 0, parent: null, forkedAt: at, end: at },
      tape: new Tape(),
      checkpoints: new Checkpoints(this.#tracker, history),
      files: this.#files?.log ?? new FileLog(),
      base: this.process.save(),
    };
    const programs = options.debug == null ? [] : [{ entry: -1, at, debug: options.debug }];
    const first = new Branch(parts, new Marks(), programs);
    this.#branches = new Branches(first, pool, this.#files, options.budget);
    this.#kernel = first;
    this.checkpoint();
  }

  dispose(): void {
    this.#tracker.dispose();
    this.#recorder.dispose();
    this.#branches.clear();
  }

  // ---- where we are ----

  /** Instructions executed. */
  get position(): number {
    return this.memory.state.instructions;
  }

  /** Whether this is before the end of the branch. */
  get past(): boolean {
    return this.#past;
  }

  get branch(): Branch {
    return this.#branches.current;
  }

  get branches(): readonly Branch[] {
    return this.#branches.all;
  }

  /** Where the branch ends, as far as it has been run. */
  get end(): number {
    return this.#past ? this.branch.end : this.position;
  }

  /** Whether this is the present, and the kernel's side as well. */
  get alive(): boolean {
    return !this.#past && this.#kernel === this.branch;
  }

  /** Whether this is within a repeated string instruction: no count of instructions says where. */
  get midway(): boolean {
    return this.#midway;
  }

  /** Changes whenever the machine's state may have. */
  get moves(): number {
    return this.#moves;
  }

  /** What is known of the program at this moment, and since when; null without debug info. */
  get program(): ProgramFrom | null {
    return this.branch.programAt(this.#applied);
  }

  /** Entries of the tape before this moment. */
  get applied(): number {
    return this.#applied;
  }

  /** Whether a system call stands here that nobody has served or is serving. */
  get unserved(): boolean {
    return !this.#past && this.branch.unserved;
  }

  /** How the process ended, if this is the end. */
  get ended(): StopReason | null {
    return this.#past ? null : this.branch.ended;
  }

  /** Bytes that the recording takes. */
  get bytes(): number {
    return this.#branches.bytes;
  }

  /** Bytes that it may take. */
  get budget(): number {
    return this.#branches.budget;
  }

  set budget(bytes: number) {
    this.#branches.budget = bytes;
    this.#economise();
  }

  // ---- the present ----

  /**
   * Runs like the engine, whether live or in the past.
   * @param answering whether system calls of the past are answered at once, and do not show as
   *   stops; otherwise `answer` must be called for each
   */
  run(budget: number, answering = true): RunResult {
    this.#moves++;
    return this.#past ? this.#replay(budget, answering) : this.#execute(budget);
  }

  #execute(budget: number): RunResult {
    const result = this.engine.run(budget);
    this.#midway = endsMidway(result, budget, this.memory);
    return result;
  }

  /** Does what the tape says of this moment. */
  answer(): void {
    this.#apply();
  }

  /** To be told of each slice of live running, in milliseconds: now and then a checkpoint is due. */
  ran(ms: number): void {
    this.#ran += ms;
    if (this.#past || this.#midway || this.#ran < this.#due) return;
    const began = this.#now();
    this.checkpoint();
    this.#due = Math.min(LONGEST_INTERVAL, Math.max(INTERVAL, SHARE * (this.#now() - began)));
    this.#ran = 0;
  }

  /** Before the kernel serves the call at which the engine has stopped. */
  beginCall(): void {
    this.#moves++;
    this.branch.unserved = true;
    this.#recorder.begin();
  }

  /** After it has. */
  endCall(end: Parameters<Recorder['endCall']>[0]): void {
    this.branch.unserved = false;
    this.branch.tape.push(this.#recorder.endCall(end));
    this.#applied = this.branch.tape.length;
  }

  /** The call is not served after all; it will be some other time. */
  abandonCall(): void {
    this.#recorder.abandon();
  }

  /** The process has ended here. */
  finish(reason: StopReason): void {
    this.branch.ended ??= reason;
    this.branch.end = this.position;
  }

  /** Notes a moment of the present worth finding again. */
  mark(name: string): void {
    if (!this.#past) this.branch.marks.add(this.position, name);
  }

  /**
   * A change of state by the user. In the past, or when the process has ended, it begins a new
   * branch. @returns what `change` says: an error text, and then nothing has changed; or null. Within
   * a repeated instruction nothing can be changed: no count of instructions names that moment.
   * @param debug of the program that it is from now on, if it becomes another
   */
  edit(change: () => string | null, debug: DebugInfo | null = null): string | null {
    if (this.#midway) return WITHIN;
    this.#moves++;
    const { error, entry } = this.#recorder.edit(change);
    if (error !== null) return error;
    if (this.#past || this.branch.ended !== null) this.#fork();
    const { tape, programs } = this.branch;
    if (debug !== null) programs.push({ entry: tape.length, at: this.position, debug });
    tape.push(entry);
    this.#applied = tape.length;
    return null;
  }

  /**
   * Makes the kernel's side that of this moment, the end of the branch, so that the machine can be
   * live. @returns an error text when files cannot be put back, or null.
   */
  async goLive(): Promise<string | null> {
    if (this.#kernel === this.branch) return null;
    const state = this.branch.kernelAt(this.#applied);
    const slots = await this.#files?.rewind(this.branch.files, state.slots);
    if (typeof slots === 'string') return slots;
    const space = this.process.space.save();
    this.process.rewind({ ...state, slots: slots ?? state.slots, space });
    this.#kernel = this.branch;
    return null;
  }

  // ---- travelling ----

  /** The present becomes past as well. */
  #leave(): void {
    if (!this.#past) this.branch.end = this.position;
  }

  /**
   * Puts the machine to the latest checkpoint not behind `at`, unless it stands between the two.
   * The present is left: a call that waits is to be abandoned first.
   */
  approach(at: number): void {
    const checkpoint = this.branch.checkpoints.before(at) ?? this.branch.checkpoints.first;
    if (checkpoint === undefined) throw new ReplayError('there is nothing to go back to');
    if (checkpoint.at <= this.position && this.position <= at) return;
    this.#leave();
    this.#restore(checkpoint);
  }

  #restore(checkpoint: Checkpoint): void {
    this.#moves++;
    this.#midway = false;
    this.branch.checkpoints.restore(this.memory, checkpoint);
    this.process.space.restore(checkpoint.space);
    this.#applied = checkpoint.entries;
    this.#past = true;
    this.#apply();
  }

  /**
   * Undoes one instruction, which must not have been a system call nor come after an edit.
   * @param state the CPU state block before it
   * @param writes the memory that it wrote, as it was before
   */
  undo(state: Uint8Array, writes: readonly { start: Addr; bytes: Uint8Array }[]): void {
    this.#leave();
    this.#moves++;
    for (const { start, bytes } of [...writes].reverse()) this.memory.write(start, bytes);
    this.memory.state.bytes.set(state);
    this.#midway = false;
    this.#past = true;
  }

  /** Keeps this moment as a checkpoint, if there is none. */
  checkpoint(): void {
    const { checkpoints } = this.branch;
    if (checkpoints.before(this.position)?.at === this.position) return;
    checkpoints.take(this.memory, this.#applied, this.process.space.save());
    this.#economise();
  }

  /** Goes to the end of another branch or of this one. */
  switchTo(id: number): boolean {
    const branch = this.#branches.get(id);
    if (branch === null) return false;
    this.#leave();
    this.#branches.enter(branch);
    const last = branch.checkpoints.last;
    if (last !== undefined) this.#restore(last);
    return true;
  }

  /** Lets another branch go. */
  discard(id: number): boolean {
    return this.#branches.discard(id);
  }

  #replay(budget: number, answering: boolean): RunResult {
    const { tape, end } = this.branch;
    const edit = tape.number(this.#applied) === EDIT ? tape.at(this.#applied) : Infinity;
    const limit = Math.min(budget, end - this.position, edit - this.position);
    if (limit <= 0) throw new ReplayError('there is nothing left to run again');
    const { stop, executed } = this.#execute(limit);
    const at = this.position;
    if (stop.kind === 'fault') throw new ReplayError(`a fault at ${at} that was none`);
    const served = tape.at(this.#applied) === at;
    if (stop.kind === 'syscall' && !served && !(at === end && this.branch.unserved)) {
      throw new ReplayError(`a system call at ${at} that was none`);
    }
    if (stop.kind === 'syscall' && !answering) return { stop, executed };
    this.#apply();
    return { stop: stop.kind === 'syscall' ? { kind: 'budget' } : stop, executed };
  }

  /** Applies the tape's entries of this moment, and finds out whether it is the end. */
  #apply(): void {
    const { tape, end } = this.branch;
    const at = this.position;
    while (tape.at(this.#applied) === at) {
      applyEntry(tape.entry(this.#applied++), this.memory, this.process.space);
    }
    this.#past = at < end;
  }

  #fork(): void {
    this.#leave();
    this.#branches.fork(this.position, this.#applied);
    this.#past = false;
  }

  /** Lets go of what is missed least, the beginning of the recording last of all. */
  #economise(): void {
    this.#branches.economise(() => {
      if (this.#past || !this.branch.dropFirst()) return false;
      this.process.stdin.forget(this.branch.base.stdin);
      return true;
    });
  }
}

/** Whether a run was left within a repeated string instruction, which is at rip then. */
function endsMidway({ stop, executed }: RunResult, budget: number, memory: GuestMemory): boolean {
  if (stop.kind !== 'budget' || executed >= budget) return false;
  const rip = Number(memory.state.rip);
  const code = memory.bytes.subarray(rip, rip + LONGEST_INSTRUCTION);
  return memoryAccesses(code, memory.state).repeat !== null;
}
