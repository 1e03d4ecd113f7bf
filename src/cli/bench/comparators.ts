// SPDX-License-Identifier: GPL-2.0-or-later
/** Both networks trained by our programs, plain C, NumPy and PyTorch, where their tools are present. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT } from '../digits-files.ts';
import { output } from './command.ts';
import { median } from './table.ts';

const COMPARATORS = join(PROJECT, 'bench', 'comparators');

export interface Network {
  readonly name: 'sigmoid' | 'relu';
  readonly epochs: number;
  readonly batch: number;
  readonly rate: number;
  /** Of a number in its arithmetic. */
  readonly bits: 64 | 32;
  /** Neurons of each layer, the input's pixels first. */
  readonly sizes: readonly number[];
}

export const NETWORKS: readonly Network[] = [
  { name: 'sigmoid', epochs: 30, batch: 32, rate: 0.1, bits: 64, sizes: [784, 32, 10] },
  { name: 'relu', epochs: 10, batch: 64, rate: 0.01, bits: 32, sizes: [784, 128, 64, 10] },
];

/** What one program made of a network. */
export interface Trained {
  readonly who: string;
  /** Median seconds of one epoch. */
  readonly epoch: number;
  /** Percent of the test set. */
  readonly accuracy: number;
  /** The `--isa` of one of our programs; absent for the others. */
  readonly isa?: string;
}

/** Our program; null when this CPU does not have the instructions. */
export function ours(network: Network, isa: string, data: string, folder: string): Trained | null {
  process.stderr.write(`  ${network.name} --isa ${isa} …\n`);
  const text = output([
    join(PROJECT, 'public/images', network.name),
    'train',
    ...['--data', data, '--weights', join(folder, `${network.name}.bin`), '--isa', isa],
    ...['--epochs', String(network.epochs)],
  ]);
  if (text === null) return null;
  const times = [...text.matchAll(/Time: ([\d.]+) s/g)].map((match) => Number(match[1]));
  const accuracy = Number(/Overall accuracy: ([\d.]+)%/.exec(text)?.[1]);
  return { who: `ours, --isa ${isa}`, epoch: median(times), accuracy, isa };
}

function theirs(who: string, text: string | null): Trained | null {
  if (text === null || /^blas other/m.test(text)) return null;
  const times = [...text.matchAll(/^epoch \d+ ([\d.]+)/gm)].map((match) => Number(match[1]));
  const accuracy = Number(/^accuracy ([\d.]+)/m.exec(text)?.[1]);
  return { who, epoch: median(times), accuracy };
}

const PLAIN = ['-O3', '-march=native'] as const;
const TUNED = [
  ...PLAIN,
  '-ffast-math',
  '-mprefer-vector-width=512',
  '-fno-loop-unroll-and-jam',
] as const;

function plainC(
  network: Network,
  flags: readonly string[],
  who: string,
  data: string,
  folder: string,
): Trained | null {
  const { name, epochs, batch, rate, bits, sizes } = network;
  const program = join(folder, `c-${name}`);
  const hidden = sizes.slice(1, -1).map((size, i) => `-DHIDDEN${i + 1}=${size}`);
  const real = `-DREAL=${bits === 64 ? 'double' : 'float'}`;
  const source = join(COMPARATORS, 'network.c');
  const built = spawnSync('gcc', [...flags, real, ...hidden, source, '-o', program, '-lm']);
  if (built.status !== 0) return null;
  process.stderr.write(`  ${name} in ${who} …\n`);
  return theirs(who, output([program, data, ...[epochs, batch, rate].map(String)]));
}

function python(network: Network, script: string, data: string, threads: number): Trained | null {
  const who = script === 'network.py' ? 'NumPy with OpenBLAS' : 'PyTorch';
  const module = script === 'network.py' ? 'numpy' : 'torch';
  for (const file of ['python3', '/usr/bin/python3']) {
    if (spawnSync(file, ['-c', `import ${module}`]).status !== 0) continue;
    process.stderr.write(`  ${network.name} in ${who}, threads: ${threads} …\n`);
    const { name, epochs, batch, rate } = network;
    const args = [join(COMPARATORS, script), name, data, ...[epochs, batch, rate].map(String)];
    const limit = String(threads);
    return theirs(
      `${who}, threads: ${threads}`,
      output(
        [file, ...args],
        { OPENBLAS_NUM_THREADS: limit, OMP_NUM_THREADS: limit, MKL_NUM_THREADS: limit },
        threads === 1 ? '0' : `0-${threads - 1}`,
      ),
    );
  }
  return null;
}

/** All others that can run here, one after the other. */
export function others(network: Network, data: string, folder: string): Trained[] {
  return [
    plainC(network, PLAIN, 'C, gcc -O3 -march=native', data, folder),
    plainC(network, TUNED, 'C, gcc with its best flags', data, folder),
    python(network, 'network.py', data, 1),
    python(network, 'network.py', data, 2),
    python(network, 'pytorch.py', data, 1),
    python(network, 'pytorch.py', data, 2),
  ].filter((run) => run !== null);
}

/**
 * The measured multiply-adds of one core, in 10^9 a second.
 * @returns by instruction set and bits, for example `avx2/64`; empty without gcc
 */
export function peaks(folder: string): Map<string, number> {
  const program = join(folder, 'peak');
  const found = new Map<string, number>();
  const built = spawnSync('gcc', ['-O2', join(COMPARATORS, 'peak.c'), '-o', program]);
  if (built.status !== 0) return found;
  for (const line of (output([program]) ?? '').trim().split('\n')) {
    const [isa, bits, rate] = line.split(' ');
    if (rate !== undefined) found.set(`${isa ?? ''}/${bits ?? ''}`, Number(rate));
  }
  return found;
}
