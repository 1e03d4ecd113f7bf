// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Instructions a second: the same bytes on the silicon, in the engines under Node, and in the
 * product's worker in Chromium.
 *
 * Each figure is a difference between a long and a short run of the same program, so that process
 * start, loading and compiling the emulator cancel out. Counts come from the emulator, which counts
 * exactly; the number of instructions of a unit of work is the same on the silicon.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT } from '../digits-files.ts';
import type { BareChromium } from './bare-page.ts';
import type { Workload } from './programs.ts';
import { figure, median, table } from './table.ts';

interface Stats {
  readonly instructions: number;
  readonly ms: number;
}

const TSX = join(PROJECT, 'node_modules/tsx/dist/cli.mjs');

function emulated(engine: string, workload: Workload, units: number, folder: string): Stats {
  const args = [TSX, join(PROJECT, 'src/cli/emu.ts'), '--engine', engine, '--stats'];
  const result = spawnSync(process.execPath, [...args, workload.image, ...workload.args(units)], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const line = result.stderr
    .split('\n')
    .reverse()
    .find((text) => text.startsWith('{'));
  if (result.status !== 0 || line === undefined) {
    throw new Error(`${workload.name} in ${engine}: ${result.stderr.trim()}`);
  }
  return JSON.parse(line) as Stats;
}

/** Wall time in milliseconds of a native run, start-up included. */
function native(workload: Workload, units: number, folder: string): number {
  const started = performance.now();
  const result = spawnSync(workload.image, workload.args(units), { cwd: folder });
  const ms = performance.now() - started;
  if (result.status !== 0) throw new Error(`${workload.name}, native: ${String(result.stderr)}`);
  return ms;
}

interface Rates {
  /** Instructions of one unit of work. */
  readonly perUnit: number;
  /** Nanoseconds of one unit of work, by engine. */
  readonly unitNs: ReadonlyMap<string, number>;
}

/** One run of so many units of a workload. */
type Runner = (workload: Workload, units: number) => Stats | Promise<Stats>;

/** Native runs, each a short and a long one. */
const NATIVE_ROUNDS = 5;

async function measure(
  workload: Workload,
  engines: ReadonlyMap<string, Runner>,
  nativeToo: boolean,
  folder: string,
): Promise<Rates> {
  const { units, nativeFactor } = workload;
  const unitNs = new Map<string, number>();
  let perUnit = NaN;
  const differences: number[] = [];
  const onSilicon = (): void => {
    const more = units * nativeFactor;
    const ms = native(workload, more + units, folder) - native(workload, units, folder);
    differences.push((ms * 1e6) / more);
  };
  for (const [engine, run] of engines) {
    // before, between and behind the engines: the machine may be faster at one time than at another
    if (nativeToo) onSilicon();
    // A compiling engine is measured over as much work as the silicon.
    const more = engine === 'unicorn' ? units : units * nativeFactor;
    const short = await run(workload, units);
    const long = await run(workload, units + more);
    const instructions = (long.instructions - short.instructions) / more;
    if (Number.isNaN(perUnit)) perUnit = instructions;
    unitNs.set(engine, ((long.ms - short.ms) * 1e6) / more);
  }
  if (nativeToo) {
    while (differences.length < NATIVE_ROUNDS) onSilicon();
    unitNs.set('native', median(differences));
  }
  return { perUnit, unitNs };
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
    runners.set('jit in Chromium', ({ image, args }, n) => browser.run(image, args(n)));
  }
  const engines = [...runners.keys()];
  const columns = [...engines, ...(nativeToo ? ['native'] : [])];
  const rows: string[][] = [];
  for (const workload of workloads) {
    process.stderr.write(`  ${workload.name} …\n`);
    const { perUnit, unitNs } = await measure(workload, runners, nativeToo, folder);
    const rate = (engine: string): number => (perUnit * 1000) / (unitNs.get(engine) ?? NaN);
    const nativeNs = unitNs.get('native') ?? NaN;
    rows.push([
      workload.name,
      figure(perUnit),
      ...columns.map((engine) => figure(rate(engine))),
      ...(nativeToo
        ? engines.map((engine) => `${figure((unitNs.get(engine) ?? NaN) / nativeNs)} x`)
        : []),
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
