// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What the programs give on the embedded digits, to the byte, is written down in golden.json
 * (sigmoid) and golden-relu.json. `GOLDEN=record npx vitest run src/nn/native-golden` writes it
 * anew; a failure leaves what came out beside it as *.actual.json.
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSet } from './testing/native.ts';
import {
  buildNative,
  embeddedDigits,
  PROJECT,
  runNative,
  scratchFolder,
  WHY_NOT_NATIVE,
  whyNotRung,
  withoutTimes,
} from './testing/native.ts';

interface Golden {
  readonly data: string;
  readonly train: {
    readonly options: readonly string[];
    /** Of each rung without fused multiply-add: they agree to the last bit. */
    readonly weightsSha256: string;
    readonly lines: readonly string[];
    /** Of the rungs with it, which agree only with themselves. */
    readonly fusedWeightsSha256: { readonly avx2: string; readonly avx512: string };
  };
  readonly classify: {
    readonly weights: string;
    /** How many of the first test digits go in. */
    readonly images: number;
    readonly outputSha256: string;
  };
}

const RECORD = process.env['GOLDEN'] === 'record';
const PIXELS = 784;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const text = (golden: Golden): string => `${JSON.stringify(golden, null, 2)}\n`;

describe.skipIf(WHY_NOT_NATIVE !== null)(`golden ${WHY_NOT_NATIVE ?? 'on the real CPU'}`, () => {
  const folder = scratchFolder();
  let digits: DataSet;
  beforeAll(async () => {
    digits = await embeddedDigits();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['sigmoid', 'golden'],
    ['relu', 'golden-relu'],
  ])('%s gives the bytes of %s.json', async (name, file) => {
    const program = await buildNative(`${name}.asm`, folder);
    const path = join(PROJECT, 'src/nn', file);
    const golden = JSON.parse(readFileSync(`${path}.json`, 'utf8')) as Golden;

    const weights = join(folder, `${name}.bin`);
    const train = (rung: string): { lines: string[]; weightsSha256: string } => {
      const run = runNative(program, [
        ...['train', '--data', digits.folder, '--weights', weights, '--isa', rung],
        ...golden.train.options,
      ]);
      expect(run.stderr).toBe('');
      const lines = withoutTimes(run.stdout).trimEnd().split('\n');
      return {
        lines: lines.filter((line) => !line.startsWith('Saved ')),
        weightsSha256: sha256(readFileSync(weights)),
      };
    };
    const trained = train('sse2');
    expect(train('scalar')).toEqual(trained);
    expect(train('sse2-dense')).toEqual(trained);
    const fused = (rung: 'avx2' | 'avx512'): string =>
      whyNotRung(rung) === null ? train(rung).weightsSha256 : golden.train.fusedWeightsSha256[rung];
    const images = digits.test.images.subarray(0, golden.classify.images * PIXELS);
    const committed = join(PROJECT, golden.classify.weights);
    const classify = runNative(program, ['classify', '--weights', committed], { input: images });
    expect(classify.stderr).toBe('');

    const actual: Golden = {
      ...golden,
      train: {
        ...golden.train,
        ...trained,
        fusedWeightsSha256: { avx2: fused('avx2'), avx512: fused('avx512') },
      },
      classify: { ...golden.classify, outputSha256: sha256(classify.stdout) },
    };
    rmSync(`${path}.actual.json`, { force: true });
    if (RECORD) {
      writeFileSync(`${path}.json`, text(actual));
      return;
    }
    if (text(actual) !== text(golden)) writeFileSync(`${path}.actual.json`, text(actual));
    expect(actual).toEqual(golden);
  });
});
