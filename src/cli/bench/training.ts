// SPDX-License-Identifier: GPL-2.0-or-later
/** Whole trainings: the same program natively and in the JIT, in Node and Chromium, its weights compared. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IDX_FILES } from '../../nn/idx.ts';
import { PROJECT } from '../digits-files.ts';
import type { BareChromium } from './bare-page.ts';
import { timed } from './command.ts';
import { figure, table } from './table.ts';

const TSX = join(PROJECT, 'node_modules/tsx/dist/cli.mjs');
const SIGMOID = join(PROJECT, 'public/images/sigmoid');
const [SHORT, LONG] = [1, 30];

interface Trained {
  /** Of processor time. */
  readonly seconds: number;
  readonly sha256: string;
}

/** With the kernels that the emulated CPU has instructions for, on the silicon too. */
function trainingOf(epochs: number): string[] {
  return `train --data data --weights out.bin --seed 1 --isa sse2 --epochs ${epochs}`.split(' ');
}

async function train(command: readonly string[], epochs: number, cwd: string): Promise<Trained> {
  const { ms } = timed([...command, ...trainingOf(epochs)], cwd);
  const weights = await readFile(join(cwd, 'out.bin'));
  return { seconds: ms / 1000, sha256: createHash('sha256').update(weights).digest('hex') };
}

async function trainInChromium(browser: BareChromium, epochs: number): Promise<Trained> {
  const { cpuMs } = await browser.run(SIGMOID, trainingOf(epochs));
  return { seconds: cpuMs / 1000, sha256: await browser.sha256('out.bin') };
}

/** Seconds in each place; NaN where there is none. */
interface Places {
  readonly native: number;
  readonly jit: number;
  readonly chromium: number;
}

function cells({ native, jit, chromium }: Places): string[] {
  const ratios = [jit, chromium].map((seconds) => seconds / native);
  return [
    ...[native, jit, chromium].map(figure),
    ...ratios.map((ratio) => (Number.isFinite(ratio) ? `${figure(ratio)} x` : '-')),
  ];
}

/**
 * Prints the processor time of whole trainings with their ratio and SHA-256: under Node that of the
 * process, in Chromium that of a fresh worker. Of what an epoch more takes, the start is no part, nor
 * is translating.
 * @param data folder with the four IDX files
 * @param name of the data, for the heading
 */
export async function benchTraining(
  data: string,
  name: string,
  browser: BareChromium | null,
  folder: string,
): Promise<void> {
  const cwd = join(folder, 'whole');
  await mkdir(join(cwd, 'data'), { recursive: true });
  for (const file of IDX_FILES) {
    await copyFile(join(data, file), join(cwd, 'data', file));
    await browser?.put(`data/${file}`, join(data, file));
  }
  const emulated = [process.execPath, TSX, join(PROJECT, 'src/cli/emu.ts'), '--engine', 'jit'];
  const nativeToo = process.platform === 'linux' && process.arch === 'x64';
  const rows: string[][] = [];
  const measured: Places[] = [];
  for (const epochs of [SHORT, LONG]) {
    process.stderr.write(`  training, ${epochs} on ${name} …\n`);
    const native = nativeToo ? await train([SIGMOID], epochs, cwd) : null;
    const jit = await train([...emulated, SIGMOID], epochs, cwd);
    const there = browser && (await trainInChromium(browser, epochs));
    const all = [native, jit, there].filter((run) => run !== null);
    const same = new Set(all.map(({ sha256 }) => sha256)).size === 1;
    const [onSilicon = NaN, inChromium = NaN] = [native?.seconds, there?.seconds];
    const places = { native: onSilicon, jit: jit.seconds, chromium: inChromium };
    measured.push(places);
    const weights = [same ? 'the same' : 'DIFFERENT', jit.sha256];
    rows.push([`${epochs} on ${name}`, ...cells(places), ...weights]);
  }
  const more = (place: keyof Places): number =>
    ((measured[1]?.[place] ?? NaN) - (measured[0]?.[place] ?? NaN)) / (LONG - SHORT);
  const each = { native: more('native'), jit: more('jit'), chromium: more('chromium') };
  rows.push(['each epoch more', ...cells(each)]);
  const head = [
    'epochs of training (sigmoid), processor time',
    ...['native s', 'jit s', 'in Chromium s', 'jit / native', 'in Chromium / native'],
    ...['weights', 'SHA-256 in the JIT'],
  ];
  console.log(table(head, rows));
}
