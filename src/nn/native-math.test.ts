// SPDX-License-Identifier: GPL-2.0-or-later
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expExact, lnExact, SplitMix64 } from './reference-math.ts';
import { expUlps, lnUlps, sigmoidUlps } from './testing/double-double.ts';
import {
  expError,
  expToFloat,
  lnError,
  lnToFloat,
  sigmoidError,
} from './testing/high-precision.ts';
import { RUNGS } from './testing/kernel-cases.ts';
import {
  buildNative,
  runNative,
  scratchFolder,
  WHY_NOT_NATIVE,
  whyNotRung,
} from './testing/native.ts';
import {
  everyFloat,
  expArguments as expByExponent,
  expPartsArguments,
  lnArguments as lnByExponent,
  sigmoidArguments,
} from './testing/ulp-arguments.ts';
import { scan, ULP_BOUNDS } from './testing/ulp-scan.ts';

const SAMPLES = 20_000;

/** Arguments for exp: the range softmax and sigmoid use, everything finite, and the edges. */
function expArguments(): number[] {
  const random = new SplitMix64(7n);
  const uniform = (low: number, high: number): number => low + random.unit() * (high - low);
  return [
    ...Array.from({ length: SAMPLES }, () => uniform(-30, 30)),
    ...Array.from({ length: SAMPLES }, () => uniform(-745.1, 709.7)),
    ...Array.from({ length: 2000 }, () => uniform(-1, 1) * 2 ** -uniform(0, 1000)),
    // around the places where n = round(x / ln 2) changes
    ...Array.from({ length: 2000 }, (_, n) => (n - 1000.5) * Math.LN2 * (1 + uniform(-1e-9, 1e-9))),
    ...[0, -0, 1, -1, 709.782712893384, -745.1332191019412, -708.3964185322641, 2 ** -1074],
  ].filter((x) => x > -745.13 && x < 709.78);
}

/** Arguments for ln: probabilities, everything positive by its bits, and around 1. */
function lnArguments(): number[] {
  const random = new SplitMix64(8n);
  const bits = new DataView(new ArrayBuffer(8));
  const anyPositive = (): number => {
    bits.setBigUint64(0, random.next() >> 1n);
    return bits.getFloat64(0);
  };
  return [
    ...Array.from({ length: SAMPLES }, () => random.unit()),
    ...Array.from({ length: SAMPLES }, anyPositive),
    ...Array.from({ length: SAMPLES }, () => 1 + (random.unit() - 0.5) * 2 ** -random.below(50)),
    ...Array.from({ length: 2000 }, () => Math.SQRT1_2 * (1 + (random.unit() - 0.5) * 1e-12)),
    ...[2 ** -1074, 2 ** -1022, 2, 10, Number.MAX_VALUE],
  ].filter((x) => x > 0 && x < Infinity && x !== 1);
}

/** The largest error and where it is. */
function worst(xs: readonly number[], error: (x: number) => number): { ulps: number; x: number } {
  return xs
    .map((x) => ({ ulps: error(x), x }))
    .reduce((a, b) => (b.ulps > a.ulps || Number.isNaN(b.ulps) ? b : a));
}

describe('the reference functions', () => {
  it('expExact is within 1 ulp of e^x', () => {
    const found = worst(expArguments(), (x) => expError(x, expExact(x)));
    console.log(`exp: at most ${found.ulps} ulp, at ${found.x}`);
    expect(found.ulps).toBeLessThanOrEqual(1);
    expect(found.ulps).toBeGreaterThan(0.5);
  });

  it('lnExact is within 1 ulp of ln x', () => {
    const found = worst(lnArguments(), (x) => lnError(x, lnExact(x)));
    console.log(`ln: at most ${found.ulps} ulp, at ${found.x}`);
    expect(found.ulps).toBeLessThanOrEqual(1);
    expect(found.ulps).toBeGreaterThan(0.5);
  });

  it('treats the special values as IEEE 754 does', () => {
    expect(expExact(NaN)).toBeNaN();
    expect([Infinity, -Infinity, 710, -746, 0, -0].map(expExact)).toEqual([
      Infinity,
      0,
      Infinity,
      0,
      1,
      1,
    ]);
    expect([NaN, -1, -Infinity].map(lnExact)).toEqual([NaN, NaN, NaN]);
    expect([0, -0, Infinity, 1].map(lnExact)).toEqual([-Infinity, -Infinity, Infinity, 0]);
  });

  it('the high-precision functions agree with what is known of e and ln 2', () => {
    // e lies 0.33 ulp from its nearest f64, ln 2 lies 0.21 ulp from its own
    expect(expError(1, Math.E)).toBeCloseTo(0.3255, 3);
    expect(lnError(2, Math.LN2)).toBeCloseTo(0.2089, 3);
    expect(expError(0, 1 + 2 ** -52)).toBe(1);
    expect(sigmoidError(0, 0.5 + 2 ** -53)).toBe(1);
  });

  it('the fast measure agrees with the high-precision one', () => {
    const tenth = (xs: readonly number[]): number[] => xs.filter((_, n) => n % 10 === 0);
    const disagreement = (
      xs: readonly number[],
      reference: (x: number) => number,
      fast: (x: number, y: number) => number,
      exact: (x: number, y: number) => number,
    ): number =>
      worst(tenth(xs), (x) => {
        const y = reference(x);
        return Math.abs(fast(x, y) - exact(x, y));
      }).ulps;
    expect(disagreement(expArguments(), expExact, expUlps, expError)).toBeLessThan(1e-4);
    expect(disagreement(lnArguments(), lnExact, lnUlps, lnError)).toBeLessThan(1e-4);
    const within = expArguments().filter((x) => Math.abs(x) <= 708);
    const logistic = (x: number): number => 1 / (1 + expExact(-x));
    expect(disagreement(within, logistic, sigmoidUlps, sigmoidError)).toBeLessThan(1e-4);
  });

  it('the measure notices a wrong bit, and a wrong kind of result', () => {
    const next = (x: number): number => x * (1 + 2 ** -52);
    expect(expUlps(1, next(Math.E))).toBeCloseTo(1 - 0.3255, 3);
    expect(lnUlps(2, next(Math.LN2))).toBeCloseTo(1 - 0.2089, 3);
    expect(expUlps(-745, 2 ** -1073)).toBeGreaterThan(0.5);
    expect([expUlps(710, 1e308), expUlps(-746, 2 ** -1074), expUlps(NaN, 0)]).toEqual(
      Array.from({ length: 3 }, () => Infinity),
    );
    expect([lnUlps(-1, 0), lnUlps(0, -745), lnUlps(1, 2 ** -1074), lnUlps(1, NaN)]).toEqual(
      Array.from({ length: 4 }, () => Infinity),
    );
    expect([sigmoidUlps(0, NaN), sigmoidUlps(-800, 0), sigmoidUlps(NaN, 1)]).toEqual(
      Array.from({ length: 3 }, () => Infinity),
    );
  });

  it('rounds exactly to f32', () => {
    expect([1, -87, -103, 88.8, -104].map(expToFloat)).toEqual(
      [Math.E, 1.6458114310822737e-38, 2 ** -149, Infinity, 0].map(Math.fround),
    );
    expect([2, 0.5, 1 + 2 ** -52].map(lnToFloat)).toEqual(
      [Math.LN2, -Math.LN2, 2 ** -52].map(Math.fround),
    );
  });
});

