// SPDX-License-Identifier: GPL-2.0-or-later
/** Assembles the programs of asm/ and runs them on the real CPU. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { ensureDigits } from '../../cli/digits-files.ts';
import { nodeAssembler, readSourceTree } from '../../cli/node-assembler.ts';
import type { AssembleResult } from '../../protocol/assembler.ts';
import { IDX_FILES, parseIdxImages, parseIdxLabels } from '../idx.ts';
import type { Samples } from '../reference.ts';

export const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));

/** Why programs cannot run here, or null when they can. */
export const WHY_NOT_NATIVE =
  process.platform === 'linux' && process.arch === 'x64'
    ? null
    : `needs Linux on x86-64 to run the programs, this is ${process.platform} on ${process.arch}`;

/** Flags that /proc/cpuinfo must have for a rung of the ladder (--isa). */
const RUNG_NEEDS: Readonly<Record<string, readonly string[]>> = {
  avx2: ['avx2', 'fma'],
  avx512: ['avx512f', 'avx512dq', 'avx512bw', 'avx512vl'],
};

/** Why a rung cannot run here, or null when it can. */
export function whyNotRung(rung: string): string | null {
  if (WHY_NOT_NATIVE !== null) return WHY_NOT_NATIVE;
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ');
  const missing = (RUNG_NEEDS[rung] ?? []).filter((flag) => !flags?.includes(flag));
  return missing.length > 0 ? `needs a CPU with ${missing.join(', ')}` : null;
}

/** A new scratch folder. The caller removes it. */
export function scratchFolder(): string {
  return mkdtempSync(join(tmpdir(), 'glassbox-native-'));
}

type Assembled = Extract<AssembleResult, { ok: true }>;
const assembled = new Map<string, Promise<Assembled>>();

/** Assembles `asm/<main>`, once. @throws Error with the diagnostics when it does not assemble */
export function assemble(main: string): Promise<Assembled> {
  const known = assembled.get(main);
  if (known) return known;
  const result = (async () => {
    const assembler = await nodeAssembler();
    const sources = await readSourceTree(join(PROJECT, 'asm'));
    const made = await assembler.assemble({ sources, main });
    if (made.ok) return made;
    throw new Error(made.diagnostics.map((d) => `${d.file}:${d.line}: ${d.text}`).join('\n'));
  })();
  assembled.set(main, result);
  return result;
}

/** Makes an executable of `asm/<main>` in `folder`. @returns its path */
export async function buildNative(main: string, folder: string): Promise<string> {
  const { image } = await assemble(main);
  const path = join(folder, basename(main, '.asm'));
  writeFileSync(path, image);
  chmodSync(path, 0o755);
  return path;
}

/** The address of a label of `asm/<main>`. */
export async function symbolAddress(main: string, name: string): Promise<number> {
  const { debug } = await assemble(main);
  const symbol = debug.symbols.find((s) => s.name === name);
  if (!symbol) throw new Error(`${main} has no label ${name}`);
  return symbol.address;
}

export interface NativeRun {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a program to its end. @param input what standard input holds; by default nothing */
export function runNative(
  program: string,
  args: readonly string[],
  options: { readonly input?: Uint8Array; readonly cwd?: string } = {},
): NativeRun {
  const run = spawnSync(program, args, {
    cwd: options.cwd ?? PROJECT,
    // A program that does not read its input must not be given any: the pipe would break.
    ...(options.input ? { input: options.input } : { stdio: ['ignore', 'pipe', 'pipe'] }),
    maxBuffer: 2 ** 28,
    timeout: 120_000,
  });
  if (run.error) throw run.error;
  return { status: run.status, stdout: run.stdout, stderr: run.stderr.toString() };
}

/** Times vary; nothing else may. */
export function withoutTimes(output: Buffer | string): string {
  return output.toString().replaceAll(/ \| Time: \d+\.\d{3} s/g, '');
}

export interface DataSet {
  /** For --data. */
  readonly folder: string;
  readonly train: Samples;
  readonly test: Samples;
}

/** The embedded digits. */
export async function embeddedDigits(): Promise<DataSet> {
  const folder = await ensureDigits();
  return { folder, ...readDataSet(folder) };
}

const MNIST_FOLDER = process.env['MNIST_MIRROR'] ?? join(PROJECT, '..', 'shared', 'mnist');

/** Why tests on real MNIST cannot run here, or null when they can. */
export const WHY_NO_MNIST = IDX_FILES.every((name) => existsSync(join(MNIST_FOLDER, `${name}.gz`)))
  ? null
  : 'needs MNIST: set MNIST_MIRROR to a folder with its four .gz files';

/** Real MNIST, unpacked into `folder`. */
export function realMnist(folder: string): DataSet {
  for (const name of IDX_FILES) {
    writeFileSync(join(folder, name), gunzipSync(readFileSync(join(MNIST_FOLDER, `${name}.gz`))));
  }
  return { folder, ...readDataSet(folder) };
}

function readDataSet(folder: string): { train: Samples; test: Samples } {
  return { train: readSamples(folder, 'train'), test: readSamples(folder, 't10k') };
}

function readSamples(folder: string, prefix: 'train' | 't10k'): Samples {
  const images = parseIdxImages(readFileSync(join(folder, `${prefix}-images-idx3-ubyte`)));
  const labels = parseIdxLabels(readFileSync(join(folder, `${prefix}-labels-idx1-ubyte`)));
  if (!images.ok) throw new Error(images.error);
  if (!labels.ok) throw new Error(labels.error);
  return { images: images.value.pixels, labels: labels.value.labels };
}
