// SPDX-License-Identifier: GPL-2.0-or-later
/** A small data set, and all the ways in which a file of it can be wrong. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { IDX_FILES } from '../idx.ts';

/** Samples in each of its two sets. */
const COUNT = 20;

/** Makes `folder`, with the first COUNT samples of each set in `source`. */
export function makeDataSet(source: string, folder: string): void {
  mkdirSync(folder);
  for (const name of IDX_FILES) {
    const images = name.includes('images');
    const file = readFileSync(join(source, name));
    const bytes = Buffer.from(file.subarray(0, images ? 16 + COUNT * 784 : 8 + COUNT));
    bytes.writeUInt32BE(COUNT, 4);
    writeFileSync(join(folder, name), bytes);
  }
}

/** A change to a file's bytes. */
export type Change = (file: Buffer) => Uint8Array;

/** Another word at an offset, most significant byte first. */
export const word =
  (offset: number, value: number): Change =>
  (file) => {
    file.writeUInt32BE(value, offset);
    return file;
  };
/** Only the first bytes. */
export const cut =
  (length: number): Change =>
  (file) =>
    file.subarray(0, length);
/** Another f64 at an offset. */
export const number =
  (offset: number, value: number): Change =>
  (file) => {
    file.writeDoubleLE(value, offset);
    return file;
  };

/** What can be wrong with a file of COUNT images, and what the programs say of it. */
export const IMAGE_CHANGES: readonly [string, Change, string][] = [
  ['empty', cut(0), 'not an IDX file of images'],
  ['cut in the magic number', cut(3), 'not an IDX file of images'],
  ['cut behind the magic number', cut(4), 'not an IDX file of images'],
  ['cut behind the count', cut(8), 'not an IDX file of images'],
  ['cut behind the rows', cut(12), 'not an IDX file of images'],
  ['cut in the columns', cut(15), 'not an IDX file of images'],
  ['nothing but a header', cut(16), 'shorter than its header says'],
  ['a byte short', cut(16 + COUNT * 784 - 1), 'shorter than its header says'],
  ['a byte long', (f) => Buffer.concat([f, Buffer.of(0)]), 'longer than its header says'],
  ['labels', word(0, 0x801), 'not an IDX file of images'],
  ['little-endian', word(0, 0x03080000), 'not an IDX file of images'],
  ['gzip', (f) => gzipSync(f), 'still compressed'],
  ['no images', word(4, 0), 'it holds no images'],
  ['a huge count', word(4, 0xffffffff), 'shorter than its header says'],
  ['a count whose size wraps at 32 bits', word(4, 0x01000000), 'shorter than its header says'],
  ['27 rows', word(8, 27), 'its images are not 28x28 pixels'],
  ['huge rows', word(8, 0x8000001c), 'its images are not 28x28 pixels'],
  ['29 columns', word(12, 29), 'its images are not 28x28 pixels'],
  ['no columns', word(12, 0), 'its images are not 28x28 pixels'],
];

/** The same of a file of COUNT labels. */
export const LABEL_CHANGES: readonly [string, Change, string][] = [
  ['empty', cut(0), 'not an IDX file of labels'],
  ['cut in the magic number', cut(2), 'not an IDX file of labels'],
  ['cut in the count', cut(7), 'not an IDX file of labels'],
  ['nothing but a header', cut(8), 'shorter than its header says'],
  ['a byte short', cut(8 + COUNT - 1), 'shorter than its header says'],
  ['a byte long', (f) => Buffer.concat([f, Buffer.of(1)]), 'longer than its header says'],
  ['images', word(0, 0x803), 'not an IDX file of labels'],
  [
    'one label too few',
    (f) => cut(f.length - 1)(Buffer.from(word(4, COUNT - 1)(f))),
    'not as many labels as there are images',
  ],
  ['no labels', (f) => cut(8)(Buffer.from(word(4, 0)(f))), 'it holds no images'],
  ['a label of 10', (f) => f.fill(10, 8, 9), 'holds a label above 9'],
  ['a last label of 255', (f) => f.fill(255, f.length - 1), 'holds a label above 9'],
];
