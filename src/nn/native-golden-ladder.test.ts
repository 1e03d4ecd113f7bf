// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Loss trace and weights of every image, seed and rung of the ladder, as golden-ladder.json has them:
 * the same bytes at every run and on every machine, and the same for all rungs that keep the same order
 * of sums. `GOLDEN=record npx vitest run src/nn/native-golden` writes it anew (on a CPU with all
 * rungs); a failure leaves what came out beside it as golden-ladder.actual.json.
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RUNGS, type Rung } from './testing/kernel-cases.ts';
import type { DataSet } from './testing/native.ts';
import {
  buildNative,
  embeddedDigits,
  PROJECT,
  runNative,
  scratchFolder,
  WHY_NOT_NATIVE,
  whyNotRung,
  withoutTimes,
} from './testing/native.ts';

/** The rungs whose sums run in the same order, with the same roundings. */
const ORDERS = {
  'as the reference': ['scalar', 'sse2-dense', 'sse2'],
  avx2: ['avx2'],
  avx512: ['avx512'],
} as const satisfies Record<string, readonly Rung[]>;
type Order = keyof typeof ORDERS;

const IMAGES = ['sigmoid', 'relu'] as const;
const SEEDS = ['1', '2', '18446744073709551615'] as const;

/** Of one training: a line for each epoch, and the SHA-256 of the weights file. */
interface Trace {
  readonly epochs: readonly string[];
  readonly weightsSha256: string;
}

interface GoldenLadder {
  readonly data: string;
  readonly options: readonly string[];
  readonly runs: Record<string, Record<string, Record<string, Trace>>>;
}

const PATH = join(PROJECT, 'src/nn/golden-ladder');
const RECORD = process.env['GOLDEN'] === 'record';

const text = (golden: GoldenLadder): string => `${JSON.stringify(golden, null, 2)}\n`;

it('knows every rung', () => {
  expect(Object.values(ORDERS).flat().sort()).toEqual([...RUNGS].sort());
});

describe.skipIf(WHY_NOT_NATIVE !== null)(
  `the golden ladder ${WHY_NOT_NATIVE ?? 'on the real CPU'}`,
  () => {
    const folder = scratchFolder();
    const weights = join(folder, 'weights.bin');
    const golden = JSON.parse(readFileSync(`${PATH}.json`, 'utf8')) as GoldenLadder;
    const actual: GoldenLadder = structuredClone(golden);
    let digits: DataSet;
    beforeAll(async () => {
      digits = await embeddedDigits();
      rmSync(`${PATH}.actual.json`, { force: true });
    });
    afterAll(() => {
      rmSync(folder, { recursive: true });
      if (RECORD) writeFileSync(`${PATH}.json`, text(actual));
      else if (text(actual) !== text(golden)) writeFileSync(`${PATH}.actual.json`, text(actual));
    });

    async function train(image: string, seed: string, rung: Rung): Promise<Trace> {
      const program = await buildNative(`${image}.asm`, folder);
      const run = runNative(program, [
        ...['train', '--data', digits.folder, '--weights', weights, '--isa', rung],
        ...['--seed', seed, ...golden.options],
      ]);
      expect(run.stderr).toBe('');
      const lines = withoutTimes(run.stdout).split('\n');
      const epochs = lines.filter((line) => line.startsWith('Epoch '));
      const weightsSha256 = createHash('sha256').update(readFileSync(weights)).digest('hex');
      return { epochs, weightsSha256 };
    }

    describe.each(IMAGES)('%s', (image) => {
      for (const order of Object.keys(ORDERS) as Order[]) {
        const why = whyNotRung(ORDERS[order][0]);
        it.skipIf(why !== null).each(SEEDS)(`${order}, seed %s ${why ?? ''}`, async (seed) => {
          const traces: Trace[] = [];
          for (const rung of ORDERS[order]) {
            traces.push(await train(image, seed, rung));
            if (seed === SEEDS[0]) traces.push(await train(image, seed, rung));
          }
          const [first] = traces;
          ((actual.runs[image] ??= {})[seed] ??= {})[order] = first!;
          for (const trace of traces) expect(trace).toEqual(first);
          if (!RECORD) expect(first).toEqual(golden.runs[image]?.[seed]?.[order]);
        });
      }
    });
  },
);
