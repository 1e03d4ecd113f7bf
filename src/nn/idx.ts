// SPDX-License-Identifier: GPL-2.0-or-later
/** The IDX files of MNIST: big-endian header, then one byte a pixel or a label. */
import { hex } from '../shared/format.ts';
import { err, ok } from '../shared/result.ts';
import type { Result } from '../shared/result.ts';

export const IMAGES_MAGIC = 0x00000803;
export const LABELS_MAGIC = 0x00000801;
const IMAGES_HEADER = 16;
const LABELS_HEADER = 8;
/** More than any data set of this kind; the product of the sizes stays far below 2^53. */
const LARGEST_SIDE = 65_535;
const LARGEST_FILE = 2 ** 31 - 1;

export interface IdxImages {
  readonly kind: 'images';
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  /** count × rows × columns bytes, a view into the file. */
  readonly pixels: Uint8Array;
}

export interface IdxLabels {
  readonly kind: 'labels';
  readonly count: number;
  /** count bytes, each 0 … 9, a view into the file. */
  readonly labels: Uint8Array;
}

/** The four files of a data set, by the names everybody uses. */
export const IDX_FILES = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
] as const;

export type IdxFileName = (typeof IDX_FILES)[number];

/** Reads an image or a label file, told apart by the magic number. */
export function parseIdx(file: Uint8Array): Result<IdxImages | IdxLabels, string> {
  if (file.length < 4) return err(`too short for an IDX header: ${file.length} bytes`);
  const magic = word(file, 0);
  if (magic === IMAGES_MAGIC) return parseIdxImages(file);
  if (magic === LABELS_MAGIC) return parseIdxLabels(file);
  return err(
    `not an IDX file of images or labels: magic ${hex(magic, 8)}, ` +
      `expected ${hex(IMAGES_MAGIC, 8)} or ${hex(LABELS_MAGIC, 8)}`,
  );
}

/** Reads an image file. The error says what is wrong, without the file's name. */
export function parseIdxImages(file: Uint8Array): Result<IdxImages, string> {
  const problem = headerProblem(file, IMAGES_HEADER, IMAGES_MAGIC, 'images');
  if (problem !== null) return err(problem);
  const count = word(file, 4);
  const rows = word(file, 8);
  const columns = word(file, 12);
  if (rows === 0 || columns === 0 || rows > LARGEST_SIDE || columns > LARGEST_SIDE) {
    return err(`bad image size in the IDX header: ${rows} x ${columns}`);
  }
  const sizeProblem = lengthProblem(file, IMAGES_HEADER, count, rows * columns, 'images');
  if (sizeProblem !== null) return err(sizeProblem);
  return ok({ kind: 'images', count, rows, columns, pixels: file.subarray(IMAGES_HEADER) });
}

/** Reads a label file. The error says what is wrong, without the file's name. */
export function parseIdxLabels(file: Uint8Array): Result<IdxLabels, string> {
  const problem = headerProblem(file, LABELS_HEADER, LABELS_MAGIC, 'labels');
  if (problem !== null) return err(problem);
  const count = word(file, 4);
  const sizeProblem = lengthProblem(file, LABELS_HEADER, count, 1, 'labels');
  if (sizeProblem !== null) return err(sizeProblem);
  const labels = file.subarray(LABELS_HEADER);
  const bad = labels.findIndex((label) => label > 9);
  if (bad >= 0) return err(`label ${bad} is ${labels[bad] ?? 0}, above 9`);
  return ok({ kind: 'labels', count, labels });
}

/**
 * An image file.
 * @throws RangeError when `pixels` is no whole number of images
 */
export function writeIdxImages(pixels: Uint8Array, rows: number, columns: number): Uint8Array {
  const count = pixels.length / (rows * columns);
  if (!Number.isInteger(count)) {
    throw new RangeError(
      `${pixels.length} bytes are no whole number of ${rows} x ${columns} images`,
    );
  }
  const file = new Uint8Array(IMAGES_HEADER + pixels.length);
  putWords(file, [IMAGES_MAGIC, count, rows, columns]);
  file.set(pixels, IMAGES_HEADER);
  return file;
}

/** A label file. */
export function writeIdxLabels(labels: Uint8Array): Uint8Array {
  const file = new Uint8Array(LABELS_HEADER + labels.length);
  putWords(file, [LABELS_MAGIC, labels.length]);
  file.set(labels, LABELS_HEADER);
  return file;
}

function headerProblem(file: Uint8Array, size: number, magic: number, what: string): string | null {
  if (file.length < size) {
    return `truncated: ${file.length} bytes, an IDX header of ${what} has ${size}`;
  }
  const found = word(file, 0);
  if (found === magic) return null;
  return `not an IDX file of ${what}: magic ${hex(found, 8)}, expected ${hex(magic, 8)}`;
}

function lengthProblem(
  file: Uint8Array,
  header: number,
  count: number,
  each: number,
  what: string,
): string | null {
  const expected = header + count * each;
  if (expected > LARGEST_FILE) {
    return `the IDX header promises ${count} ${what} of ${each} bytes: more than a file may hold`;
  }
  if (file.length < expected) {
    return `truncated: the IDX header promises ${count} ${what} (${expected} bytes), the file has ${file.length}`;
  }
  if (file.length > expected) {
    return `${file.length - expected} bytes too many after ${count} ${what} (expected ${expected} bytes)`;
  }
  return null;
}

function word(file: Uint8Array, at: number): number {
  return new DataView(file.buffer, file.byteOffset, file.byteLength).getUint32(at);
}

function putWords(file: Uint8Array, words: readonly number[]): void {
  const view = new DataView(file.buffer);
  for (const [i, value] of words.entries()) view.setUint32(4 * i, value);
}
