// SPDX-License-Identifier: GPL-2.0-or-later
/** The relu program and the example network on the real CPU, against the reference. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReferenceNetwork, RELU, SIGMOID } from './reference.ts';
import type { NetworkShape } from './reference.ts';
import { classify, epochLine, firstSamples, train } from './reference-train.ts';
import type { DataSet } from './testing/native.ts';
import {
  buildNative,
  embeddedDigits,
  PROJECT,
  realMnist,
  runNative,
  scratchFolder,
  WHY_NO_MNIST,
  WHY_NOT_NATIVE,
  withoutTimes,
} from './testing/native.ts';

const ISAS = ['scalar', 'sse2-dense', 'sse2'] as const;
const WIDE: NetworkShape = { ...SIGMOID, sizes: [784, 64, 10], limits: [0.0815, 0.285] };

describe.skipIf(WHY_NOT_NATIVE !== null)(`relu ${WHY_NOT_NATIVE ?? 'on the real CPU'}`, () => {
  const folder = scratchFolder();
  const weights = join(folder, 'weights.bin');
  let digits: DataSet;
  let program = '';

  beforeAll(async () => {
    digits = await embeddedDigits();
    program = await buildNative('relu.asm', folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['relu.asm', RELU],
    ['examples/wide.asm', WIDE],
  ])('%s trains to the bits of the reference, on each rung', async (main, shape) => {
    const network = new ReferenceNetwork(shape);
    const options = { epochs: 2, batch: 15, rate: 0.125, seed: 9n };
    const results = train(network, firstSamples(digits.train, 40), options);
    const image = await buildNative(main, folder);
    for (const isa of ISAS) {
      const run = runNative(image, [
        ...['train', '--data', digits.folder, '--weights', weights, '--isa', isa],
        ...['--limit', '40', '--epochs', '2', '--batch', '15', '--lr', '0.125', '--seed', '9'],
      ]);
      expect(run.stderr).toBe('');
      expect(withoutTimes(run.stdout).split('\n').slice(0, 2)).toEqual(
        results.map((result, n) => epochLine(result, n + 1, 2)),
      );
      expect(Buffer.from(network.save()).equals(readFileSync(weights)), isa).toBe(true);
    }
  });

  it('classifies as the reference does, with the committed weights', () => {
    const committed = join(PROJECT, 'data/weights/relu.bin');
    const network = new ReferenceNetwork(RELU);
    network.load(readFileSync(committed));
    const images = digits.test.images.subarray(0, 10 * 784);
    const expected = Array.from({ length: 10 }, (_, n) =>
      classify(network, images.subarray(n * 784, (n + 1) * 784)),
    );
    for (const isa of ISAS) {
      const run = runNative(program, ['classify', '--weights', committed, '--isa', isa], {
        input: images,
      });
      expect(run.stdout.toString().trimEnd().split('\n')).toEqual(expected);
    }
  });

  it('a training that diverges ends with a line, and writes no weights', () => {
    rmSync(weights, { force: true });
    const run = runNative(program, [
      ...[
        'train',
        '--data',
        digits.folder,
        '--weights',
        weights,
        '--lr',
        '0.5',
        '--batch',
        '1',
        '--limit',
        '500',
      ],
    ]);
    expect(run.stderr).toBe('relu: training: the loss is no longer a number; try a smaller --lr\n');
    expect(run.status).toBe(1);
    expect(() => readFileSync(weights)).toThrow('ENOENT');
  });

  it('a weights file of the other network is refused', () => {
    const run = runNative(program, ['test', '--weights', 'data/weights/sigmoid.bin']);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('it has 203600 bytes, not 437544');
  });

  describe.skipIf(WHY_NO_MNIST !== null)(`on MNIST ${WHY_NO_MNIST ?? ''}`, () => {
    it('the committed weights read 95 % or more of the test set', () => {
      const mnist = realMnist(folder);
      const run = runNative(program, ['test', '--data', mnist.folder]);
      const overall = /^Overall accuracy: (\d+\.\d\d)%/m.exec(run.stdout.toString());
      expect(Number(overall?.[1])).toBeGreaterThanOrEqual(95);
    });

    it('the recipe of asm/README.md reads 97.5 % or more', { timeout: 600_000 }, () => {
      const mnist = realMnist(folder);
      const run = runNative(program, [
        ...['train', '--data', mnist.folder, '--weights', weights, '--isa', 'auto'],
        ...['--lr', '0.1', '--epochs', '20', '--batch', '32'],
      ]);
      const overall = /^Overall accuracy: (\d+\.\d\d)%/m.exec(run.stdout.toString());
      expect(Number(overall?.[1])).toBeGreaterThanOrEqual(97.5);
    });
  });
});
