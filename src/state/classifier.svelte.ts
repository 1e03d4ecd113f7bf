// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The live reading of drawings: a second machine whose process, `classify`, sits blocked in
 * read(0). Each drawing is a frame on its stdin, each line of its stdout a reading. At most one
 * frame is under way; while it is, only the newest drawing waits.
 */
import type { MachineHandle } from '../client/machine-client.ts';
import type { DebugInfo } from '../protocol/debug-info.ts';
import type { MachineEvent, StopReason } from '../protocol/machine.ts';
import { CpuState } from '../shared/cpu-state.ts';
import { formatCompact } from '../shared/format.ts';
import { DrawingState } from './classifier-drawing.svelte.ts';
import { weightsPath, type WeightsChoice } from './weights.ts';

export const FRAME_BYTES = 784;
export const DIGITS = 10;

/** The event of a program that has read a whole frame. */
const FRAME_EVENT = 'frame_begin';

export interface Reading {
  readonly digit: number;
  /** Ten probabilities, as printed by the program. */
  readonly probabilities: readonly number[];
  /** From the frame sent to the line received, in milliseconds. */
  readonly ms: number;
  /** Guest instructions for this frame; null for the first, which includes loading. */
  readonly instructions: number | null;
  /** The frame that was read. */
  readonly frame: Uint8Array;
}

export type ClassifierStatus =
  | 'empty'
  | 'starting'
  /** Blocked in read(0). */
  | 'ready'
  | 'reading'
  /** It exited, faulted, printed nonsense or does not come back; `trouble` says which. */
  | 'stopped';

export interface ClassifierProgram {
  readonly name: string;
  readonly image: Uint8Array;
  readonly debug: DebugInfo | null;
}

/**
 * A frame is given up when it has taken this many instructions and this long (a reading takes some
 * ten thousands; the time is for fast engines), or, whatever the count, when `PATIENCE` is over:
 * a cold engine on a slow machine may need many seconds. Times in milliseconds.
 */
const STUCK_INSTRUCTIONS = 50_000_000;
const STUCK_AFTER = 2_000;
const PATIENCE = 60_000;

