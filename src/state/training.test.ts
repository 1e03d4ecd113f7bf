// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import type { DebugTensor } from '../protocol/debug-info.ts';
import type { Sample, StopReason } from '../protocol/machine.ts';
import { durationText, progressText } from '../ui/network/train-text.ts';
import { memoryStore } from './store.ts';
import { CurveBuilder } from './training-curve.ts';
import { weightImages, weightLayout } from './training-weights.ts';
import { trainingArguments } from './training-options.svelte.ts';
import { TrainingState, type TrainingMachine } from './training.svelte.ts';

const tensor = (name: string, over: Partial<DebugTensor> = {}): DebugTensor => ({
  name,
  address: 0,
  type: 'f64',
  shape: [],
  axes: [],
  file: 0,
  line: 1,
  ...over,
});

/** A machine whose training is a list of stops. */
class FakeMachine {
  args = '';
  status: TrainingMachine['status'] = 'empty';
  busy = false;
  trouble: TrainingMachine['trouble'] = null;
  booted: TrainingMachine['booted'] = null;
  program: TrainingMachine['program'] = null;
  readonly console = { complaint: 'sigmoid: no such file' };
  boots: string[] = [];
  asked: string[] = [];
  watched: readonly string[] = [];
  next: StopReason = { kind: 'event', name: 'batch_end' };
  readonly memory = new Map<number, Uint8Array>();
  tell: (samples: readonly Sample[]) => void = () => undefined;

  learnt: readonly DebugTensor[] = [];

  readonly #debug = {
    events: [{ name: 'sample_end' }, { name: 'batch_end' }, { name: 'epoch_end' }],
    tensors: [
      tensor('loss_sum', { address: 8 }),
      tensor('correct_count', { address: 16, type: 'u64' }),
      tensor('sample_count', { address: 24, type: 'u64' }),
      tensor('epoch', { address: 32, type: 'u64' }),
    ],
  };

  constructor() {
    this.open('sigmoid');
  }

  open(name: string, learns = true): void {
    const { events, tensors } = this.#debug;
    const debug = learns
      ? { events, tensors: [...tensors, ...this.learnt] }
      : { events: [], tensors: [] };
    this.program = { name, image: new Uint8Array(), debug } as never;
  }

  readonly inspect = {
    readMemory: (address: number, length: number) =>
      Promise.resolve({
        address,
        bytes: this.memory.get(address) ?? new Uint8Array(length),
        mapped: new Uint8Array(length).fill(1),
      }),
  };

  boot(args = ''): Promise<boolean> {
    this.boots.push(args);
    this.args = args;
    this.status = 'ready';
    this.booted = this.program;
    return Promise.resolve(this.trouble === null);
  }

  run(): Promise<StopReason | null> {
    this.asked.push('run');
    return this.#stop();
  }

  runUntilEvent(name: string): Promise<StopReason | null> {
    this.asked.push(name);
    return this.#stop();
  }

  pause(): Promise<void> {
    return Promise.resolve();
  }

  watchScalars(events: readonly string[]): Promise<void> {
    this.watched = events;
    return Promise.resolve();
  }

  onSamples(listener: (samples: readonly Sample[]) => void): () => void {
    this.tell = listener;
    return () => undefined;
  }

  counters(loss: number, correct: number, samples: number, epoch: number): void {
    const real = new Uint8Array(8);
    new DataView(real.buffer).setFloat64(0, loss, true);
    this.memory.set(8, real);
    [correct, samples, epoch].forEach((value, i) => {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
      this.memory.set(16 + i * 8, bytes);
    });
  }

  #stop(): Promise<StopReason | null> {
    if (this.next.kind === 'exit') this.status = 'exited';
    else this.status = 'paused';
    return Promise.resolve(this.next);
  }
}

function made(): { machine: FakeMachine; training: TrainingState; clock: { now: number } } {
  const machine = new FakeMachine();
  const clock = { now: 0 };
  const training = new TrainingState(
    machine as unknown as TrainingMachine,
    memoryStore(),
    () => clock.now,
  );
  return { machine, training, clock };
}

