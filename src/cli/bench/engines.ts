// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Instructions a second: the same bytes on the silicon, in the engines under Node, and in the
 * product's worker in Chromium.
 *
 * Each figure is a difference between a long and a short run of the same program, so that process
 * start, loading and compiling the emulator cancel out, and so does translating. Counts come from the emulator, which counts
 * exactly; the number of instructions of a unit of work is the same on the silicon. Times are of the
 * processor, of which a machine that has much else to do takes little more.
 */
import { join } from 'node:path';
import { PROJECT } from '../digits-files.ts';
import type { BareChromium } from './bare-page.ts';
import { timed } from './command.ts';
import type { Span, Workload } from './programs.ts';
import { figure, median, table } from './table.ts';

interface Spent {
  readonly instructions: number;
  /** Of processor time. */
  readonly ms: number;
}

const TSX = join(PROJECT, 'node_modules/tsx/dist/cli.mjs');
const EMULATE = [process.execPath, TSX, join(PROJECT, 'src/cli/emu.ts'), '--stats', '--engine'];

function emulated(engine: string, workload: Workload, units: number, folder: string): Spent {
  const command = [...EMULATE, engine, workload.image, ...workload.args(units)];
  const { stderr, ms } = timed(command, folder);
  const line = stderr.split('\n').findLast((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`${workload.name} in ${engine}: ${stderr.trim()}`);
  const { instructions } = JSON.parse(line) as { instructions: number };
  return { instructions, ms };
}

async function inChromium(
  browser: BareChromium,
  workload: Workload,
  units: number,
): Promise<Spent> {
  const { instructions, cpuMs } = await browser.run(workload.image, workload.args(units));
  return { instructions, ms: cpuMs };
}

interface Rates {
  /** Instructions of one unit of work. */
  readonly perUnit: number;
  /** Millions of instructions a second, by engine. */
  readonly mips: ReadonlyMap<string, number>;
}

/** One run of so many units of a workload. */
type Runner = (workload: Workload, units: number) => Spent | Promise<Spent>;

const UNICORN = 'unicorn';
const NATIVE = 'native';

/** Pairs of a short and a long run of whatever is fast; the silicon's stand before each engine's. */
const ROUNDS = 3;

/** What the long run has more than the short one. */
async function difference(run: Runner, workload: Workload, span: Span): Promise<Spent> {
  const short = await run(workload, span.short);
  const long = await run(workload, span.long);
  return { instructions: long.instructions - short.instructions, ms: long.ms - short.ms };
}

async function measure(
  workload: Workload,
  engines: ReadonlyMap<string, Runner>,
  nativeToo: boolean,
  folder: string,
): Promise<Rates> {
  const { slow, fast } = workload;
  const onSilicon: Runner = ({ image, args }, units) => ({
    instructions: NaN,
    ms: timed([image, ...args(units)], folder).ms,
  });
  const compiling = [...engines].filter(([engine]) => engine !== UNICORN);
  const times = new Map<string, number[]>([...engines.keys(), NATIVE].map((name) => [name, []]));
  let instructions = NaN;
  // By turns: the machine may be faster at one time than at another.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [engine, run] of compiling) {
      if (nativeToo) times.get(NATIVE)?.push((await difference(onSilicon, workload, fast)).ms);
      const more = await difference(run, workload, fast);
      times.get(engine)?.push(more.ms);
      ({ instructions } = more);
    }
  }
  const mips = new Map<string, number>();
  for (const [name, ms] of times) mips.set(name, instructions / median(ms) / 1000);
  const unicorn = engines.get(UNICORN);
  if (unicorn) {
    const more = await difference(unicorn, workload, slow);
    mips.set(UNICORN, more.instructions / more.ms / 1000);
  }
  return { perUnit: instructions / (fast.long - fast.short), mips };
}

/**
 * Prints millions of instructions a second on each workload, and the ratios to native.
 * @param browser Chromium with the workloads' files; null where there is none.
 */
export async function benchEngines(
  workloads: readonly Workload[],
  names: readonly string[],
  browser: BareChromium | null,
  folder: string,
): Promise<void> {
  const nativeToo = process.platform === 'linux' && process.arch === 'x64';
  const runners = new Map<string, Runner>(
    names.map((name) => [name, (workload, n) => emulated(name, workload, n, folder)]),
  );
  if (browser) {
    runners.set('jit in Chromium', (workload, n) => inChromium(browser, workload, n));
  }
  const engines = [...runners.keys()];
  const columns = [...engines, ...(nativeToo ? [NATIVE] : [])];
  const rows: string[][] = [];
  for (const workload of workloads) {
    process.stderr.write(`  ${workload.name} …\n`);
    const { perUnit, mips } = await measure(workload, runners, nativeToo, folder);
    const rate = (engine: string): number => mips.get(engine) ?? NaN;
    rows.push([
      workload.name,
      figure(perUnit),
      ...columns.map((engine) => figure(rate(engine))),
      ...(nativeToo ? engines.map((engine) => `${figure(rate(NATIVE) / rate(engine))} x`) : []),
    ]);
  }
  const ratios = nativeToo ? engines.map((engine) => `${engine} / native time`) : [];
  const head = [
    'workload',
    'instructions a unit',
    ...columns.map((engine) => `${engine} MIPS`),
    ...ratios,
  ];
  console.log(table(head, rows));
}
