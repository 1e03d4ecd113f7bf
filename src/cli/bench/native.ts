// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Our programs on the real CPU: training against plain C, NumPy and PyTorch on the same data, one
 * after the other on the same core, loading not counted; then loading and classifying.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NETWORKS, others, ours, peaks, type Network } from './comparators.ts';
import { benchClassify, benchLoading } from './native-io.ts';
import { figure, table } from './table.ts';

/** Bytes in front of the pixels of an IDX image file, and of one image. */
const IDX_HEADER = 16;
const PIXELS = 784;

const RUNGS = ['sse2', 'avx2', 'avx512', 'auto'] as const;

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

/** The peak a run is held to: its instruction set's, or the machine's best for all who may choose. */
function peakOf(
  isa: string | undefined,
  bits: number,
  peak: ReadonlyMap<string, number>,
): number | undefined {
  const own = peak.get(`${isa ?? ''}/${bits}`);
  const all = [...peak].filter(([key]) => key.endsWith(`/${bits}`)).map(([, rate]) => rate);
  return own ?? (all.length > 0 ? Math.max(...all) : undefined);
}

async function benchTraining(
  network: Network,
  data: string,
  folder: string,
  peak: ReadonlyMap<string, number>,
): Promise<void> {
  const own = RUNGS.map((isa) => ours(network, isa, data, folder)).filter((run) => run !== null);
  const other = others(network, data, folder);
  const fastest = Math.min(...other.map((run) => run.epoch));
  const useful = await usefulMultiplyAdds(network, data);
  const rows = [...own, ...other].map((run) => {
    const rate = useful / run.epoch / 1e9;
    const limit = peakOf(run.isa, network.bits, peak);
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
 * Prints time, accuracy and ratios of both networks, and what loading and classifying cost.
 * @param data a folder with the four IDX files; the goals' figures are for real MNIST
 * @param epochs at most so many, to try it; null for the networks' own
 */
export async function benchNative(
  data: string,
  folder: string,
  epochs: number | null,
): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log('native programs: skipped, this is not Linux on x86-64\n');
    return;
  }
  const peak = peaks(folder);
  if (peak.size > 0) {
    const rows = [...peak].map(([key, rate]) => [key.replace('/', ', ') + ' bits', figure(rate)]);
    console.log(`${table(['multiply-add peak of one core', 'GMAC/s'], rows)}\n`);
  }
  for (const network of NETWORKS) {
    const shorter = { ...network, epochs: Math.min(network.epochs, epochs ?? network.epochs) };
    await benchTraining(shorter, data, folder, peak);
  }
  await benchLoading(data, folder);
  await benchClassify(data, folder);
}
