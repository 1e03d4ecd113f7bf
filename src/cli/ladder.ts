// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * `npx tsx src/cli/ladder.ts [DIR]`: what each rung of the ladder (asm/kernels) costs, as the table
 * of asm/kernels/README.md: instructions and time for one training sample. DIR holds the four IDX
 * files; by default the embedded digits. Instructions are counted by perf, or by valgrind where
 * perf has no counters, or one by one (bench/step.c, needs gcc) where valgrind does not know them,
 * which takes minutes; times are the best of several epochs on whatever else the machine does.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDigits, PROJECT } from './digits-files.ts';

const IMAGES = ['sigmoid', 'relu'] as const;
const RUNGS = ['scalar', 'sse2-dense', 'sse2', 'avx2', 'avx512'] as const;
const COUNTED_SAMPLES = 512;
const ROUNDS = 5;

const folder = mkdtempSync(join(tmpdir(), 'glassbox-ladder-'));
const data = process.argv[2] ?? (await ensureDigits());
const stepper = buildStepper();

function trainArguments(rung: string, ...more: string[]): string[] {
  const weights = join(folder, 'weights.bin');
  return ['train', '--data', data, '--weights', weights, '--isa', rung, ...more];
}

/** Best time of an epoch over its samples, in microseconds; null when the CPU lacks the rung. */
function microseconds(program: string, rung: string): number | null {
  const epochs = rung === 'scalar' ? 2 : 4;
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const run = spawnSync(program, trainArguments(rung, '--epochs', String(epochs)), {
      encoding: 'utf8',
    });
    if (run.stderr.includes('this CPU does not have')) return null;
    if (run.status !== 0) throw new Error(run.stderr);
    for (const match of run.stdout.matchAll(/Time: (\d+\.\d+) s/g)) times.push(Number(match[1]));
  }
  const samples = readFileSync(join(data, 'train-labels-idx1-ubyte')).readUInt32BE(4);
  return (Math.min(...times) / samples) * 1e6;
}

/** Instructions of a whole run, or null when nothing here can count them. */
function instructions(program: string, args: readonly string[]): number | null {
  const perf = spawnSync('perf', ['stat', '-x,', '-e', 'instructions:u', program, ...args], {
    encoding: 'utf8',
  });
  const counted = /^(\d+),,instructions:u/m.exec(perf.stderr)?.[1];
  if (counted !== undefined) return Number(counted);
  const output = `--callgrind-out-file=${join(folder, 'callgrind')}`;
  const valgrind = spawnSync('valgrind', ['--tool=callgrind', output, program, ...args], {
    encoding: 'utf8',
  });
  const collected = /Collected : (\d+)/.exec(valgrind.stderr)?.[1];
  if (valgrind.status === 0 && collected !== undefined) return Number(collected);
  if (stepper === null) return null;
  const stepped = spawnSync(stepper, [program, ...args], { encoding: 'utf8' });
  const steps = /^instructions: (\d+)$/m.exec(stepped.stderr)?.[1];
  return stepped.status === 0 && steps !== undefined ? Number(steps) : null;
}

/** bench/step.c as a program, or null without gcc. */
function buildStepper(): string | null {
  const program = join(folder, 'step');
  const gcc = spawnSync('gcc', ['-O2', '-o', program, join(PROJECT, 'bench/step.c')]);
  return gcc.status === 0 ? program : null;
}

/** Instructions for a training sample: what two more epochs add to a run. */
function instructionsPerSample(program: string, rung: string): number | null {
  const run = (epochs: string): number | null => {
    const limit = String(COUNTED_SAMPLES);
    return instructions(program, trainArguments(rung, '--limit', limit, '--epochs', epochs));
  };
  const one = run('1');
  const three = run('3');
  return one === null || three === null ? null : (three - one) / (2 * COUNTED_SAMPLES);
}

const number = (value: number | null, digits: number): string =>
  value === null ? '–' : value.toLocaleString('en', { maximumFractionDigits: digits });

console.log('| image | rung | instructions a sample | µs a sample | samples/s | against scalar |');
console.log('| --- | --- | ---: | ---: | ---: | ---: |');
for (const image of IMAGES) {
  const program = join(PROJECT, 'public/images', image);
  let scalar: number | null = null;
  for (const rung of RUNGS) {
    const time = microseconds(program, rung);
    scalar ??= time;
    const speed = time === null ? null : 1e6 / time;
    const ratio = time === null || scalar === null ? '–' : `${(scalar / time).toFixed(1)} ×`;
    const count = time === null ? null : instructionsPerSample(program, rung);
    console.log(
      `| ${image} | ${rung} | ${number(count, 0)} | ${number(time, 2)} | ${number(speed, 0)} | ${ratio} |`,
    );
  }
}
rmSync(folder, { recursive: true });
