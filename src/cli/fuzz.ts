// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Fuzzes the engines against the real CPU; see `USAGE` in fuzz-arguments.ts.
 *
 * What differs is printed as JSON, and its code belongs into src/cpu/jit/testing/past.ts once it is
 * put right. Without `--only` every tenth round is one of programs, each counted as one instance.
 * Instances are run by turns as at first and as when they run a lot, programs both ways.
 */
import { setFlagsFromString } from 'node:v8';
import { JitEngine } from '../cpu/jit/engine.ts';
import { describe, runBatch, shrink } from '../cpu/jit/testing/campaign.ts';
import { allForms } from '../cpu/jit/testing/forms.ts';
import {
  comparePrograms,
  describeProgram,
  makeProgram,
  shrinkProgram,
} from '../cpu/jit/testing/programs.ts';
import { Random } from '../cpu/jit/testing/random.ts';
import { Bench } from '../cpu/jit/testing/three-way.ts';
import { Oracle, oracleMissing } from '../cpu/testing/oracle.ts';
import { hexBytes } from '../shared/format.ts';
import { createUnicornEngine } from '../cpu/unicorn/engine.ts';
import { parseFuzzArguments, USAGE, type FuzzOptions } from './fuzz-arguments.ts';

/** In a round. */
const PROGRAMS = 100;

/** Its arguments are not understood, or it cannot fuzz here. */
const MISUSE = 2;

async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseFuzzArguments(argv);
  if (!parsed.ok) {
    console.error(`fuzz: ${parsed.error}\n${USAGE}`);
    return MISUSE;
  }
  if (parsed.value === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const missing = oracleMissing();
  if (missing) {
    console.error(`fuzz: ${missing}`);
    return MISUSE;
  }
  return fuzz(parsed.value);
}

async function fuzz(options: FuzzOptions): Promise<number> {
  const { instances, only } = options;
  const forms = allForms().filter((f) => only === null || only.test(f.mnemonic));
  if (forms.length === 0) {
    console.error(`fuzz: no instruction matches ${String(only)}`);
    return MISUSE;
  }
  if (options.turbofan) setFlagsFromString('--no-liftoff');
  const seed = options.seed ?? BigInt(Date.now());
  console.log(`fuzz: seed ${seed}, ${forms.length} forms, ${instances} instances`);
  const oracle = await Oracle.create();
  const jit = await Bench.make(async (m) => new JitEngine(m, await createUnicornEngine(m)));
  const hot = await Bench.make(async (m) => new JitEngine(m, await createUnicornEngine(m), 0));
  const benches = [
    { name: 'jit', bench: jit },
    { name: 'jit, hot', bench: hot },
  ];
  if (options.withUnicorn)
    benches.push({ name: 'unicorn', bench: await Bench.make(createUnicornEngine) });
  const random = new Random(seed);
  let cases = 0;
  let failed = 0;
  let told = Date.now();
  for (let round = 0; cases < instances; round++) {
    if (only === null && round % 10 === 9) {
      const programs = Array.from({ length: PROGRAMS }, () => makeProgram(forms, random));
      for (const { name, bench } of benches) {
        for (const failure of comparePrograms(oracle, name, bench, programs)) {
          console.log(describeProgram(shrinkProgram(oracle, bench, failure)));
          failed++;
        }
      }
      cases += programs.length;
      continue;
    }
    const length = round % 3 === 2 ? 4 : 1;
    const tier = round % 2 === 0 ? 'jit' : 'jit, hot';
    const used = benches.filter(({ name }) => name === tier || name === 'unicorn');
    const batch = runBatch(oracle, used, forms, random, { snippets: 200, samples: 40, length });
    cases += batch.cases;
    failed += batch.failures.length;
    const texts = new Set<string>();
    for (const failure of batch.failures) {
      const bench = benches.find((b) => b.name === failure.engine)?.bench;
      const key = `${failure.engine} ${hexBytes(failure.snippet.code)}`;
      if (!bench || texts.has(key)) continue; // one state a snippet is enough
      texts.add(key);
      console.log(describe(shrink(oracle, bench, failure)));
    }
    if (Date.now() - told > 10_000) {
      told = Date.now();
      console.log(`fuzz: ${cases} instances, ${failed} differed`);
    }
  }
  await oracle.dispose();
  console.log(`fuzz: ${cases} instances, ${failed} differed (seed ${seed})`);
  return failed > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
