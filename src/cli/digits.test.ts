// SPDX-License-Identifier: GPL-2.0-or-later
/** The committed digits: that the generator makes them, and the bars they have to pass. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { IMAGE_BYTES, IMAGE_SIDE } from '../nn/canvas.ts';
import { digitImages, digitLabels, TEST_COUNT, TRAIN_COUNT } from '../nn/digits.ts';
import { IDX_FILES, parseIdxImages, parseIdxLabels } from '../nn/idx.ts';
import { test as readAll, train } from '../nn/reference-train.ts';
import { ReferenceNetwork, SIGMOID } from '../nn/reference.ts';
import type { Samples } from '../nn/reference.ts';
import { digitSums, DIGITS_DIR, ensureDigits, PROJECT, sha256 } from './digits-files.ts';

async function part(name: 'train' | 't10k'): Promise<Samples> {
  const folder = await ensureDigits();
  const images = parseIdxImages(await readFile(join(folder, `${name}-images-idx3-ubyte`)));
  const labels = parseIdxLabels(await readFile(join(folder, `${name}-labels-idx1-ubyte`)));
  if (!images.ok || !labels.ok) throw new Error('the embedded digits are no IDX files');
  return { images: images.value.pixels, labels: labels.value.labels };
}

describe('the embedded digits', () => {
  it('are 6,000 and 1,000, under 2 MB packed, with the recorded checksums', async () => {
    const sums = await digitSums();
    let packedBytes = 0;
    for (const name of IDX_FILES) {
      const packed = await readFile(join(DIGITS_DIR, `${name}.gz`));
      packedBytes += packed.length;
      expect(packed.readUInt32LE(4), `${name}: no time stamp`).toBe(0);
      expect(sha256(gunzipSync(packed)), name).toBe(sums.get(name));
    }
    expect(packedBytes).toBeLessThan(2_000_000);
    const images = parseIdxImages(
      await readFile(join(await ensureDigits(), 'train-images-idx3-ubyte')),
    );
    expect(images.ok && [images.value.count, images.value.rows, images.value.columns]).toEqual([
      TRAIN_COUNT,
      IMAGE_SIDE,
      IMAGE_SIDE,
    ]);
    expect((await part('t10k')).labels.length).toBe(TEST_COUNT);
  });

  it('are what the generator draws', async () => {
    // A part of the images and all labels; `npm run digits -- --check` compares all.
    const some = 400;
    for (const [split, name, count] of [
      ['train', 'train', TRAIN_COUNT],
      ['test', 't10k', TEST_COUNT],
    ] as const) {
      const committed = await part(name);
      const labels = digitLabels(split, count);
      expect(committed.labels).toEqual(Buffer.from(labels));
      const drawn = digitImages(split, labels.subarray(0, some));
      expect(Buffer.compare(drawn, committed.images.subarray(0, some * IMAGE_BYTES)), name).toBe(0);
    }
  });

  it('have as much ink as MNIST (mean pixel 0.1307)', async () => {
    const { images } = await part('train');
    const mean = images.reduce((sum, value) => sum + value, 0) / images.length / 255;
    expect(mean).toBeGreaterThan(0.1);
    expect(mean).toBeLessThan(0.15);
  });

  it('are read by the weights trained on MNIST: 95 % and more, every digit 85 % and more', async () => {
    const network = new ReferenceNetwork(SIGMOID);
    network.load(await readFile(join(PROJECT, 'data', 'weights', 'sigmoid.bin')));
    const result = readAll(network, await part('t10k'));
    expect(result.correct / result.count).toBeGreaterThanOrEqual(0.95);
    for (const digit of result.digits) {
      expect(digit.correct / digit.count).toBeGreaterThanOrEqual(0.85);
    }
  });

  it('teach a network to read their own test digits: 97 % and more', async () => {
    const network = new ReferenceNetwork(SIGMOID);
    train(network, await part('train'), { epochs: 2, batch: 16, rate: 1, seed: 1n });
    const result = readAll(network, await part('t10k'));
    expect(result.correct / result.count).toBeGreaterThanOrEqual(0.97);
  });
});
