// SPDX-License-Identifier: GPL-2.0-or-later
/** Getting real MNIST: mirrors, checks, unpacking. The command around it is `data.ts`. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { IMAGE_SIDE } from '../nn/canvas.ts';
import { IDX_FILES, parseIdx } from '../nn/idx.ts';
import type { IdxFileName } from '../nn/idx.ts';
import { err, ok } from '../shared/result.ts';
import type { Result } from '../shared/result.ts';
import { MNIST_MIRRORS } from '../storage/datasets.ts';
import { isGzip } from '../storage/gzip.ts';
import { writeWhole } from './digits-files.ts';
import { download } from './download.ts';
import type { DownloadOptions } from './download.ts';

/** MD5 of the .gz files as published. */
const PUBLISHED: Readonly<Record<IdxFileName, string>> = {
  'train-images-idx3-ubyte': 'f68b3c2dcbeaaa9fbdd348bbdeb94873',
  'train-labels-idx1-ubyte': 'd53e105ee54ea40749a09fcbcd1e9432',
  't10k-images-idx3-ubyte': '9fb629c4189551a2d022fa330f9573f3',
  't10k-labels-idx1-ubyte': 'ec29112dd5afa0611ce80d1b7f02629c',
};

export interface Reporter {
  line(text: string): void;
  /** Called often; a terminal shows it in place, a pipe not at all. */
  progress(name: string, received: number, total: number | null): void;
}

export interface MnistRequest {
  /** Where the four files go. */
  readonly folder: string;
  /** A folder or an address instead of the mirrors. */
  readonly mirror: string | null;
  readonly reporter: Reporter;
  readonly mirrors?: readonly string[];
  readonly tries?: number;
  readonly patience?: number;
  readonly idle?: number;
}

/** What is wrong with an unpacked file, or null. The counts of a pair are compared elsewhere. */
export function fileProblem(name: IdxFileName, bytes: Uint8Array): string | null {
  const parsed = parseIdx(bytes);
  if (!parsed.ok) return parsed.error;
  const file = parsed.value;
  const wanted = name.includes('images') ? 'images' : 'labels';
  if (file.kind !== wanted) return `holds ${file.kind}, not ${wanted}`;
  if (file.count === 0) return `holds no ${wanted}`;
  if (file.kind === 'images' && (file.rows !== IMAGE_SIDE || file.columns !== IMAGE_SIDE)) {
    return `images of ${file.rows} x ${file.columns} pixels, not 28 x 28`;
  }
  return null;
}

/** What is wrong with a folder that should hold the four unpacked files: a line each. */
export async function folderProblems(folder: string): Promise<string[]> {
  const problems: string[] = [];
  const counts = new Map<IdxFileName, number>();
  for (const name of IDX_FILES) {
    const path = join(folder, name);
    if (!existsSync(path)) {
      problems.push(`${name}: missing`);
      continue;
    }
    const bytes = await readFile(path);
    const problem = fileProblem(name, bytes);
    if (problem === null) counts.set(name, bytes.readUInt32BE(4));
    else problems.push(`${name}: ${problem}`);
  }
  for (const part of ['train', 't10k'] as const) {
    const images = counts.get(`${part}-images-idx3-ubyte`);
    const labels = counts.get(`${part}-labels-idx1-ubyte`);
    if (images !== undefined && labels !== undefined && images !== labels) {
      problems.push(`${part}: ${images} images, but ${labels} labels`);
    }
  }
  return problems;
}

/**
 * Brings the four files into the folder, unpacked; those that are there and sound stay.
 * The error says what failed where, line by line.
 */
export async function fetchMnist(request: MnistRequest): Promise<Result<null, string>> {
  const { folder, reporter } = request;
  await mkdir(folder, { recursive: true });
  const before = await folderProblems(folder);
  // Files that contradict each other can't all be right: fetch them all anew.
  const torn = before.some((problem) => !IDX_FILES.some((name) => problem.startsWith(name)));
  for (const name of IDX_FILES) {
    if (!torn && !before.some((problem) => problem.startsWith(`${name}:`))) {
      reporter.line(`${name}: already there`);
      continue;
    }
    const fetched = await fetchOne(name, request);
    if (!fetched.ok) return fetched;
  }
  const after = await folderProblems(folder);
  return after.length === 0 ? ok(null) : err(after.join('\n'));
}

async function fetchOne(name: IdxFileName, request: MnistRequest): Promise<Result<null, string>> {
  const { folder, mirror, reporter } = request;
  const part = join(folder, `${name}.gz.part`);
  const failures: string[] = [];
  const settle = async (source: string): Promise<boolean> => {
    const problem = await unpack(name, part, request);
    // Damaged goods are not gone on with.
    await rm(part, { force: true });
    if (problem !== null) failures.push(`${source}: ${problem}`);
    return problem === null;
  };

  const byHand = join(folder, `${name}.gz`);
  if (existsSync(byHand)) {
    await copyFile(byHand, part);
    if (await settle(byHand)) return ok(null);
    reporter.line(`${failures.at(-1) ?? ''}: not used`);
  }
  if (mirror !== null && !isAddress(mirror)) {
    const found = [`${name}.gz`, name].map((file) => join(mirror, file)).find(existsSync);
    if (found === undefined) return err(`${mirror}: there is neither ${name}.gz nor ${name}`);
    await copyFile(found, part);
    return (await settle(found)) ? ok(null) : err(failures.join('\n'));
  }
  const options: DownloadOptions = {
    tries: request.tries ?? 3,
    patience: request.patience ?? 500,
    idle: request.idle ?? 30_000,
    onProgress: (received, total) => reporter.progress(`${name}.gz`, received, total),
  };
  const take = async (url: string): Promise<boolean> => {
    const loaded = await download(url, part, options);
    if (loaded.ok && (await settle(url))) return true;
    if (!loaded.ok) failures.push(`${url}: ${loaded.error}`);
    reporter.line(`  ${failures.at(-1) ?? ''}`);
    return false;
  };
  for (const base of mirror === null ? (request.mirrors ?? MNIST_MIRRORS) : [mirror]) {
    const url = `${base.replace(/\/*$/, '/')}${name}.gz`;
    reporter.line(`${name}: from ${url}`);
    const resumed = existsSync(part);
    if (await take(url)) return ok(null);
    // What an earlier run left may be to blame: once more, without it.
    if (resumed && !existsSync(part) && (await take(url))) return ok(null);
  }
  return err(failures.join('\n'));
}

/** Checks the packed (or plain) file and puts it, unpacked, into its place. */
async function unpack(
  name: IdxFileName,
  part: string,
  { folder, mirror, reporter }: MnistRequest,
): Promise<string | null> {
  const packed = await readFile(part);
  const published = createHash('md5').update(packed).digest('hex') === PUBLISHED[name];
  if (!published && mirror === null) {
    return `not the published file (${packed.length} bytes with another MD5 checksum)`;
  }
  let bytes: Uint8Array = packed;
  if (isGzip(packed)) {
    try {
      bytes = gunzipSync(packed, { maxOutputLength: 2 ** 28 });
    } catch (error) {
      return `damaged: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  const problem = fileProblem(name, bytes);
  if (problem !== null) return problem;
  await writeWhole(join(folder, name), bytes);
  const checked = published
    ? 'the published file'
    : 'not the published checksum, but sound: taken, since MNIST_MIRROR asks for it';
  reporter.line(`${name}: ${bytes.length} bytes, ${checked}`);
  return null;
}

export function isAddress(mirror: string): boolean {
  return /^https?:\/\//i.test(mirror);
}
