// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { parseIdx, parseIdxImages, parseIdxLabels, writeIdxImages, writeIdxLabels } from './idx.ts';

const pixels = Uint8Array.from({ length: 3 * 2 * 4 }, (_, i) => i * 10);
const images = writeIdxImages(pixels, 2, 4);
const labels = writeIdxLabels(Uint8Array.of(7, 0, 9));

function changed(file: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const copy = file.slice();
  copy.set(bytes, at);
  return copy;
}

function error(result: { ok: true } | { ok: false; error: string }): string {
  return result.ok ? 'no error' : result.error;
}

describe('IDX files', () => {
  it('are written big-endian and read back', () => {
    expect([...images.subarray(0, 16)]).toEqual([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4]);
    expect([...labels]).toEqual([0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9]);
    expect(parseIdx(images)).toEqual({
      ok: true,
      value: { kind: 'images', count: 3, rows: 2, columns: 4, pixels },
    });
    expect(parseIdx(labels)).toEqual({
      ok: true,
      value: { kind: 'labels', count: 3, labels: Uint8Array.of(7, 0, 9) },
    });
  });

  it('are read through a view into a larger buffer', () => {
    const larger = new Uint8Array(100);
    larger.set(labels, 37);
    const parsed = parseIdxLabels(larger.subarray(37, 37 + labels.length));
    expect(parsed.ok && [...parsed.value.labels]).toEqual([7, 0, 9]);
  });

  it('may be empty of items', () => {
    expect(parseIdxImages(writeIdxImages(new Uint8Array(0), 28, 28)).ok).toBe(true);
    expect(parseIdxLabels(writeIdxLabels(new Uint8Array(0))).ok).toBe(true);
  });

  it('are refused when cut anywhere', () => {
    for (let length = 0; length < images.length; length++) {
      expect(error(parseIdxImages(images.slice(0, length))), `${length} bytes`).toMatch(
        /^truncated/,
      );
    }
    for (let length = 0; length < labels.length; length++) {
      expect(error(parseIdxLabels(labels.slice(0, length))), `${length} bytes`).toMatch(
        /^truncated/,
      );
    }
    expect(error(parseIdx(images.slice(0, 3)))).toBe('too short for an IDX header: 3 bytes');
  });

  it('are refused with a reason that names the numbers', () => {
    expect(error(parseIdxImages(labels.slice(0, 11)))).toBe(
      'truncated: 11 bytes, an IDX header of images has 16',
    );
    expect(error(parseIdxLabels(images))).toBe(
      'not an IDX file of labels: magic 0x00000803, expected 0x00000801',
    );
    expect(error(parseIdx(changed(images, 2, 9)))).toBe(
      'not an IDX file of images or labels: magic 0x00000903, expected 0x00000803 or 0x00000801',
    );
    expect(error(parseIdxImages(changed(images, 4, 0, 0, 0, 4)))).toBe(
      'truncated: the IDX header promises 4 images (48 bytes), the file has 40',
    );
    expect(error(parseIdxImages(changed(images, 7, 2)))).toBe(
      '8 bytes too many after 2 images (expected 32 bytes)',
    );
    expect(error(parseIdxLabels(changed(labels, 10, 10)))).toBe('label 2 is 10, above 9');
  });

  it('are refused when their sizes are zero or overflow', () => {
    expect(error(parseIdxImages(changed(images, 11, 0)))).toBe(
      'bad image size in the IDX header: 0 x 4',
    );
    expect(error(parseIdxImages(changed(images, 8, 255, 255, 255, 255)))).toBe(
      'bad image size in the IDX header: 4294967295 x 4',
    );
    expect(error(parseIdxImages(changed(images, 4, 255, 255, 255, 255)))).toMatch(
      /promises 4294967295 images of 8 bytes: more than a file may hold/,
    );
    // 2^32 items of 2^32 bytes would wrap to nothing in 64 bits.
    expect(error(parseIdxLabels(changed(labels, 4, 255, 255, 255, 255)))).toMatch(
      /more than a file/,
    );
  });

  it('are not written of parts of images', () => {
    expect(() => writeIdxImages(new Uint8Array(7), 2, 4)).toThrow(RangeError);
  });
});
