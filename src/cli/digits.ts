// SPDX-License-Identifier: GPL-2.0-or-later
/** `npm run digits`: draws the embedded data set, or with --check compares it with what is there. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { IMAGE_SIDE } from '../nn/canvas.ts';
import { digitImages, digitLabels, TEST_COUNT, TRAIN_COUNT } from '../nn/digits.ts';
import { writeIdxImages, writeIdxLabels } from '../nn/idx.ts';
import type { IdxFileName } from '../nn/idx.ts';
import { DIGITS_DIR, sha256, SUMS_FILE, writeWhole } from './digits-files.ts';

const HELP = `Usage: npm run digits [-- --check]

Draws the embedded data set, ${TRAIN_COUNT} training and ${TEST_COUNT} test digits, into data/digits:
the four IDX files, gzip-compressed for the repository and uncompressed beside, and SHA256SUMS.
The same bytes on every machine.

  --check   write nothing; exit with status 1 unless the files there are these
  --help    this text
`;

/** The four files of the set, uncompressed. */
function drawDigits(): Map<IdxFileName, Uint8Array> {
  const train = digitLabels('train', TRAIN_COUNT);
  const test = digitLabels('test', TEST_COUNT);
  return new Map([
    [
      'train-images-idx3-ubyte',
      writeIdxImages(digitImages('train', train), IMAGE_SIDE, IMAGE_SIDE),
    ],
    ['train-labels-idx1-ubyte', writeIdxLabels(train)],
    ['t10k-images-idx3-ubyte', writeIdxImages(digitImages('test', test), IMAGE_SIDE, IMAGE_SIDE)],
    ['t10k-labels-idx1-ubyte', writeIdxLabels(test)],
  ]);
}

function checksums(files: ReadonlyMap<string, Uint8Array>): string {
  return [...files].map(([name, bytes]) => `${sha256(bytes)}  ${name}\n`).join('');
}

/** Whether the compressed file there already holds `bytes`; other zlibs pack them differently. */
async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  if (!existsSync(path)) return false;
  try {
    return Buffer.compare(gunzipSync(await readFile(path)), bytes) === 0;
  } catch {
    return false;
  }
}

async function check(files: ReadonlyMap<string, Uint8Array>): Promise<number> {
  let wrong = 0;
  for (const [name, bytes] of files) {
    const same = await holds(join(DIGITS_DIR, `${name}.gz`), bytes);
    if (!same) wrong += 1;
    console.log(`${same ? 'same     ' : 'DIFFERENT'}  data/digits/${name}.gz`);
  }
  return wrong === 0 ? 0 : 1;
}

async function write(files: ReadonlyMap<string, Uint8Array>): Promise<number> {
  await mkdir(DIGITS_DIR, { recursive: true });
  for (const [name, bytes] of files) {
    const path = join(DIGITS_DIR, name);
    await writeWhole(path, bytes);
    if (!(await holds(`${path}.gz`, bytes))) {
      await writeWhole(`${path}.gz`, gzipSync(bytes, { level: 9 }));
    }
    const packed = (await readFile(`${path}.gz`)).length;
    console.log(`data/digits/${name}: ${bytes.length} bytes, ${packed} compressed`);
  }
  await writeFile(SUMS_FILE, checksums(files));
  return 0;
}

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => !['--check', '--help', '-h'].includes(arg));
  if (unknown !== undefined) {
    console.error(`digits: unknown option ${unknown}\n\n${HELP}`);
    return 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    console.log(HELP);
    return 0;
  }
  const files = drawDigits();
  return args.includes('--check') ? check(files) : write(files);
}

process.exitCode = await main(process.argv.slice(2));
