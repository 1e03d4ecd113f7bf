// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * `npm run ulp`: how exact exp, ln and the sigmoids of the ladder are, on the real CPU.
 *
 *     npm run ulp -- [exp] [ln] [sigmoid] [--points N] [--every N]
 *
 * exp and ln of every f32 there is, of N f64 of every exponent (by default 2^27), and exp and sigmoid
 * of every rung that this CPU has and that brings its own, of as many. `--every N` takes only every Nth f32. Prints the largest
 * error in units of the last place of the true value and where it is, and how many results, rounded
 * to f32, are not the nearest f32. The status is 1 when an error is beyond what the sources promise.
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { RUNGS } from '../nn/testing/kernel-cases.ts';
import { buildNative, scratchFolder, WHY_NOT_NATIVE, whyNotRung } from '../nn/testing/native.ts';
import {
  everyFloat,
  expArguments,
  expPartsArguments,
  lnArguments,
  sigmoidArguments,
} from '../nn/testing/ulp-arguments.ts';
import { type Fill, type FunctionName, scan, ULP_BOUNDS } from '../nn/testing/ulp-scan.ts';

const NAMES = ['exp', 'ln', 'sigmoid'] as const;
const SEED = 20_250_101;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      points: { type: 'string', default: String(2 ** 27) },
      every: { type: 'string', default: '1' },
    },
  });
  const points = Number(values.points);
  const every = Number(values.every);
  const unknown = positionals.find((name) => !NAMES.includes(name as FunctionName));
  if (unknown !== undefined || !(points > 0) || !Number.isInteger(every) || every < 1) {
    console.error('usage: npm run ulp -- [exp] [ln] [sigmoid] [--points N] [--every N]');
    return 2;
  }
  if (WHY_NOT_NATIVE !== null) {
    console.error(`ulp: ${WHY_NOT_NATIVE}`);
    return 2;
  }
  const wanted = positionals.length > 0 ? positionals : NAMES;
  const folder = scratchFolder();
  const beyond: boolean[] = [];
  try {
    const program = await buildNative('tests/math.asm', folder);
    const report = async (
      call: readonly [FunctionName, ...string[]],
      what: string,
      fill: Fill,
      float: boolean,
    ): Promise<void> => {
      const found = await scan(program, call, fill);
      beyond.push(!(found.ulps <= ULP_BOUNDS[call[0]]));
      const nearest = float ? `; ${found.notNearestFloat} not nearest as f32` : '';
      console.log(
        `${call.join(' ').padEnd(18)} ${what.padEnd(24)} ${found.count.toLocaleString('en').padStart(13)} ` +
          `arguments: at most ${found.ulps.toFixed(4)} ulp, at ${found.at}${nearest}`,
      );
    };
    const floats = every === 1 ? 'every f32' : `every ${every}th f32`;
    if (wanted.includes('exp')) {
      await report(['exp'], floats, everyFloat(every), true);
      await report(['exp'], 'f64 of every exponent', expArguments(points, SEED), false);
      for (const rung of ['avx2', 'avx512'] as const) {
        const why = whyNotRung(rung);
        if (why !== null) console.log(`exp ${rung}: ${why}`);
        else await report(['exp', rung], 'f64 to +-708', expPartsArguments(points, SEED), false);
      }
    }
    if (wanted.includes('ln')) {
      await report(['ln'], floats, everyFloat(every), true);
      await report(['ln'], 'f64 of every exponent', lnArguments(points, SEED), false);
    }
    for (const rung of wanted.includes('sigmoid') ? RUNGS : []) {
      const why = whyNotRung(rung);
      if (why !== null) console.log(`sigmoid ${rung}: ${why}`);
      else {
        const fill = sigmoidArguments(points, SEED);
        await report(['sigmoid', rung], 'f64 of every exponent', fill, false);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return beyond.includes(true) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