export class ClassifierState {
  /** What is drawn; here, so that it outlives a change of the page's layout. */
  readonly drawing = new DrawingState();
  readonly #client: MachineHandle;
  readonly #now: () => number;
  readonly #off: (() => void)[];
  readonly #decoder = new TextDecoder();
  #status = $state<ClassifierStatus>('empty');
  #trouble = $state<string | null>(null);
  #reading = $state.raw<Reading | null>(null);
  #choice = $state<WeightsChoice>('page');
  #program = $state.raw<ClassifierProgram | null>(null);
  #writtenAt = 0;
  #turn = 0;
  #alive = false;
  #sent: { frame: Uint8Array; at: number; from: number } | null = null;
  #next: Uint8Array | null = null;
  #last: Uint8Array | null = null;
  #line = '';
  #complaint = '';
  /** At the latest read(0), and in all as last heard. */
  #instructions: number | null = null;
  #executed = 0;
  #pending: Omit<Reading, 'instructions'> | null = null;
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(client: MachineHandle, now: () => number = () => performance.now()) {
    this.#client = client;
    this.#now = now;
    this.#off = [
      client.onEvent((event) => this.#receive(event)),
      client.onCrash((crash) => this.#fail(crash.message)),
    ];
  }

  get status(): ClassifierStatus {
    return this.#status;
  }

  /** Why there are no readings, as a sentence; null while all is well. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Of the latest frame that was read; null before the first and when the canvas is empty. */
  get reading(): Reading | null {
    return this.#reading;
  }

  /** Whether a drawing waits for its reading, or for the program to start. */
  get busy(): boolean {
    return this.#status === 'empty' || this.#status === 'starting' || this.#status === 'reading';
  }

  get choice(): WeightsChoice {
    return this.#choice;
  }

  /** The weights file in use, among the guest's files. */
  get weights(): string {
    return weightsPath(this.#program?.name ?? 'sigmoid', this.#choice);
  }

  /** Whether the program reads digits at all: it announces the frames that it reads. */
  get able(): boolean {
    const debug = this.#program?.debug;
    return debug == null || debug.events.some((event) => event.name === FRAME_EVENT);
  }

  /** Starts the program, or another version of it, and reads the latest drawing again. */
  async setProgram(program: ClassifierProgram): Promise<void> {
    const before = this.#program;
    const known = before?.debug?.sha256;
    this.#program = program;
    // The same bytes with other comments: what runs goes on.
    if (known !== undefined && known === program.debug?.sha256) return;
    if (before !== null && before.name !== program.name) this.#choice = 'page';
    await this.restart();
  }

  /** The weights file in use was last written at this time: a later one is taken at once. */
  weightsWritten(at: number): void {
    const before = this.#writtenAt;
    this.#writtenAt = at;
    if (before !== 0 && at !== 0 && at !== before) void this.restart();
  }

  /** Takes other weights; starts anew, since the program reads them at its start. */
  async useWeights(choice: WeightsChoice): Promise<void> {
    this.#choice = choice;
    this.#writtenAt = 0;
    await this.restart();
  }

  async restart(): Promise<void> {
    const program = this.#program;
    if (program === null) return;
    const turn = ++this.#turn;
    this.#forget();
    this.#trouble = null;
    if (!this.able) {
      this.#status = 'stopped';
      this.#reading = null;
      return;
    }
    this.#status = 'starting';
    const argv = [program.name, 'classify', '--weights', this.weights];
    const { image, debug } = program;
    try {
      const booted = await this.#client.boot({
        image,
        debug,
        argv,
        engine: 'unicorn',
        record: false,
      });
      if (turn !== this.#turn) return;
      if (!booted.ok) {
        this.#fail(booted.error);
        return;
      }
      this.#alive = true;
      await this.#client.setStops([], []);
      await this.#client.run({ kind: 'continue' });
      if (turn !== this.#turn) return;
      if (this.#last !== null) this.show(this.#last);
    } catch (error) {
      if (turn === this.#turn) this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  /**
   * Reads a drawing: 784 bytes, row by row, 0 background … 255 ink. Null: there is none.
   * @throws RangeError for another length.
   */
  show(frame: Uint8Array | null): void {
    if (frame !== null && frame.length !== FRAME_BYTES) {
      throw new RangeError(`a frame has ${FRAME_BYTES} bytes, not ${frame.length}`);
    }
    this.#last = frame;
    this.#next = frame;
    if (frame === null) {
      this.#reading = null;
      return;
    }
    this.#pump();
  }

  dispose(): void {
    this.#turn++;
    this.#forget();
    for (const off of this.#off) off();
    this.#client.dispose();
  }

  #pump(): void {
    if (!this.#alive || this.#sent !== null || this.#next === null) return;
    const frame = this.#next;
    this.#next = null;
    this.#sent = { frame, at: this.#now(), from: this.#executed };
    this.#status = 'reading';
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#giveUp(`for ${PATIENCE / 1000} s`), PATIENCE);
    this.#client.writeStdin(frame).catch((error: unknown) => {
      this.#fail(error instanceof Error ? error.message : String(error));
    });
  }

  #receive(event: MachineEvent): void {
    switch (event.type) {
      case 'output':
        if (!this.#alive) break;
        if (event.fd === 2) this.#complaint += this.#decoder.decode(event.bytes);
        else this.#print(this.#decoder.decode(event.bytes));
        break;
      case 'waiting':
        this.#rest(event.snapshot.state);
        break;
      case 'stopped':
        if (this.#alive && event.reason.kind !== 'entry') this.#ended(event.reason);
        break;
      case 'progress':
        this.#watch(event.snapshot.state);
        break;
      case 'strace':
      case 'samples':
        break;
    }
  }

  #print(text: string): void {
    this.#line += text;
    for (;;) {
      const end = this.#line.indexOf('\n');
      if (end < 0) return;
      const line = this.#line.slice(0, end);
      this.#line = this.#line.slice(end + 1);
      this.#answer(line);
    }
  }

  #answer(line: string): void {
    const sent = this.#sent;
    if (sent === null) return;
    const parsed = parseReading(line);
    if (parsed === null) {
      this.#fail(`classify printed “${line.slice(0, 80)}”, not a digit and ten probabilities.`);
      return;
    }
    clearTimeout(this.#patience);
    this.#sent = null;
    const reading = { ...parsed, ms: this.#now() - sent.at, frame: sent.frame };
    this.#pending = reading;
    if (this.#last !== null) this.#reading = { ...reading, instructions: null };
    this.#status = 'ready';
    this.#pump();
  }

  /** Blocked in read(0) again: the instructions since the last time were this frame's. */
  #rest(state: ArrayBuffer): void {
    if (!this.#alive) return;
    const count = new CpuState(state).instructions;
    const before = this.#instructions;
    this.#instructions = count;
    this.#executed = count;
    const pending = this.#pending;
    this.#pending = null;
    if (pending && before !== null && this.#reading?.frame === pending.frame) {
      this.#reading = { ...pending, instructions: count - before };
    }
    if (this.#sent === null) this.#status = 'ready';
  }

  /** Still at work: how much, tells whether it will come to an end. */
  #watch(state: ArrayBuffer): void {
    this.#executed = new CpuState(state).instructions;
    const sent = this.#sent;
    if (sent === null || this.#now() - sent.at < STUCK_AFTER) return;
    const spent = this.#executed - sent.from;
    if (spent < STUCK_INSTRUCTIONS) return;
    this.#giveUp(`for ${formatCompact(spent)} instructions`);
  }

  #giveUp(how: string): void {
    this.#fail(`classify has been at this drawing ${how}. It may loop without an end.`);
    this.#client.restart();
  }

  #ended(reason: StopReason): void {
    const said = this.#complaint.trim().split('\n').at(-1) ?? '';
    if (reason.kind === 'fault') {
      this.#fail(reason.fault.message);
    } else if (reason.kind === 'exit') {
      const status = `classify exited with status ${reason.status}`;
      this.#fail(said === '' ? `${status}.` : `${status}: ${said}`);
    } else {
      this.#fail(`classify stopped (${reason.kind}).`);
    }
  }

  #fail(message: string): void {
    this.#forget();
    this.#status = 'stopped';
    this.#trouble = message;
    this.#reading = null;
  }

  #forget(): void {
    clearTimeout(this.#patience);
    this.#alive = false;
    this.#sent = null;
    this.#next = null;
    this.#pending = null;
    this.#line = '';
    this.#complaint = '';
    this.#instructions = null;
    this.#executed = 0;
  }
}

/** `7 0.000001 … 0.999990`; null when the line is anything else. */
export function parseReading(line: string): { digit: number; probabilities: number[] } | null {
  const words = line.trim().split(' ');
  if (words.length !== DIGITS + 1) return null;
  const [digit, ...probabilities] = words.map(Number);
  if (digit === undefined || !Number.isInteger(digit) || digit < 0 || digit >= DIGITS) return null;
  if (probabilities.some((p) => !(p >= 0 && p <= 1))) return null;
  return { digit, probabilities };
}
