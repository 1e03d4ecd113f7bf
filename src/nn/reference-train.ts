// SPDX-License-Identifier: GPL-2.0-or-later
/** What the commands `train`, `test` and `classify` of the programs do and print, as reference. */
import { argmax, crossEntropy, DIGITS, PIXELS } from './reference.ts';
import type { ReferenceNetwork, Samples } from './reference.ts';
import { roundHalfEven, SplitMix64 } from './reference-math.ts';

export interface TrainOptions {
  readonly epochs: number;
  readonly batch: number;
  /** --lr */
  readonly rate: number;
  readonly seed: bigint;
}

/** The defaults of asm/sigmoid.asm. */
export const SIGMOID_TRAINING: TrainOptions = { epochs: 30, batch: 32, rate: 0.1, seed: 1n };

/** The defaults of asm/relu.asm. */
export const RELU_TRAINING: TrainOptions = { epochs: 10, batch: 64, rate: 0.01, seed: 1n };

export interface EpochResult {
  /** Sum of the samples' losses; the printed loss is its mean. */
  readonly lossSum: number;
  readonly correct: number;
  readonly count: number;
}

export interface TestResult {
  readonly correct: number;
  readonly count: number;
  /** Of each digit: how many were read right, of how many. */
  readonly digits: readonly { readonly correct: number; readonly count: number }[];
}

/** The first `limit` samples, as --limit takes them. */
export function firstSamples(samples: Samples, limit: number): Samples {
  return {
    images: samples.images.subarray(0, limit * PIXELS),
    labels: samples.labels.subarray(0, limit),
  };
}

/** Randomizes the network and trains it. @returns one result an epoch. */
export function train(
  network: ReferenceNetwork,
  samples: Samples,
  options: TrainOptions,
): EpochResult[] {
  const random = new SplitMix64(options.seed);
  network.randomize(random);
  const order = Uint32Array.from(samples.labels, (_, n) => n);
  const results: EpochResult[] = [];
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    shuffle(order, random);
    results.push(trainEpoch(network, samples, order, options));
  }
  return results;
}

function trainEpoch(
  network: ReferenceNetwork,
  samples: Samples,
  order: Uint32Array,
  options: TrainOptions,
): EpochResult {
  let lossSum = 0;
  let correct = 0;
  for (let first = 0; first < order.length; first += options.batch) {
    const batch = order.subarray(first, first + options.batch);
    for (const index of batch) {
      const label = samples.labels[index] ?? 0;
      network.forward(image(samples, index));
      lossSum += crossEntropy(network.output, label);
      if (argmax(network.output) === label) correct++;
      network.backward(label);
    }
    network.update(batch.length, options.rate);
  }
  return { lossSum, correct, count: order.length };
}

/** Fisher and Yates, from the last place down. */
export function shuffle(order: Uint32Array, random: SplitMix64): void {
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    const kept = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = kept;
  }
}

export function test(network: ReferenceNetwork, samples: Samples): TestResult {
  const digits = Array.from({ length: DIGITS }, () => ({ correct: 0, count: 0 }));
  samples.labels.forEach((label, index) => {
    network.forward(image(samples, index));
    const digit = digits[label];
    if (digit === undefined) return;
    digit.count++;
    if (argmax(network.output) === label) digit.correct++;
  });
  const correct = digits.reduce((sum, digit) => sum + digit.correct, 0);
  return { correct, count: samples.labels.length, digits };
}

/** The line that `classify` prints for an image of 784 bytes, without its end. */
export function classify(network: ReferenceNetwork, pixels: Uint8Array): string {
  const output = network.forward(pixels);
  return [argmax(output), ...Array.from(output, (p) => fixed(p, 6))].join(' ');
}

/** The epoch's line as the program prints it, without the time. `epoch` counts from 1. */
export function epochLine(result: EpochResult, epoch: number, epochs: number): string {
  const loss = fixed(result.lossSum / result.count, 4);
  return `Epoch ${epoch}/${epochs} | Loss: ${loss} | Accuracy: ${percent(result)}`;
}

/** The lines that `test` prints. */
export function testLines(result: TestResult): string[] {
  return [
    `Overall accuracy: ${percent(result)} (${result.correct}/${result.count})`,
    ...result.digits.map((digit, n) => `  ${n}: ${percent(digit)}`),
  ];
}

function image(samples: Samples, index: number): Uint8Array {
  return samples.images.subarray(index * PIXELS, (index + 1) * PIXELS);
}

/** put_percent of asm/io/text.asm: rounded in integers, ties up. */
function percent({ correct, count }: { readonly correct: number; readonly count: number }): string {
  if (count === 0) return 'n/a';
  const hundredths = Math.floor((correct * 10_000 + Math.floor(count / 2)) / count);
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}%`;
}

/** put_fixed of asm/io/text.asm: scaled, then rounded to the nearest integer, ties to even. */
function fixed(value: number, decimals: number): string {
  const scaled = roundHalfEven(value * 10 ** decimals);
  if (Number.isNaN(scaled)) return 'nan';
  const scale = 10 ** decimals;
  return `${Math.floor(scaled / scale)}.${String(scaled % scale).padStart(decimals, '0')}`;
}
