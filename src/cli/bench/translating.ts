// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What translating costs, in processes that have run nothing before: all of it when a program is
 * simply run, and what is left to do at Run when the engine has prepared before, as long as the page's
 * worker lets it and not longer.
 * `tsx translating.ts TASK WHEN FOLDER` is one such process.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JitEngine } from '../../cpu/jit/engine.ts';
import { createUnicornEngine } from '../../cpu/unicorn/engine.ts';
import { GuestMemory } from '../../machine/memory.ts';
import { MemoryFiles } from '../../machine/memory-files.ts';
import { Process } from '../../machine/process.ts';
import { ManualClock } from '../../machine/testing/manual-clock.ts';
import { IDX_FILES } from '../../nn/idx.ts';
import { Preparing } from '../../worker/preparing.ts';
import { ensureDigits, PROJECT } from '../digits-files.ts';
import { figure, median, table } from './table.ts';

const TSX = join(PROJECT, 'node_modules/tsx/dist/cli.mjs');
const SIGMOID = join(PROJECT, 'public/images/sigmoid');
const WEIGHTS = 'data/weights/sigmoid.bin';

/** Milliseconds that translating our image may take in all. */
const GOAL = 100;
/** Processes for each row: the middle one counts. */
const ROUNDS = 3;
/** Milliseconds between two looks whether preparing is over. */
const LOOK = 20;
/** An IDX image file's header, and the pixels of the first image behind it. */
const FRAME = { start: 16, end: 16 + 784 } as const;

const TASKS: Readonly<Record<string, readonly string[]>> = {
  'one digit classified': ['classify'],
  'two epochs of 256 digits':
    'train --data data --weights out.bin --seed 1 --epochs 2 --limit 256'.split(' '),
};

const WHEN = ['as it runs', 'prepared'] as const;

interface Cost {
  /** Before Run and at Run. */
  readonly before: Share;
  readonly atRun: Share;
}

interface Share {
  /** Processor time, everything included. */
  readonly cpuMs: number;
  /** Time by the clock in the translator. */
  readonly translatingMs: number;
  readonly regions: number;
  readonly instructions: number;
  /** Of the pieces, the one that took longest: so long may a message have to wait. */
  readonly longestMs: number;
}

/** The program at its entry, with files and input. */
function boot(memory: GuestMemory, task: string, folder: string): Process {
  const files = new MemoryFiles({
    [WEIGHTS]: new Uint8Array(readFileSync(join(PROJECT, WEIGHTS))),
  });
  for (const name of IDX_FILES) files.put(`data/${name}`, readFileSync(join(folder, name)));
  const image = new Uint8Array(readFileSync(SIGMOID));
  const started = Process.start(memory, image, ['sigmoid', ...(TASKS[task] ?? [])], {
    fs: files,
    clock: new ManualClock(),
    random: (bytes) => bytes.fill(0xa5),
    output: () => undefined,
  });
  if (!started.ok) throw new Error(started.error);
  const images = readFileSync(join(folder, 't10k-images-idx3-ubyte'));
  started.value.stdin.push(images.subarray(FRAME.start, FRAME.end));
  started.value.stdin.close();
  return started.value;
}

/** Runs it to its exit. */
async function finish(engine: JitEngine, process: Process): Promise<void> {
  for (;;) {
    const { stop } = engine.run(1_000_000_000);
    if (stop.kind === 'budget') continue;
    if (stop.kind !== 'syscall') throw new Error(`stopped by ${JSON.stringify(stop)}`);
    const outcome = await process.syscall();
    if (outcome.kind === 'exit' && outcome.status === 0) return;
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
  }
}

async function share(engine: JitEngine, work: () => Promise<number>): Promise<Share> {
  const before = engine.stats;
  const begun = process.cpuUsage();
  const longestMs = await work();
  const { user, system } = process.cpuUsage(begun);
  const after = engine.stats;
  return {
    cpuMs: (user + system) / 1000,
    translatingMs: after.milliseconds - before.milliseconds,
    regions: after.regions - before.regions,
    instructions: after.instructions - before.instructions,
    longestMs,
  };
}

/** As the page's worker does it while nobody asks for anything. @returns ms of the longest piece */
async function prepare(engine: JitEngine): Promise<number> {
  let longest = 0;
  const timed = function* (): Generator<undefined, void> {
    const pieces = engine.prepare();
    for (;;) {
      const begun = performance.now();
      const { done } = pieces.next();
      longest = Math.max(longest, performance.now() - begun);
      if (done === true) return;
      yield;
    }
  };
  const preparing = new Preparing(() => false);
  preparing.begin({ prepare: timed });
  while (preparing.pending) await new Promise((resolve) => setTimeout(resolve, LOOK));
  return longest;
}

async function measure(task: string, when: string, folder: string): Promise<Cost> {
  const memory = new GuestMemory();
  const engine = new JitEngine(memory, await createUnicornEngine(memory));
  const program = boot(memory, task, folder);
  const before = await share(engine, async () => (when === 'prepared' ? prepare(engine) : 0));
  const atRun = await share(engine, async () => {
    await finish(engine, program);
    return 0;
  });
  engine.dispose();
  return { before, atRun };
}

function inProcess(task: string, when: string, folder: string): Cost {
  const script = join(PROJECT, 'src/cli/bench/translating.ts');
  const result = spawnSync(process.execPath, [TSX, script, task, when, folder], {
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`${task}, ${when}: ${result.stderr}`);
  return JSON.parse(result.stdout) as Cost;
}

/** Prints what translating `sigmoid` costs. */
export async function benchTranslating(): Promise<void> {
  const folder = await ensureDigits();
  const rows = Object.keys(TASKS).flatMap((task) =>
    WHEN.map((when) => {
      const costs = Array.from({ length: ROUNDS }, () => inProcess(task, when, folder));
      const middle = (of: (cost: Cost) => number): number => median(costs.map(of));
      const count = (of: (cost: Cost) => number): string => middle(of).toLocaleString('en-US');
      const before = [
        figure(middle(({ before }) => before.cpuMs)),
        figure(middle(({ before }) => before.longestMs)),
        count(({ before }) => before.regions),
      ];
      return [
        `${task}, ${when}`,
        ...(when === 'prepared' ? before : ['-', '-', '-']),
        figure(middle(({ atRun }) => atRun.cpuMs)),
        figure(middle(({ atRun }) => atRun.translatingMs)),
        count(({ atRun }) => atRun.regions),
        count(({ before, atRun }) => before.instructions + atRun.instructions),
      ];
    }),
  );
  const head = [
    ...['sigmoid in a new process', 'before Run, CPU ms', 'longest piece, ms', 'regions'],
    ...['the run, CPU ms', `translating in it, ms (goal ${GOAL})`, 'regions in it', 'instructions'],
  ];
  console.log(table(head, rows));
}

const [, script, task, when, folder] = process.argv;
if (script?.endsWith('translating.ts') === true && task && when && folder) {
  process.stdout.write(JSON.stringify(await measure(task, when, folder)));
}
