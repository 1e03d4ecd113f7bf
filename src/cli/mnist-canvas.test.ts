// SPDX-License-Identifier: GPL-2.0-or-later
/** The canvas normalises as MNIST was made: shown on MNIST itself, where this machine has it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { IMAGE_BYTES, IMAGE_SIDE, normaliseDigit } from '../nn/canvas.ts';
import { parseIdxImages } from '../nn/idx.ts';
import { findMnist } from './digits-files.ts';

const folder = await findMnist();
if (folder === null) {
  console.warn('skipped: the canvas on MNIST (no MNIST here; "npm run data" brings it in)');
}

/** Every pixel as a square of `by` × `by`. */
function enlarge(image: Uint8Array, by: number): Uint8Array {
  const side = IMAGE_SIDE * by;
  return Uint8Array.from({ length: side * side }, (_, i) => {
    const x = Math.floor((i % side) / by);
    const y = Math.floor(i / side / by);
    return image[y * IMAGE_SIDE + x] ?? 0;
  });
}

describe.skipIf(folder === null)('normaliseDigit on the MNIST test set', () => {
  it('changes none of the images whose longer side is 20 pixels: all but a few', async () => {
    const file = parseIdxImages(await readFile(join(folder ?? '', 't10k-images-idx3-ubyte')));
    if (!file.ok) throw new Error(file.error);
    const { pixels, count } = file.value;
    let same = 0;
    for (let i = 0; i < count; i++) {
      const image = pixels.subarray(i * IMAGE_BYTES, (i + 1) * IMAGE_BYTES);
      if (Buffer.compare(normaliseDigit(image, IMAGE_SIDE, IMAGE_SIDE), image) === 0) same += 1;
    }
    expect(same / count).toBeGreaterThanOrEqual(0.999);
  });

  it('brings them back from ten times the size', async () => {
    const file = parseIdxImages(await readFile(join(folder ?? '', 't10k-images-idx3-ubyte')));
    if (!file.ok) throw new Error(file.error);
    for (let i = 0; i < 50; i++) {
      const image = file.value.pixels.subarray(i * IMAGE_BYTES, (i + 1) * IMAGE_BYTES);
      const again = normaliseDigit(enlarge(image, 10), 280, 280);
      expect(Buffer.compare(again, image), `image ${i}`).toBe(0);
    }
  });
});