describe('TrainingState', () => {
  it('boots train with its options, watches the counters, and stops where asked', async () => {
    const { machine, training } = made();
    training.setNumber('limit', 64);
    await training.step('batch');
    expect(machine.boots).toEqual([
      'train --data data/digits --weights data/weights/trained.bin ' +
        '--epochs 3 --batch 32 --lr 0.1 --seed 1 --limit 64',
    ]);
    expect(machine.watched).toEqual(['batch_end', 'epoch_end']);
    await training.step('sample');
    await training.step('epoch');
    await training.run();
    expect(machine.boots).toHaveLength(1);
    expect(machine.asked).toEqual(['batch_end', 'sample_end', 'epoch_end', 'run']);
  });

  it('has options and weights of its own for each program', async () => {
    const { machine, training } = made();
    training.setNumber('batch', 8);
    machine.open('relu');
    expect(training.options).toMatchObject({ batch: 64, rate: 0.01 });
    training.setNumber('epochs', 1);
    await training.run();
    expect(machine.boots).toEqual([
      'train --data data/digits --weights data/weights/trained-relu.bin ' +
        '--epochs 1 --batch 64 --lr 0.01 --seed 1',
    ]);
    machine.open('sigmoid');
    expect(training.options).toMatchObject({ batch: 8, epochs: 3, rate: 0.1 });
  });

  it('knows a program that does not learn', () => {
    const { machine, training } = made();
    expect(training.able).toBe(true);
    machine.open('hello', false);
    expect(training.able).toBe(false);
  });

  it('reads the counters at a stop', async () => {
    const { machine, training } = made();
    machine.counters(2.5, 0, 1, 1);
    await training.step('sample');
    expect(training.counters).toEqual({ lossSum: 2.5, correct: 0, samples: 1, epoch: 1 });
    expect(training.seen).toBe(1);
    expect(training.total).toBe(18_000);
  });

  it('starts anew when the options changed, and after the end', async () => {
    const { machine, training } = made();
    await training.step('batch');
    training.setNumber('epochs', 1);
    await training.step('batch');
    expect(machine.boots).toHaveLength(2);
    machine.next = { kind: 'exit', status: 0 };
    await training.run();
    expect(training.finished).toBe(true);
    expect(training.active).toBe(false);
    machine.next = { kind: 'event', name: 'batch_end' };
    await training.step('batch');
    expect(machine.boots).toHaveLength(3);
    expect(training.finished).toBe(false);
  });

  it('plots what comes during a run and tells speed and time left', async () => {
    const { machine, training, clock } = made();
    training.setNumber('epochs', 1);
    training.setNumber('limit', 1000);
    await training.restart();
    machine.status = 'running';
    machine.busy = true;
    const sample = (loss: number, correct: number, count: number): Sample => ({
      event: 'batch_end',
      instructions: 0,
      values: [loss, correct, count, 1],
    });
    machine.tell([sample(64, 8, 32)]);
    clock.now = 1000;
    machine.tell([sample(96, 24, 64), sample(112, 48, 96)]);
    expect(training.curve.x).toEqual([32, 64, 96]);
    expect(training.curve.loss).toEqual([2, 1, 0.5]);
    expect(training.curve.accuracy).toEqual([0.25, 0.5, 0.75]);
    expect(training.speed).toBe(64);
    expect(training.secondsLeft).toBeCloseTo((1000 - 96) / 64);
  });

  it('says what went wrong', async () => {
    const { machine, training } = made();
    machine.next = { kind: 'exit', status: 1 };
    await training.run();
    expect(training.problem).toBe('The training ended with status 1: sigmoid: no such file');
    machine.trouble = { kind: 'boot', message: 'No program.' };
    await training.step('batch');
    expect(training.problem).toBe('No program.');
  });

  it('brings numbers into the range that the program takes', () => {
    const { training } = made();
    training.setNumber('batch', 5000);
    training.setNumber('epochs', 0.4);
    training.setNumber('rate', Number.NaN);
    expect(training.options).toMatchObject({ batch: 1024, epochs: 1, rate: 0.1 });
    expect(trainingArguments(training.options)).not.toContain('--limit');
  });
});

describe('the weights while training', () => {
  const filled = (value: number): Uint8Array =>
    new Uint8Array(new Float64Array(784).fill(value).buffer);

  it('change with the next readings of a run, in one frame with them, and at once at a stop', async () => {
    const { machine, training } = made();
    machine.learnt = [tensor('w1', { address: 4096, shape: [784, 1], axes: ['pixel', 'hidden'] })];
    machine.open('sigmoid');
    machine.memory.set(4096, filled(1));
    await training.step('batch');
    expect(training.weights?.scale).toBe(1);

    machine.busy = true;
    machine.memory.set(4096, filled(2));
    await training.refreshWeights();
    expect(training.weights?.scale).toBe(1);
    machine.tell([{ event: 'batch_end', instructions: 10, values: [1, 1, 2, 1] }]);
    expect(training.weights?.scale).toBe(2);

    machine.memory.set(4096, filled(3));
    await training.refreshWeights();
    machine.busy = false;
    machine.next = { kind: 'exit', status: 0 };
    await training.run();
    expect(training.weights?.scale).toBe(3);
  });
});

