// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Native training: our programs against plain C, NumPy and PyTorch where their tools are present,
 * on the same data, one after the other on the same core, loading not counted.
 */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../digits-files.ts';
import { figure, median, table } from './table.ts';

const COMPARATORS = join(PROJECT, 'bench', 'comparators');

/** Bytes in front of the pixels of an IDX image file, and of one image. */
const IDX_HEADER = 16;
const PIXELS = 784;

interface Network {
  readonly name: 'sigmoid' | 'relu';
  readonly epochs: number;
  readonly batch: number;
  readonly rate: number;
  readonly bits: 64 | 32;
  readonly sizes: readonly number[];
  readonly compile: readonly string[];
}

const NETWORKS: readonly Network[] = [
  {
    name: 'sigmoid',
    epochs: 30,
    batch: 32,
    rate: 0.1,
    bits: 64,
    sizes: [784, 32, 10],
    compile: ['-DREAL=double', '-DHIDDEN1=32'],
  },
  {
    name: 'relu',
    epochs: 10,
    batch: 64,
    rate: 0.01,
    bits: 32,
    sizes: [784, 128, 64, 10],
    compile: ['-DREAL=float', '-DHIDDEN1=128', '-DHIDDEN2=64'],
  },
];

interface Trained {
  readonly who: string;
  /** Median seconds of one epoch. */
  readonly epoch: number;
  /** Percent of the test set. */
  readonly accuracy: number;
  readonly ours: boolean;
}

/** One core for all, where the system can pin. */
function pinned(command: readonly string[], cores = '0'): [string, string[]] {
  const [file = '', ...args] = command;
  const canPin = spawnSync('taskset', ['-c', cores, 'true']).status === 0;
  return canPin ? ['taskset', ['-c', cores, file, ...args]] : [file, args];
}

function output(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cores?: string,
): string | null {
  const [file, args] = pinned(command, cores);
  const result = spawnSync(file, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  return result.status === 0 ? result.stdout : null;
}

function ourTraining(network: Network, isa: string, data: string, folder: string): Trained | null {
  process.stderr.write(`  ${network.name} --isa ${isa} …\n`);
  const text = output([
    join(PROJECT, 'public/images', network.name),
    'train',
    ...['--data', data, '--weights', join(folder, `${network.name}.bin`), '--isa', isa],
    ...['--epochs', String(network.epochs)],
  ]);
  if (text === null) return null; // this CPU does not have these instructions
  const times = [...text.matchAll(/Time: ([\d.]+) s/g)].map((match) => Number(match[1]));
  const accuracy = Number(/Overall accuracy: ([\d.]+)%/.exec(text)?.[1]);
  return { who: `ours, --isa ${isa}`, epoch: median(times), accuracy, ours: true };
}

function theirs(who: string, text: string | null): Trained | null {
  if (text === null || /^blas other/m.test(text)) return null;
  const times = [...text.matchAll(/^epoch \d+ ([\d.]+)/gm)].map((match) => Number(match[1]));
  const accuracy = Number(/^accuracy ([\d.]+)/m.exec(text)?.[1]);
  return { who, epoch: median(times), accuracy, ours: false };
}

function plainC(network: Network, data: string, folder: string): Trained | null {
  const program = join(folder, `c-${network.name}`);
  const source = join(COMPARATORS, 'network.c');
  const flags = ['-O3', '-march=native', '-ffast-math', ...network.compile];
  const built = spawnSync('gcc', [...flags, source, '-o', program, '-lm']);
  if (built.status !== 0) return null;
  process.stderr.write(`  ${network.name} in C …\n`);
  const { epochs, batch, rate } = network;
  return theirs(
    'C, gcc -O3 -march=native -ffast-math',
    output([program, data, ...[epochs, batch, rate].map(String)]),
  );
}

function python(network: Network, script: string, data: string, threads: number): Trained | null {
  const who = script === 'network.py' ? 'NumPy, OpenBLAS' : 'PyTorch';
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

/** Multiply-adds of one epoch that are of use: with inputs that are not zero. */
async function usefulMultiplyAdds(network: Network, data: string): Promise<number> {
  const file = await readFile(join(data, 'train-images-idx3-ubyte'));
  let ink = 0;
  for (let at = IDX_HEADER; at < file.length; at++) if (file[at] !== 0) ink++;
  const samples = (file.length - IDX_HEADER) / PIXELS;
  const [, first = 0, ...rest] = network.sizes;
  let dense = 0;
  let inputs = first;
  for (const outputs of rest) {
    dense += 3 * inputs * outputs; // forward, gradient, backward
    inputs = outputs;
  }
  return 2 * ink * first + samples * dense; // first layer: forward and gradient
}

/** Measured 10^9 multiply-adds a second of one core, by instruction set and precision. */
function peaks(folder: string): Map<string, number> {
  const source = join(COMPARATORS, 'peak.c');
  const program = join(folder, 'peak');
  const found = new Map<string, number>();
  if (spawnSync('gcc', ['-O2', source, '-o', program]).status !== 0) return found;
  for (const line of (output([program]) ?? '').trim().split('\n')) {
    const [isa, bits, rate] = line.split(' ');
    if (rate !== undefined) found.set(`${isa ?? ''}/${bits ?? ''}`, Number(rate));
  }
  return found;
}

async function benchNetwork(
  network: Network,
  data: string,
  folder: string,
  peak: ReadonlyMap<string, number>,
): Promise<void> {
  const runs = [
    ...['sse2', 'avx2', 'avx512', 'auto'].map((isa) => ourTraining(network, isa, data, folder)),
    plainC(network, data, folder),
    python(network, 'network.py', data, 1),
    python(network, 'network.py', data, 2),
    python(network, 'pytorch.py', data, 1),
  ].filter((run) => run !== null);
  const fastest = Math.min(...runs.filter((run) => !run.ours).map((run) => run.epoch));
  const useful = await usefulMultiplyAdds(network, data);
  const rows = runs.map((run) => {
    const rate = useful / run.epoch / 1e9;
    const isa = /--isa (\w+)/.exec(run.who)?.[1] ?? '';
    const limit = peak.get(`${isa}/${network.bits}`);
    return [
      run.who,
      figure(run.epoch * 1000),
      figure(run.epoch * network.epochs),
      `${run.accuracy.toFixed(2)} %`,
      Number.isFinite(fastest) ? `${figure(fastest / run.epoch)} x` : '-',
      figure(rate),
      limit === undefined ? '-' : `${figure((100 * rate) / limit)} %`,
    ];
  });
  const head = [
    `${network.name}, ${network.epochs} epochs`,
    'ms an epoch',
    's in all',
    'test accuracy',
    'vs. fastest other',
    'useful GMAC/s',
    'of peak',
  ];
  console.log(`${table(head, rows)}\n`);
}

/**
 * Prints time, accuracy and ratios of both networks.
 * @param data a folder with the four IDX files; figures of the goals are for real MNIST
 */
export async function benchNative(data: string, folder: string): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log('native training: skipped, this is not Linux on x86-64\n');
    return;
  }
  const peak = peaks(folder);
  if (peak.size > 0) {
    const rows = [...peak].map(([key, rate]) => [key.replace('/', ', ') + ' bits', figure(rate)]);
    console.log(`${table(['multiply-add peak of one core', 'GMAC/s'], rows)}\n`);
  }
  for (const network of NETWORKS) await benchNetwork(network, data, folder, peak);
}
