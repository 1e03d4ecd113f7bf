// SPDX-License-Identifier: GPL-2.0-or-later
/** The sigmoid program on the real CPU, against the reference. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IDX_FILES } from './idx.ts';
import { ReferenceNetwork, SIGMOID } from './reference.ts';
import {
  classify,
  epochLine,
  firstSamples,
  SIGMOID_TRAINING,
  test,
  testLines,
  train,
} from './reference-train.ts';
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
  whyNotRung,
  withoutTimes,
} from './testing/native.ts';

const ISAS = ['scalar', 'sse2-dense', 'sse2'] as const;
const TRAINED = join(PROJECT, 'data/weights/sigmoid.bin');
const PIXELS = 784;

describe.skipIf(WHY_NOT_NATIVE !== null)(`sigmoid ${WHY_NOT_NATIVE ?? 'on the real CPU'}`, () => {
  const folder = scratchFolder();
  let program = '';
  let digits: DataSet;
  let weightsCount = 0;

  beforeAll(async () => {
    program = await buildNative('sigmoid.asm', folder);
    digits = await embeddedDigits();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Trains natively; the weights file's bytes, and the lines without times and file name. */
  function trainNative(...args: string[]): { weights: Buffer; lines: string[] } {
    const weights = join(folder, `weights-${weightsCount++}.bin`);
    const run = runNative(program, [
      ...['train', '--data', digits.folder, '--weights', weights],
      ...args,
    ]);
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    const lines = withoutTimes(run.stdout).trimEnd().split('\n');
    expect(lines).toContain(`Saved ${weights}`);
    return {
      weights: readFileSync(weights),
      lines: lines.filter((line) => !line.startsWith('Saved ')),
    };
  }

  it.each(ISAS)('--isa %s trains to the bits of the reference, and prints the same', (isa) => {
    const network = new ReferenceNetwork(SIGMOID);
    const options = { ...SIGMOID_TRAINING, epochs: 2 };
    const results = train(network, firstSamples(digits.train, 256), options);
    const native = trainNative('--limit', '256', '--epochs', '2', '--isa', isa);
    expect(Buffer.from(network.save()).equals(native.weights)).toBe(true);
    expect(native.lines).toEqual([
      ...results.map((result, n) => epochLine(result, n + 1, 2)),
      ...testLines(test(network, firstSamples(digits.test, 256))),
    ]);
  });

  it.each([
    ['a last mini-batch that is smaller', '70', '32', '0.1', '3'],
    ['mini-batches of one', '40', '1', '0.05', '2'],
    ['a mini-batch larger than the set', '20', '1024', '1', '18446744073709551615'],
    ['a mini-batch of 33', '66', '33', '.25', '0'],
    ['a single sample', '1', '32', '0.1', '1'],
  ])('agrees with the reference for %s', (_, limit, batch, lr, seed) => {
    const network = new ReferenceNetwork(SIGMOID);
    train(network, firstSamples(digits.train, Number(limit)), {
      ...{ epochs: 2, batch: Number(batch), rate: Number(lr), seed: BigInt(seed) },
    });
    const expected = network.save();
    for (const isa of ISAS) {
      const native = trainNative(
        ...['--epochs', '2', '--limit', limit, '--batch', batch, '--lr', lr],
        ...['--seed', seed, '--isa', isa],
      );
      expect(Buffer.from(expected).equals(native.weights), isa).toBe(true);
    }
  });

  it('--isa auto takes the highest rung that this CPU has, and says which', () => {
    const best = ['avx512', 'avx2', 'sse2'].find((rung) => whyNotRung(rung) === null)!;
    const options = ['--limit', '64', '--epochs', '1'];
    const auto = trainNative(...options, '--isa', 'auto');
    expect(auto.lines.shift()).toBe(`Kernels: ${best} (auto)`);
    expect(auto).toEqual(trainNative(...options, '--isa', best));
  });

  it('gives the same bytes twice, and others for another seed', () => {
    const options = ['--limit', '64', '--epochs', '1'];
    const first = trainNative(...options);
    expect(trainNative(...options)).toEqual(first);
    expect(trainNative(...options, '--seed', '2').weights.equals(first.weights)).toBe(false);
  });

  it('classifies as the reference does, however the bytes arrive', () => {
    const network = new ReferenceNetwork(SIGMOID);
    network.load(readFileSync(TRAINED));
    const images = digits.test.images.subarray(0, 100 * PIXELS);
    const expected = Array.from({ length: 100 }, (_, n) =>
      classify(network, images.subarray(n * PIXELS, (n + 1) * PIXELS)),
    );
    for (const isa of ISAS) {
      const run = runNative(program, ['classify', '--weights', TRAINED, '--isa', isa], {
        input: images,
      });
      expect(run.stdout.toString().trimEnd().split('\n')).toEqual(expected);
      expect(run.status).toBe(0);
    }
    // through a pipe that hands over 100 bytes at a time: short reads
    writeFileSync(join(folder, 'images'), images.subarray(0, 10 * PIXELS));
    const trickled = runNative('/bin/sh', [
      ...['-c', 'dd bs=100 status=none < "$1" | "$2" classify --weights "$3"'],
      ...['sh', join(folder, 'images'), program, TRAINED],
    ]);
    expect(trickled.stdout.toString().trimEnd().split('\n')).toEqual(expected.slice(0, 10));
  });

  it('tests the committed weights on the embedded digits', () => {
    const run = runNative(program, ['test', '--data', digits.folder]);
    const overall = /^Overall accuracy: (\d+\.\d\d)% \(\d+\/1000\)$/m.exec(run.stdout.toString());
    expect(Number(overall?.[1])).toBeGreaterThanOrEqual(80);
    expect(run.stdout.toString().split('\n')).toHaveLength(12);
  });

  it('runs from the project folder with nothing but a command', () => {
    mkdirSync(join(folder, 'data/mnist'), { recursive: true });
    mkdirSync(join(folder, 'data/weights'));
    for (const name of IDX_FILES) {
      writeFileSync(join(folder, 'data/mnist', name), readFileSync(join(digits.folder, name)));
    }
    const trained = runNative(program, ['train', '--epochs', '1'], { cwd: folder });
    expect(trained.stderr).toBe('');
    const tested = runNative(program, ['test'], { cwd: folder });
    expect(tested.stderr).toBe('');
    expect(trained.stdout.toString().endsWith(tested.stdout.toString())).toBe(true);
  });

  describe.skipIf(WHY_NO_MNIST !== null)(`on MNIST ${WHY_NO_MNIST ?? ''}`, () => {
    let mnist: DataSet;
    beforeAll(() => {
      mnist = realMnist(folder);
    });

    it('the committed weights read 96.3 % or more of the test set', () => {
      const run = runNative(program, ['test', '--data', mnist.folder]);
      const overall = /^Overall accuracy: (\d+\.\d\d)%/m.exec(run.stdout.toString());
      expect(Number(overall?.[1])).toBeGreaterThanOrEqual(96.3);
    });

    it.each(['1', '3'])('the first epoch is as those of other programs, seed %s', (seed) => {
      const run = runNative(program, [
        ...['train', '--data', mnist.folder, '--weights', join(folder, 'mnist.bin')],
        ...['--epochs', '1', '--seed', seed],
      ]);
      const line = /Loss: (\d+\.\d+) \| Accuracy: (\d+\.\d+)%/.exec(run.stdout.toString());
      // over 40 seeds: 0.597 to 0.627 and 84.6 to 85.9 %
      expect(Number(line?.[1])).toBeGreaterThan(0.59);
      expect(Number(line?.[1])).toBeLessThan(0.63);
      expect(Number(line?.[2])).toBeGreaterThan(84.5);
      expect(Number(line?.[2])).toBeLessThan(86);
    });
  });
});
