// SPDX-License-Identifier: GPL-2.0-or-later
/** What the engines are measured on: programs whose work can be made as long as wanted. */
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IDX_FILES } from '../../nn/idx.ts';
import { ensureDigits, PROJECT } from '../digits-files.ts';
import { nodeAssembler, readSourceTree } from '../node-assembler.ts';

/** Units of work of two runs, whose difference is measured. */
export interface Span {
  readonly short: number;
  readonly long: number;
}

export interface Workload {
  readonly name: string;
  /** Absolute path of the executable image. */
  readonly image: string;
  /** Arguments for `units` units of work; start-up costs the same for any number. */
  readonly args: (units: number) => readonly string[];
  /** For Unicorn. */
  readonly slow: Span;
  /**
   * For the JIT and the silicon: in the short run already what is hot has been found, translated
   * anew, and compiled by V8 at its best.
   */
  readonly fast: Span;
}

type Spans = Pick<Workload, 'slow' | 'fast'>;

const PROGRAMS: readonly (Spans & { name: string; title: string })[] = [
  {
    ...{ name: 'dot', title: 'dot product, scalar' },
    slow: { short: 1000, long: 2000 },
    fast: { short: 200_000, long: 800_000 },
  },
  {
    ...{ name: 'sieve', title: 'sieve' },
    slow: { short: 10, long: 20 },
    fast: { short: 500, long: 2000 },
  },
  {
    ...{ name: 'sort', title: 'shell sort' },
    slow: { short: 15, long: 30 },
    fast: { short: 300, long: 1200 },
  },
  {
    ...{ name: 'fib', title: 'recursive fib' },
    slow: { short: 60, long: 120 },
    fast: { short: 2000, long: 8000 },
  },
  {
    ...{ name: 'bytes', title: 'rep movsb and byte scan' },
    slow: { short: 25, long: 50 },
    fast: { short: 2000, long: 8000 },
  },
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

/** How often the reading set holds the same images. */
const COPIES = 10;

/** An IDX file with its entries `COPIES` times; `header` bytes come before them. */
function repeated(file: Buffer, header: number): Buffer {
  const entries = file.subarray(header);
  const all = Buffer.concat([file.subarray(0, header), ...Array<Buffer>(COPIES).fill(entries)]);
  all.writeUInt32BE(COPIES * file.readUInt32BE(4), 4);
  return all;
}

/** A data set whose test half is the embedded training digits, ten times: 60,000 images to read. */
async function readingSet(folder: string): Promise<void> {
  const digits = await ensureDigits();
  const target = join(folder, 'reading');
  await mkdir(target, { recursive: true });
  for (const [part, header] of [
    ['images-idx3-ubyte', 16],
    ['labels-idx1-ubyte', 8],
  ] as const) {
    const once = await readFile(join(digits, `train-${part}`));
    await writeFile(join(target, `t10k-${part}`), repeated(once, header));
  }
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
  const small: Workload[] = PROGRAMS.map(({ name, title, slow, fast }) => ({
    name: title,
    image: join(folder, name),
    args: (n) => [String(n)],
    ...{ slow, fast },
  }));
  // The silicon is to use the kernels that the emulated CPU has instructions for.
  const kernels = ['--isa', 'sse2'];
  const reading: Workload = {
    name: 'forward pass (sigmoid test, per 100 images)',
    image: sigmoid,
    args: (n) => [
      ...`test --data reading --weights sigmoid.bin --limit ${n * 100}`.split(' '),
      ...kernels,
    ],
    slow: { short: 2, long: 4 },
    fast: { short: 100, long: 600 },
  };
  const training: Workload = {
    name: 'training (sigmoid train, per epoch of 320 images)',
    image: sigmoid,
    args: (n) => [
      ...`train --data data --weights out.bin --seed 1 --limit 320 --epochs ${n}`.split(' '),
      ...kernels,
    ],
    slow: { short: 1, long: 2 },
    fast: { short: 100, long: 400 },
  };
  return [small[0], reading, training, ...small.slice(1)].filter((w) => w !== undefined);
}
