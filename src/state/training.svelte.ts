// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Training in the machine of the page, by the sample, the mini-batch, the epoch or at a stretch.
 * The program tells its progress through its own events and counters, which its sources annotate.
 */
import type { DebugTensor } from '../protocol/debug-info.ts';
import type { Sample, StopReason } from '../protocol/machine.ts';
import type { MachineState } from './machine.svelte.ts';
import type { Store } from './store.ts';
import { CurveBuilder, EMPTY_CURVE, type Counters, type Curve } from './training-curve.ts';
import { TrainingRecord } from './training-record.ts';
import {
  TrainingChoices,
  trainingArguments,
  trainingTotal,
  type NumberOption,
  type TrainingOptions,
  type TrainingSet,
} from './training-options.svelte.ts';
import { weightImages, weightLayout, type WeightImages } from './training-weights.ts';

const COUNTERS = ['loss_sum', 'correct_count', 'sample_count', 'epoch'] as const;

/** The events to stop at, and how the buttons call them. */
export const STEPS = {
  sample: 'sample_end',
  batch: 'batch_end',
  epoch: 'epoch_end',
} as const;

export type TrainingStep = keyof typeof STEPS;

/** What of the machine is used, so that tests can hand in a fake. */
export type TrainingMachine = Pick<
  MachineState,
  | 'boot'
  | 'run'
  | 'runUntilEvent'
  | 'pause'
  | 'watchScalars'
  | 'onSamples'
  | 'inspect'
  | 'booted'
  | 'console'
  | 'program'
  | 'args'
  | 'status'
  | 'busy'
  | 'trouble'
>;

export class TrainingState {
  readonly #machine: TrainingMachine;
  readonly #choices: TrainingChoices;
  readonly #now: () => number;
  readonly #off: () => void;
  #args = $state<string | null>(null);
  #started = $state.raw<TrainingOptions | null>(null);
  #curve = $state.raw<Curve>(EMPTY_CURVE);
  #counters = $state.raw<Counters | null>(null);
  #weights = $state.raw<WeightImages | null>(null);
  #problem = $state<string | null>(null);
  #finished = $state(false);
  #speed = $state<number | null>(null);
  #builder = new CurveBuilder();
  #reading = false;
  /** Read while running; shown with the next readings, in one frame. */
  #next: WeightImages | null = null;
  readonly #record = new TrainingRecord();
  #mark: { at: number; seen: number } | null = null;

  constructor(machine: TrainingMachine, store: Store, now: () => number = () => performance.now()) {
    this.#machine = machine;
    this.#choices = new TrainingChoices(store);
    this.#now = now;
    this.#off = machine.onSamples((samples) => this.#take(samples));
  }

  get options(): TrainingOptions {
    return this.#choices.of(this.#name);
  }

  /** Whether the program learns at all: it announces its batches. */
  get able(): boolean {
    return this.#announces(STEPS.batch);
  }

  get curve(): Curve {
    return this.#curve;
  }

  /** The program's counters as last read; null before the first. */
  get counters(): Counters | null {
    return this.#counters;
  }

  /** The first layer as last read; null while there is nothing to show. */
  get weights(): WeightImages | null {
    return this.#weights;
  }

  /** Why the last command did not do what it should, as a sentence; or null. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Whether the machine holds a training that these buttons started and that has not ended. */
  get active(): boolean {
    const { booted, status, args } = this.#machine;
    const alive = status !== 'empty' && status !== 'exited' && status !== 'faulted';
    return this.#args !== null && booted !== null && args === this.#args && alive;
  }

  /** Whether the latest training ran to its end and wrote its weights. */
  get finished(): boolean {
    return this.#finished;
  }

  get running(): boolean {
    return this.active && this.#machine.busy;
  }

  /** Samples a second while running; null before it is known. */
  get speed(): number | null {
    return this.#speed;
  }

