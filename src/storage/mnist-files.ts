// SPDX-License-Identifier: GPL-2.0-or-later
/** Recognising and checking the four MNIST files by what is in them. */
import { IMAGE_SIDE } from '../nn/canvas.ts';
import { IDX_FILES, parseIdx } from '../nn/idx.ts';
import type { IdxFileName } from '../nn/idx.ts';
import { err, ok } from '../shared/result.ts';
import type { Result } from '../shared/result.ts';
import { gunzip, isGzip } from './gzip.ts';

export type MnistSet = ReadonlyMap<IdxFileName, Uint8Array>;

/** A file given by hand; the browser's `File` is one. */
export interface GivenFile {
  readonly name: string;
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The training images, unpacked, and some room; nothing larger is taken. */
export const LARGEST_IDX = 48_000_000;

const TRAIN = 60_000;
const TEST = 10_000;

const ROLES: Readonly<Record<string, IdxFileName>> = {
  [`images ${TRAIN}`]: 'train-images-idx3-ubyte',
  [`labels ${TRAIN}`]: 'train-labels-idx1-ubyte',
  [`images ${TEST}`]: 't10k-images-idx3-ubyte',
  [`labels ${TEST}`]: 't10k-labels-idx1-ubyte',
};

/** Unpacks what is gzipped and leaves the rest as it is. */
export async function unpack(bytes: Uint8Array): Promise<Result<Uint8Array, string>> {
  return isGzip(bytes) ? gunzip(bytes, LARGEST_IDX) : ok(bytes);
}

/** Which of the four files an unpacked one is. The error says why it is none. */
export function mnistRole(bytes: Uint8Array): Result<IdxFileName, string> {
  const parsed = parseIdx(bytes);
  if (!parsed.ok) return parsed;
  const file = parsed.value;
  if (file.kind === 'images' && (file.rows !== IMAGE_SIDE || file.columns !== IMAGE_SIDE)) {
    return err(`images of ${file.rows} x ${file.columns} pixels, MNIST has 28 x 28`);
  }
  const role = ROLES[`${file.kind} ${file.count}`];
  if (role === undefined) {
    return err(`${file.count} ${file.kind}, MNIST has ${TRAIN} for training and ${TEST} for tests`);
  }
  return ok(role);
}

/** What keeps `bytes` from being the MNIST file `name`, or null. */
export function mnistProblem(name: IdxFileName, bytes: Uint8Array): string | null {
  const role = mnistRole(bytes);
  if (!role.ok) return role.error;
  return role.value === name ? null : `holds ${role.value} instead`;
}

/** Finds the four files among those given by hand, in any order and under any name. */
export async function mnistFromFiles(
  files: readonly GivenFile[],
): Promise<Result<MnistSet, { readonly kind: 'bad-files'; readonly message: string }>> {
  const set = new Map<IdxFileName, Uint8Array>();
  const problems: string[] = [];
  for (const file of files) {
    const found = await recognise(file);
    if (found.ok) set.set(found.value.role, found.value.bytes);
    else problems.push(`${file.name}: ${found.error}`);
  }
  const missing = IDX_FILES.filter((name) => !set.has(name));
  if (missing.length === 0) return ok(set);
  const wanted = `Missing: ${missing.join(', ')}. Give all four MNIST files together.`;
  return err({ kind: 'bad-files', message: [...problems, wanted].join('\n') });
}

async function recognise(
  file: GivenFile,
): Promise<Result<{ role: IdxFileName; bytes: Uint8Array }, string>> {
  if (file.size > LARGEST_IDX) return err(`too large (${file.size} bytes)`);
  let packed: Uint8Array;
  try {
    packed = new Uint8Array(await file.arrayBuffer());
  } catch {
    return err('could not be read');
  }
  const bytes = await unpack(packed);
  if (!bytes.ok) return bytes;
  const role = mnistRole(bytes.value);
  return role.ok ? ok({ role: role.value, bytes: bytes.value }) : role;
}
