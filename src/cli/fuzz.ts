// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Fuzzes the engines against the real CPU.
 *
 *     tsx src/cli/fuzz.ts [--instances N] [--seed N] [--only REGEXP] [--with-unicorn] [--turbofan]
 *
 * Random instances of every instruction form that the translator knows, alone and in sequences,
 * from random states, and random whole programs; whatever differs from the silicon is made small and
 * printed as JSON, and its code belongs into src/cpu/jit/testing/past.ts once it is put right.
 * Without `--only` every tenth round is one of programs, each counted as one instance. Instances are
 * run by turns as at first and as when they run a lot, programs both ways.
 * `--turbofan` compiles with the host's optimising compiler from the start, since its short life
 * would leave a fuzz to the baseline one. The same seed gives the same cases, on any machine. The
 * status is 1 when anything differed.
 */
import { setFlagsFromString } from 'node:v8';
import { parseArgs } from 'node:util';
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

/** In a round. */
const PROGRAMS = 100;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      instances: { type: 'string', default: '10000000' },
      only: { type: 'string' },
      'with-unicorn': { type: 'boolean', default: false },
      turbofan: { type: 'boolean', default: false },
    },
  });
  const missing = oracleMissing();
  if (missing) {
    console.error(`fuzz: ${missing}`);
    return 2;
  }
  if (values.turbofan) setFlagsFromString('--no-liftoff');
  const seed = BigInt(values.seed ?? Date.now());
  const wanted = Number(values.instances);
  const only = new RegExp(values.only ?? '', 'i');
  const forms = allForms().filter((f) => only.test(f.mnemonic));
  if (!(wanted > 0) || forms.length === 0) {
    console.error('fuzz: nothing to do');
    return 2;
  }
  console.log(`fuzz: seed ${seed}, ${forms.length} forms, ${wanted} instances`);
  const oracle = await Oracle.create();
  const jit = await Bench.make(async (m) => new JitEngine(m, await createUnicornEngine(m)));
  const hot = await Bench.make(async (m) => new JitEngine(m, await createUnicornEngine(m), 0));
  const benches = [
    { name: 'jit', bench: jit },
    { name: 'jit, hot', bench: hot },
  ];
  if (values['with-unicorn'])
    benches.push({ name: 'unicorn', bench: await Bench.make(createUnicornEngine) });
  const random = new Random(seed);
  let cases = 0;
  let failed = 0;
  let told = Date.now();
  for (let round = 0; cases < wanted; round++) {
    if (values.only === undefined && round % 10 === 9) {
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

process.exitCode = await main();