describe('CurveBuilder', () => {
  it('counts on through epochs and marks where they begin', () => {
    const builder = new CurveBuilder();
    builder.add({ lossSum: 4, correct: 1, samples: 2, epoch: 1 });
    builder.add({ lossSum: 6, correct: 3, samples: 4, epoch: 1 });
    builder.add({ lossSum: 6, correct: 3, samples: 4, epoch: 1 });
    builder.add({ lossSum: 1, correct: 2, samples: 2, epoch: 2 });
    expect(builder.curve).toEqual({
      x: [2, 4, 6],
      loss: [2, 1, 0.5],
      accuracy: [0.5, 1, 1],
      epochs: [4],
    });
    expect(builder.seen).toBe(6);
  });

  it('stays small and keeps the means however long the training', () => {
    const builder = new CurveBuilder();
    for (let i = 1; i <= 20_000; i++) {
      builder.add({ lossSum: i * 2, correct: i, samples: i * 4, epoch: 1 });
    }
    const { x, loss, accuracy } = builder.curve;
    expect(x.length).toBeLessThanOrEqual(2000);
    expect(x.length).toBeGreaterThan(500);
    expect(x.at(-1)).toBe(80_000);
    expect(new Set(loss)).toEqual(new Set([0.5]));
    expect(new Set(accuracy)).toEqual(new Set([0.25]));
  });
});

describe('the curve of very many short epochs', () => {
  it('marks the first ones, and stays as small', () => {
    const builder = new CurveBuilder();
    for (let epoch = 1; epoch <= 10_000; epoch++) {
      builder.add({ lossSum: 1, correct: 2, samples: 2, epoch });
    }
    expect(builder.curve.epochs.length).toBeLessThanOrEqual(2000);
    expect(builder.curve.epochs.slice(0, 2)).toEqual([2, 4]);
    expect(builder.seen).toBe(20_000);
  });
});

describe('weights as pictures', () => {
  const bytesOf = (values: readonly number[]) => new Uint8Array(Float64Array.from(values).buffer);

  it('honours which axis counts the pixels', () => {
    const byPixel = tensor('w1', { shape: [784, 2], axes: ['pixel', 'hidden'] });
    const byNeuron = tensor('w1', { shape: [2, 784], axes: ['hidden', 'pixel'] });
    const values = Array.from({ length: 1568 }, (_, i) => i);
    const first = weightImages(byPixel, bytesOf(values));
    const second = weightImages(byNeuron, bytesOf(values));
    expect(first?.neurons).toHaveLength(2);
    expect([first?.neurons[1]?.[0], first?.neurons[1]?.[3]]).toEqual([1, 7]);
    expect([second?.neurons[1]?.[0], second?.neurons[1]?.[3]]).toEqual([784, 787]);
  });

  it('reads single precision, and scales by the 99th percentile', () => {
    const single = tensor('w1', { type: 'f32', shape: [784, 1], axes: ['pixel', 'hidden'] });
    const values = new Float32Array(784).fill(-0.5);
    values[3] = 100;
    const images = weightImages(single, new Uint8Array(values.buffer));
    expect(images?.scale).toBe(0.5);
    expect(images?.neurons[0]?.[3]).toBe(100);
  });

  it('finds the 99th percentile of many weights, however they are spread', () => {
    const by = tensor('w1', { shape: [784, 32], axes: ['pixel', 'hidden'] });
    const spreads: ((i: number) => number)[] = [
      (i) => Math.sin(i) ** 3,
      (i) => (i % 98 === 0 ? 1000 + i : 1 / (i + 1)),
      () => 0.25,
      (i) => (i % 7 === 0 ? NaN : i),
      () => NaN,
    ];
    for (const spread of spreads) {
      const values = Array.from({ length: 784 * 32 }, (_, i) => spread(i));
      const sorted = Float64Array.from(values, Math.abs).filter(Number.isFinite).sort();
      const expected = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
      expect(weightImages(by, bytesOf(values))?.scale).toBe(expected);
    }
  });

  it('knows what is no first layer', () => {
    expect(weightLayout(tensor('w2', { shape: [32, 10], axes: ['hidden', 'digit'] }))).toBeNull();
    expect(weightLayout(tensor('n', { type: 'u64' }))).toBeNull();
    expect(
      weightImages(tensor('w1', { shape: [784, 2], axes: ['pixel', 'hidden'] }), new Uint8Array(8)),
    ).toBeNull();
  });
});

describe('progress in words', () => {
  it('tells what the chart shows', () => {
    const counters = { lossSum: 61.05, correct: 85, samples: 100, epoch: 2 };
    expect(progressText(counters, 6100, 18_000, 250)).toBe(
      'Epoch 2: loss 0.6105, accuracy 85.00 % after 6,100 of 18,000 samples, 250 a second.',
    );
    expect(progressText(null, 0, 10, null)).toBe('No sample has been seen yet.');
  });

  it('tells durations', () => {
    expect([0.4, 59, 185, 7800].map(durationText)).toEqual([
      '0 s',
      '59 s',
      '3 min 5 s',
      '2 h 10 min',
    ]);
  });
});
