// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The gradient that each rung of each program follows, read off the weights before and after a single
 * mini-batch, against the reference's; reference.test.ts holds that one to central differences.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PIXELS, ReferenceNetwork, RELU, SIGMOID } from './reference.ts';
import type { Samples } from './reference.ts';
import { SplitMix64 } from './reference-math.ts';
import { firstSamples } from './reference-train.ts';
import { RUNGS } from './testing/kernel-cases.ts';
import type { DataSet } from './testing/native.ts';
import {
  buildNative,
  embeddedDigits,
  runNative,
  scratchFolder,
  whyNotRung,
} from './testing/native.ts';

/** The largest rate: what rounds off the weights weighs least in the differences. */
const RATE = 100;
const SEED = 4n;

const NETWORKS = [
  { name: 'sigmoid', shape: SIGMOID, epsilon: 2 ** -53 },
  { name: 'relu', shape: RELU, epsilon: 2 ** -24 },
] as const;

describe.each(NETWORKS)('the gradient of $name', ({ name, shape, epsilon }) => {
  const folder = scratchFolder();
  const weights = join(folder, 'weights.bin');
  let digits: DataSet;
  beforeAll(async () => {
    digits = await embeddedDigits();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A network as the program starts with it. */
  function fresh(): ReferenceNetwork {
    const network = new ReferenceNetwork(shape);
    network.randomize(new SplitMix64(SEED));
    return network;
  }

  const known = new Map<number, Float64Array[]>();

  /** The sums of the first samples' gradients, by layer: weights, then biases. */
  function reference(count: number): Float64Array[] {
    const gradient = known.get(count) ?? sumOfGradients(firstSamples(digits.train, count));
    known.set(count, gradient);
    return gradient;
  }

  function sumOfGradients(samples: Samples): Float64Array[] {
    const network = fresh();
    samples.labels.forEach((label, n) => {
      network.forward(samples.images.subarray(n * PIXELS, (n + 1) * PIXELS));
      network.backward(label);
    });
    return network.layers.flatMap(({ dWeights, dBias }) => [
      Float64Array.from(dWeights),
      Float64Array.from(dBias),
    ]);
  }

  /** The same as the program has it: rate / samples times it is what its weights lose. */
  async function native(rung: string, samples: number): Promise<Float64Array[]> {
    const program = await buildNative(`${name}.asm`, folder);
    const count = String(samples);
    const run = runNative(program, [
      ...['train', '--data', digits.folder, '--weights', weights, '--isa', rung],
      ...['--limit', count, '--batch', count, '--epochs', '1', '--quiet'],
      ...['--lr', String(RATE), '--seed', String(SEED)],
    ]);
    expect(run.stderr).toBe('');
    const after = new ReferenceNetwork(shape);
    after.load(readFileSync(weights));
    return fresh().layers.flatMap((layer, l) => {
      const learned = after.layers[l]!;
      return [
        Float64Array.from(layer.weights, (w, n) => (w - learned.weights[n]!) * (samples / RATE)),
        Float64Array.from(layer.bias, (b, n) => (b - learned.bias[n]!) * (samples / RATE)),
      ];
    });
  }

  const largest = (numbers: Float64Array): number =>
    numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

  for (const rung of RUNGS) {
    const why = whyNotRung(rung);
    it.skipIf(why !== null)(`--isa ${rung} is the reference's ${why ?? ''}`, async () => {
      for (const samples of [1, 5, 33]) {
        const expected = reference(samples);
        const actual = await native(rung, samples);
        actual.forEach((values, part) => {
          const wanted = expected[part]!;
          const error = largest(values.map((value, n) => value - wanted[n]!)) / largest(wanted);
          expect(largest(wanted)).toBeGreaterThan(0);
          // Some hundreds of terms to a sum, some sums to a number, each rounded.
          expect(error, `part ${part} with ${samples} samples`).toBeLessThan(512 * epsilon);
        });
      }
    });
  }
});
