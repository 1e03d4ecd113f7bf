// SPDX-License-Identifier: GPL-2.0-or-later
/** Where the data sets lie on this machine, unpacked when needed. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { IDX_FILES } from '../nn/idx.ts';

/** The project's folder. */
export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
export const DIGITS_DIR = join(PROJECT, 'data', 'digits');
export const MNIST_DIR = join(PROJECT, 'data', 'mnist');
export const SUMS_FILE = join(DIGITS_DIR, 'SHA256SUMS');

/** SHA-256 in lower-case hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Reads `SHA256SUMS`: file name to checksum of the uncompressed file. */
export async function digitSums(file = SUMS_FILE): Promise<Map<string, string>> {
  const sums = new Map<string, string>();
  for (const line of (await readFile(file, 'utf8')).split('\n')) {
    const match = /^([0-9a-f]{64}) [ *](.+)$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) sums.set(match[2], match[1]);
  }
  return sums;
}

/** Writes beside, then renames: readers see the whole file or none. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}.tmp`;
  await writeFile(partial, bytes);
  await rename(partial, path);
}

/**
 * The embedded digits, uncompressed, checked against `SHA256SUMS`; safe to call from several
 * processes at once.
 * @returns the folder with the four IDX files
 * @throws Error when a committed file is missing or damaged
 */
export async function ensureDigits(): Promise<string> {
  const sums = await digitSums();
  for (const name of IDX_FILES) {
    const path = join(DIGITS_DIR, name);
    const expected = sums.get(name);
    if (existsSync(path) && sha256(await readFile(path)) === expected) continue;
    const bytes = gunzipSync(await readFile(`${path}.gz`));
    if (sha256(bytes) !== expected) {
      throw new Error(`data/digits/${name}.gz is damaged: run "npm run digits" to make it anew`);
    }
    await writeWhole(path, bytes);
  }
  return DIGITS_DIR;
}

/**
 * Real MNIST, uncompressed, if this machine has it: `data/mnist` (`npm run data`), else a folder
 * of .gz files named by MNIST_MIRROR or lying at `../shared/mnist`, unpacked into `.cache/mnist`.
 * @returns the folder with the four IDX files, or null
 */
export async function findMnist(): Promise<string | null> {
  if (IDX_FILES.every((name) => existsSync(join(MNIST_DIR, name)))) return MNIST_DIR;
  const named = process.env['MNIST_MIRROR'];
  const source = named === undefined || named === '' ? join('..', 'shared', 'mnist') : named;
  if (/^https?:/.test(source)) return null;
  const folder = resolve(PROJECT, source);
  const cache = join(PROJECT, '.cache', 'mnist');
  for (const name of IDX_FILES) {
    const packed = join(folder, `${name}.gz`);
    if (!existsSync(packed)) return null;
    const bytes = await readFile(packed);
    const path = join(cache, name);
    const size = bytes.readUInt32LE(bytes.length - 4);
    if (existsSync(path) && (await stat(path)).size === size) continue;
    await mkdir(cache, { recursive: true });
    await writeWhole(path, gunzipSync(bytes));
  }
  return cache;
}
