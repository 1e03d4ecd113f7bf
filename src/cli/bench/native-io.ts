// SPDX-License-Identifier: GPL-2.0-or-later
/** What our programs cost around the arithmetic: loading a data set, reading digits from a pipe. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../digits-files.ts';
import { pinned } from './command.ts';
import { figure, median, percentile95, table } from './table.ts';

const IDX_HEADER = 16;
const PIXELS = 784;
const LOADS = 9;
const PIPED = 5;
const ASKED = 2000;
const UNCOUNTED = 200;

const program = (name: string): string => join(PROJECT, 'public/images', name);
const weightsOf = (name: string): string => join(PROJECT, 'data/weights', `${name}.bin`);

/** Milliseconds of a whole command, at best. */
function bestOf(rounds: number, command: readonly string[]): number {
  const [file, ...args] = pinned(command);
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    const run = spawnSync(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    if (run.status !== 0) throw new Error(`${command.join(' ')} failed`);
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

/**
 * Prints what loading and checking the training set takes: `inspect` loads what it takes for the
 * test set and runs the network once, so a run on all images less a run on one is the loading.
 */
export async function benchLoading(data: string, folder: string): Promise<void> {
  const posing = join(folder, 'train-as-test');
  await mkdir(posing);
  for (const kind of ['images-idx3-ubyte', 'labels-idx1-ubyte']) {
    await symlink(join(data, `train-${kind}`), join(posing, `t10k-${kind}`));
  }
  const count = (await readFile(join(data, 'train-labels-idx1-ubyte'))).readUInt32BE(4);
  const inspect = [program('sigmoid'), 'inspect', '--data', posing];
  const command = [...inspect, '--weights', weightsOf('sigmoid')];
  const one = bestOf(LOADS, [...command, '--limit', '1']);
  const all = bestOf(LOADS, command);
  const images = count.toLocaleString('en-US');
  console.log(
    `${table(
      ['loading and checking a data set', 'ms', 'goal'],
      [
        [`${images} images and labels`, figure(all - one), '100'],
        ['the process around it, with one image', figure(one), ''],
      ],
    )}\n`,
  );
}

/** Images a second through two pipes: a file into `classify`, its lines into a reader. */
function imagesPerSecond(name: string, isa: string, frames: string, count: number): number {
  const classify = `'${program(name)}' classify --isa ${isa} --weights '${weightsOf(name)}'`;
  return (
    (1000 * count) / bestOf(PIPED, ['sh', '-c', `cat '${frames}' | ${classify} | cat >/dev/null`])
  );
}

/**
 * Microseconds from writing one image into a pipe to having read its line, each of many times. The
 * process waits in between as it does behind a canvas; calls here are blocking ones, so what is
 * measured is two pipes, two switches of process, and the network.
 */
function latencies(name: string, isa: string, images: Buffer, folder: string): number[] {
  const [into, from] = [join(folder, `${name}-in`), join(folder, `${name}-out`)];
  if (spawnSync('mkfifo', [into, from]).status !== 0) return [];
  const command = `'${program(name)}' classify --isa ${isa} --weights '${weightsOf(name)}'`;
  spawn('sh', ['-c', `exec ${command} <'${into}' >'${from}'`], { stdio: 'inherit' });
  const question = openSync(into, 'w');
  const answer = openSync(from, 'r');
  const line = Buffer.alloc(4096);
  const times: number[] = [];
  for (let asked = 0; asked < ASKED; asked++) {
    const at = (asked % Math.floor(images.length / PIXELS)) * PIXELS;
    const started = performance.now();
    writeSync(question, images, at, PIXELS);
    let have = 0;
    while (line[have - 1] !== 10) have += readSync(answer, line, have, line.length - have, null);
    times.push((performance.now() - started) * 1000);
  }
  closeSync(question);
  closeSync(answer);
  return times.slice(UNCOUNTED);
}

/** Prints how fast `classify` reads images, many and one. */
export async function benchClassify(data: string, folder: string): Promise<void> {
  const images = (await readFile(join(data, 'train-images-idx3-ubyte'))).subarray(IDX_HEADER);
  const frames = join(folder, 'frames');
  await writeFile(frames, images);
  const count = images.length / PIXELS;
  const rows: string[][] = [];
  for (const name of ['sigmoid', 'relu']) {
    for (const isa of ['sse2', 'auto']) {
      process.stderr.write(`  ${name} classify --isa ${isa} …\n`);
      const one = latencies(name, isa, images, await inFolder(folder, `${name}-${isa}`));
      rows.push([
        `${name} --isa ${isa}`,
        figure(imagesPerSecond(name, isa, frames, count)),
        figure(median(one)),
        figure(percentile95(one)),
      ]);
    }
  }
  const head = ['classify', 'images/s over a pipe', 'one image, µs', '95 %'];
  console.log(`${table(head, rows)}\n`);
}

async function inFolder(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}