  /** Samples of the whole training, of the one under way or of the options. */
  get total(): number {
    return trainingTotal(this.#started ?? this.options);
  }

  get seen(): number {
    return this.#counters === null ? 0 : this.#builder.seen;
  }

  /** Seconds, from the speed so far; null when it is not known. */
  get secondsLeft(): number | null {
    if (!this.running || this.#speed === null || this.#speed <= 0) return null;
    return Math.max(0, this.total - this.seen) / this.#speed;
  }

  choose(set: TrainingSet): void {
    this.#choices.choose(this.#name, set);
  }

  /** Sets a number; one that the program would refuse is brought into its range. */
  setNumber(option: NumberOption, value: number): void {
    this.#choices.setNumber(this.#name, option, value);
  }

  /** Boots a new training and stands at its entry. */
  async restart(): Promise<boolean> {
    this.#problem = null;
    const options = this.options;
    const args = trainingArguments(options, this.#name);
    this.#builder = new CurveBuilder();
    this.#record.clear();
    this.#curve = EMPTY_CURVE;
    this.#counters = null;
    this.#weights = null;
    this.#next = null;
    this.#finished = false;
    this.#speed = null;
    this.#mark = null;
    this.#args = args;
    this.#started = options;
    if (!(await this.#machine.boot(args))) {
      this.#problem = this.#machine.trouble?.message ?? 'The training could not be started.';
      return false;
    }
    await this.#machine.watchScalars([STEPS.batch, STEPS.epoch], COUNTERS);
    return true;
  }

  /** One sample, mini-batch or epoch, from where the training stands. */
  async step(step: TrainingStep): Promise<void> {
    if (!(await this.#ready())) return;
    const event = STEPS[step];
    if (!this.#announces(event)) {
      this.#problem = `The program has no “;@ event ${event}” any more.`;
      return;
    }
    await this.#landed(await this.#machine.runUntilEvent(event, 1));
  }

  /** Runs on to the end. */
  async run(): Promise<void> {
    if (!(await this.#ready())) return;
    await this.#landed(await this.#machine.run());
  }

  pause(): Promise<void> {
    return this.#machine.pause();
  }

  /** Reads the first layer's weights; while a reading is under way, another is not begun. */
  async refreshWeights(): Promise<void> {
    const tensor = this.#tensor('w1');
    const layout = tensor ? weightLayout(tensor) : null;
    if (!tensor || !layout || this.#reading || !this.active) return;
    this.#reading = true;
    try {
      const window = await this.#machine.inspect.readMemory(tensor.address, layout.bytes);
      const images = weightImages(tensor, window.bytes);
      // All zero: the program has not drawn its first weights yet.
      if (!images || images.scale <= 0) return;
      if (this.running) this.#next = images;
      else this.#show(images);
    } catch {
      // The worker is gone; the machine's own message says so.
    } finally {
      this.#reading = false;
    }
  }

  /** Samples that had been seen at a moment of the run, in instructions; null when not known. */
  seenAt(instructions: number): number | null {
    return this.active || this.#finished ? this.#record.seenAt(instructions) : null;
  }

  dispose(): void {
    this.#off();
  }

  /** Name of the program that the next training is of. */
  get #name(): string {
    return this.#machine.program?.name ?? 'sigmoid';
  }

  #announces(event: string): boolean {
    const debug = (this.active ? this.#machine.booted : this.#machine.program)?.debug;
    return debug?.events.some((each) => each.name === event) ?? false;
  }

  async #ready(): Promise<boolean> {
    this.#problem = null;
    if (this.running) return false;
    const changed = trainingArguments(this.options, this.#name) !== this.#args;
    if (this.active && !changed) {
      this.#mark = null;
      return true;
    }
    return this.restart();
  }

  #show(images: WeightImages): void {
    this.#weights = images;
    this.#next = null;
  }

  async #landed(reason: StopReason | null): Promise<void> {
    this.#mark = null;
    if (this.#next) this.#show(this.#next);
    if (reason?.kind === 'fault') this.#problem = reason.fault.message;
    if (reason?.kind === 'exit') {
      this.#finished = reason.status === 0;
      if (reason.status !== 0) {
        const why = this.#machine.console.complaint;
        this.#problem = `The training ended with status ${reason.status}${why ? `: ${why}` : '.'}`;
      }
      return;
    }
    await this.#readCounters();
    await this.refreshWeights();
  }

  /** The counters as they stand in memory: between batches too. */
  async #readCounters(): Promise<void> {
    const values: number[] = [];
    for (const name of COUNTERS) {
      const tensor = this.#tensor(name);
      if (!tensor || !this.active) return;
      try {
        const { bytes } = await this.#machine.inspect.readMemory(tensor.address, 8);
        const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
        const real = tensor.type === 'f64';
        values.push(real ? view.getFloat64(0, true) : Number(view.getBigUint64(0, true)));
      } catch {
        return;
      }
    }
    this.#add(values);
    this.#curve = this.#builder.curve;
  }

  #take(samples: readonly Sample[]): void {
    if (!this.active) return;
    for (const sample of samples) {
      // The program goes another way from an earlier moment: what came after is no part of this.
      const kept = this.#record.backTo(sample.instructions);
      if (kept !== null) {
        this.#builder = new CurveBuilder();
        for (const values of kept) this.#add(values);
      }
      this.#add(sample.values);
      this.#record.add(sample, this.#builder.seen);
    }
    this.#curve = this.#builder.curve;
    if (this.#next) this.#show(this.#next);
    const now = this.#now();
    this.#mark ??= { at: now, seen: this.#builder.seen };
    const seconds = (now - this.#mark.at) / 1000;
    if (seconds > 0.25) this.#speed = (this.#builder.seen - this.#mark.seen) / seconds;
  }

  #add(values: readonly number[]): void {
    const [lossSum = 0, correct = 0, samples = 0, epoch = 0] = values;
    const counters = { lossSum, correct, samples, epoch };
    this.#builder.add(counters);
    if (samples > 0) this.#counters = counters;
  }

  #tensor(name: string): DebugTensor | null {
    return this.#machine.booted?.debug?.tensors.find((t) => t.name === name) ?? null;
  }
}
