// SPDX-License-Identifier: GPL-2.0-or-later
/** The translating engine against the real CPU: random instances of every form it translates. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Oracle, oracleMissing } from '../testing/oracle.ts';
import { createUnicornEngine } from '../unicorn/engine.ts';
import { JitEngine } from './engine.ts';
import { runBatch } from './testing/campaign.ts';
import { allForms } from './testing/forms.ts';
import { Random } from './testing/random.ts';
import { Bench } from './testing/three-way.ts';

const SEED = BigInt(process.env['FUZZ_SEED'] ?? 20_261_121);
const missing = oracleMissing();
if (missing) console.warn(`skipped: the fuzz against silicon: ${missing}`);

describe.skipIf(missing)(
  `the translating engine does what silicon does (FUZZ_SEED=${SEED})`,
  () => {
    let oracle: Oracle;
    let bench: Bench;
    const random = new Random(SEED);
    const forms = allForms();

    beforeAll(async () => {
      oracle = await Oracle.create();
      bench = await Bench.make(
        async (memory) => new JitEngine(memory, await createUnicornEngine(memory)),
      );
    });
    afterAll(async () => {
      bench.engine.dispose();
      await oracle.dispose();
    });

    const run = (snippets: number, samples: number, length: number): void => {
      const { cases, failures } = runBatch(oracle, [{ name: 'jit', bench }], forms, random, {
        snippets,
        samples,
        length,
      });
      expect(cases).toBe(snippets * samples);
      expect(
        failures.slice(0, 5).map((f) => `${f.text} [${f.code}] ${f.differences.join('; ')}`),
      ).toEqual([]);
    };

    it('knows many forms', () => expect(forms.length).toBeGreaterThan(3000));

    for (let round = 1; round <= 6; round++) {
      it(`single instructions, round ${round}`, () => run(350, 40, 1), 120_000);
    }

    for (let round = 1; round <= 3; round++) {
      it(`sequences of four, round ${round}`, () => run(200, 32, 4), 120_000);
    }
  },
);
