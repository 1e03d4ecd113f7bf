// SPDX-License-Identifier: GPL-2.0-or-later
/** What the engines are measured on: programs whose work can be made as long as wanted. */
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IDX_FILES } from '../../nn/idx.ts';
import { ensureDigits, PROJECT } from '../digits-files.ts';
import { nodeAssembler, readSourceTree } from '../node-assembler.ts';

export interface Workload {
  readonly name: string;
  /** Absolute path of the executable image. */
  readonly image: string;
  /** Arguments for `units` units of work; start-up costs the same for any number. */
  readonly args: (units: number) => readonly string[];
  /** Units that take Unicorn some seconds. */
  readonly units: number;
  /** How many times as many more the others get, so that they too take long enough to be measured. */
  readonly nativeFactor: number;
}

const PROGRAMS: readonly { name: string; title: string; units: number; nativeFactor: number }[] = [
  { name: 'dot', title: 'dot product, scalar', units: 1000, nativeFactor: 600 },
  { name: 'sieve', title: 'sieve', units: 10, nativeFactor: 100 },
  { name: 'sort', title: 'shell sort', units: 15, nativeFactor: 50 },
  { name: 'fib', title: 'recursive fib', units: 60, nativeFactor: 100 },
  { name: 'bytes', title: 'rep movsb and byte scan', units: 25, nativeFactor: 200 },
];

async function assemblePrograms(folder: string): Promise<void> {
  const assembler = await nodeAssembler();
  const sources = {
    ...(await readSourceTree(join(PROJECT, 'asm'))),
    ...(await readSourceTree(join(PROJECT, 'bench', 'programs'))),
  };
  for (const { name } of PROGRAMS) {
    const result = await assembler.assemble({ sources, main: `${name}.asm` });
    if (!result.ok) {
      throw new Error(result.diagnostics.map((d) => `${d.file}:${d.line}: ${d.text}`).join('\n'));
    }
    await writeFile(join(folder, name), result.image);
    await chmod(join(folder, name), 0o755);
  }
}

/** A data set whose test half is the embedded training digits: 6,000 images to read. */
async function readingSet(folder: string): Promise<string> {
  const digits = await ensureDigits();
  const target = join(folder, 'reading');
  await mkdir(target, { recursive: true });
  for (const part of ['images-idx3-ubyte', 'labels-idx1-ubyte']) {
    await copyFile(join(digits, `train-${part}`), join(target, `t10k-${part}`));
  }
  return target;
}

/** The files in `folder` that the workloads read, as they name them. */
export const WORKLOAD_FILES: readonly string[] = [
  ...IDX_FILES.map((name) => `data/${name}`),
  'reading/t10k-images-idx3-ubyte',
  'reading/t10k-labels-idx1-ubyte',
  'sigmoid.bin',
];

/**
 * Makes the images and data in `folder`.
 * @returns the workloads, ready to run from `folder` as working directory
 */
export async function prepareWorkloads(folder: string): Promise<Workload[]> {
  await assemblePrograms(folder);
  await readingSet(folder);
  await mkdir(join(folder, 'data'), { recursive: true });
  const digits = await ensureDigits();
  for (const name of IDX_FILES) {
    await copyFile(join(digits, name), join(folder, 'data', name));
  }
  await copyFile(join(PROJECT, 'data/weights/sigmoid.bin'), join(folder, 'sigmoid.bin'));
  const sigmoid = join(PROJECT, 'public/images/sigmoid');
  const small: Workload[] = PROGRAMS.map(({ name, title, units, nativeFactor }) => ({
    name: title,
    image: join(folder, name),
    args: (n) => [String(n)],
    units,
    nativeFactor,
  }));
  const reading: Workload = {
    name: 'forward pass (sigmoid test, per 100 images)',
    image: sigmoid,
    args: (n) => `test --data reading --weights sigmoid.bin --limit ${n * 100}`.split(' '),
    units: 2,
    nativeFactor: 28,
  };
  const training: Workload = {
    name: 'training (sigmoid train, per mini-batch of 32)',
    image: sigmoid,
    args: (n) =>
      `train --data data --weights out.bin --seed 1 --limit 320 --epochs ${Math.round(n / 10)}`.split(
        ' ',
      ),
    units: 10,
    nativeFactor: 200,
  };
  return [small[0], reading, training, ...small.slice(1)].filter((w) => w !== undefined);
}
