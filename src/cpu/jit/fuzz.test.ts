// SPDX-License-Identifier: GPL-2.0-or-later
/** The translating engine against the real CPU: random instances of every form it translates. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GPR } from '../../shared/cpu-state.ts';
import { newState, Oracle, ORACLE_CODE, ORACLE_DATA, oracleMissing } from '../testing/oracle.ts';
import { createUnicornEngine } from '../unicorn/engine.ts';
import { JitEngine } from './engine.ts';
import { describe as describeFailure, runBatch, runSnippet } from './testing/campaign.ts';
import { DATA_BYTES, snippetOf } from './testing/cases.ts';
import { allForms } from './testing/forms.ts';
import { PAST_FAILURES } from './testing/past.ts';
import { Random } from './testing/random.ts';
import { Bench, differences } from './testing/three-way.ts';

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
    }, 60_000);
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
      expect(failures.slice(0, 5).map(describeFailure)).toEqual([]);
    };

    it.each(PAST_FAILURES)('$code: $why', ({ code }) => {
      const bytes = Uint8Array.from(code.match(/../g) ?? [], (pair) => parseInt(pair, 16));
      const snippet = snippetOf(bytes);
      if (!snippet) throw new Error('a past failure whose flags are undefined');
      expect(runSnippet(oracle, bench, snippet, random, 200).map(describeFailure)).toEqual([]);
    });

    it('finds the same on the page of the code as the silicon, where a wild pointer leads there', () => {
      const code = Uint8Array.of(0x5e); // pop rsi
      const snippet = snippetOf(code);
      const data = new Uint8Array(DATA_BYTES);
      for (const distance of [-0x800, -8, 0, 16]) {
        const state = newState();
        state.setGpr(GPR.rsp, BigInt(ORACLE_CODE + distance));
        const [want] = oracle.run([{ code, state, data }], DATA_BYTES);
        if (!snippet || !want) throw new Error('the oracle has not answered');
        expect(differences(snippet, bench.run(snippet, { state, data }), want)).toEqual([]);
      }
    });

    it('enter stores rbp, and then faults where its frame ends on a page that is not there', () => {
      const data = new Uint8Array(DATA_BYTES).fill(7);
      for (const [bytes, rsp] of [
        [0x100, 0x108],
        [0x101, 0x108],
        [0x69e, 0x108],
        [0x1000, 0x108],
      ] as const) {
        const code = Uint8Array.of(0xc8, bytes & 0xff, bytes >> 8, 0);
        const snippet = snippetOf(code);
        const state = newState();
        state.setGpr(GPR.rsp, BigInt(ORACLE_DATA + rsp));
        state.setGpr(GPR.rbp, 0x1122334455667788n);
        const [want] = oracle.run([{ code, state, data }], DATA_BYTES);
        if (!snippet || !want) throw new Error('the oracle has not answered');
        expect(want.signal).toBe(bytes === 0x100 ? 5 : 11);
        expect(differences(snippet, bench.run(snippet, { state, data }), want)).toEqual([]);
      }
    });

    it('knows many forms', () => expect(forms.length).toBeGreaterThan(3000));

    for (let round = 1; round <= 6; round++) {
      it(`single instructions, round ${round}`, () => run(350, 40, 1), 120_000);
    }

    for (let round = 1; round <= 3; round++) {
      it(`sequences of four, round ${round}`, () => run(200, 32, 4), 120_000);
    }
  },
);
