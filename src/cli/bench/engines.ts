// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Instructions a second: the same bytes on the silicon and in the engines, under Node.
 *
 * Each figure is a difference between a long and a short run of the same program, so that process
 * start, loading and compiling the emulator cancel out. Counts come from the emulator, which counts
 * exactly; the number of instructions of a unit of work is the same on the silicon.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT } from '../digits-files.ts';
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

function measure(workload: Workload, engines: readonly string[], folder: string): Rates {
  const { units, nativeFactor } = workload;
  const unitNs = new Map<string, number>();
  let perUnit = NaN;
  for (const engine of engines) {
    if (engine === 'native') {
      const more = units * nativeFactor;
      const differences = [1, 2, 3, 4, 5].map(
        () => native(workload, more + units, folder) - native(workload, units, folder),
      );
      unitNs.set(engine, (median(differences) * 1e6) / more);
      continue;
    }
    // A compiling engine is measured over as much work as the silicon.
    const more = engine === 'jit' ? units * nativeFactor : units;
    const short = emulated(engine, workload, units, folder);
    const long = emulated(engine, workload, units + more, folder);
    const instructions = (long.instructions - short.instructions) / more;
    if (Number.isNaN(perUnit)) perUnit = instructions;
    unitNs.set(engine, ((long.ms - short.ms) * 1e6) / more);
  }
  return { perUnit, unitNs };
}

/** Prints millions of instructions a second on each workload, and the ratios to native. */
export function benchEngines(
  workloads: readonly Workload[],
  engines: readonly string[],
  folder: string,
): void {
  const nativeToo = process.platform === 'linux' && process.arch === 'x64';
  const columns = [...engines, ...(nativeToo ? ['native'] : [])];
  const rows = workloads.map((workload) => {
    process.stderr.write(`  ${workload.name} …\n`);
    const { perUnit, unitNs } = measure(workload, columns, folder);
    const rate = (engine: string): number => (perUnit * 1000) / (unitNs.get(engine) ?? NaN);
    const nativeNs = unitNs.get('native');
    return [
      workload.name,
      figure(perUnit),
      ...columns.map((engine) => figure(rate(engine))),
      ...(nativeNs === undefined
        ? []
        : engines.map((engine) => `${figure((unitNs.get(engine) ?? NaN) / nativeNs)} x`)),
    ];
  });
  const ratios = nativeToo ? engines.map((engine) => `${engine} / native time`) : [];
  const head = [
    'workload',
    'instructions a unit',
    ...columns.map((engine) => `${engine} MIPS`),
    ...ratios,
  ];
  console.log(table(head, rows));
}