describe.skipIf(WHY_NOT_NATIVE !== null)(
  `exp and ln of asm/math ${WHY_NOT_NATIVE ?? 'on the real CPU'}`,
  () => {
    const folder = scratchFolder();
    let program = '';
    beforeAll(async () => {
      program = await buildNative('tests/math.asm', folder);
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    function native(name: 'exp' | 'ln', xs: readonly number[]): BigUint64Array {
      const run = runNative(program, [name], {
        input: new Uint8Array(Float64Array.from(xs).buffer),
      });
      expect(run.stderr).toBe('');
      expect(run.status).toBe(0);
      return new BigUint64Array(Uint8Array.from(run.stdout).buffer);
    }

    const specials = [NaN, Infinity, -Infinity, 0, -0, 1, 710, -746, -1, 2 ** -1074, 1e308];

    it.each([
      ['exp', expExact, expArguments],
      ['ln', lnExact, lnArguments],
    ] as const)('%s gives the bits of the reference', (name, reference, makeArguments) => {
      const xs = [...makeArguments(), ...specials];
      const actual = native(name, xs);
      const expected = new BigUint64Array(Float64Array.from(xs, reference).buffer);
      const wrong = xs.filter(
        (_, n) => actual[n] !== expected[n] && !Number.isNaN(reference(xs[n]!)),
      );
      expect(wrong).toEqual([]);
      expect(actual.length).toBe(xs.length);
      const values = new Float64Array(actual.buffer);
      xs.forEach((x, n) => {
        if (Number.isNaN(reference(x))) expect(values[n]).toBeNaN();
      });
    });

    // `npm run ulp` does the same with every f32 and a hundred times as many f64
    it.each([
      ['exp', 'f32', everyFloat(10_007)],
      ['exp', 'f64', expByExponent(1_000_000, 1)],
      ['ln', 'f32', everyFloat(10_007)],
      ['ln', 'f64', lnByExponent(1_000_000, 1)],
    ] as const)('%s of %s everywhere is within its bound', async (name, _, fill) => {
      const found = await scan(program, [name], fill);
      console.log(`${name}: at most ${found.ulps} ulp, at ${found.at}`);
      expect(found.count).toBeGreaterThan(400_000);
      expect(found.ulps).toBeLessThanOrEqual(ULP_BOUNDS[name]);
      expect(found.ulps).toBeGreaterThan(0.5);
    });

    for (const rung of ['avx2', 'avx512'] as const) {
      const why = whyNotRung(rung);
      it.skipIf(why !== null)(`exp of ${rung} is within its bound ${why ?? ''}`, async () => {
        const found = await scan(program, ['exp', rung], expPartsArguments(300_000, 3));
        console.log(`exp ${rung}: at most ${found.ulps} ulp, at ${found.at}`);
        expect(found.count).toBeGreaterThanOrEqual(300_000);
        expect(found.ulps).toBeLessThanOrEqual(ULP_BOUNDS.exp);
        expect(found.ulps).toBeGreaterThan(0.5);
      });
    }

    for (const rung of RUNGS) {
      const why = whyNotRung(rung);
      it.skipIf(why !== null)(`sigmoid ${rung} is within its bound ${why ?? ''}`, async () => {
        const found = await scan(program, ['sigmoid', rung], sigmoidArguments(300_000, 2));
        expect(found.count).toBeGreaterThanOrEqual(300_000);
        expect(found.ulps).toBeLessThanOrEqual(ULP_BOUNDS.sigmoid);
        expect(found.ulps).toBeGreaterThan(0.5);
      });
    }

    it('says what it wants when it gets something else', () => {
      const run = runNative(program, ['sin']);
      expect(run.status).toBe(2);
      expect(run.stderr).toBe(
        'math: function: exp, ln, exp and avx2 or avx512, or sigmoid and a rung\n',
      );
    });
  },
);
