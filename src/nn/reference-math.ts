// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The functions of asm/math in TypeScript, operation for operation: the same bits come out.
 * (`Math.exp` and `Math.log` will not do: their last bits differ between engines.)
 */

/** Taylor coefficients of e^r: 1/2!, 1/3!, … 1/13!. */
const EXP_SERIES = [
  0.5, 0.16666666666666666, 0.041666666666666664, 0.008333333333333333, 0.001388888888888889,
  0.0001984126984126984, 2.48015873015873e-5, 2.7557319223985893e-6, 2.755731922398589e-7,
  2.505210838544172e-8, 2.08767569878681e-9, 1.6059043836821613e-10,
];

/** 2/3, 2/5, … 2/21: what follows 2s in the series of ln((1 + s) / (1 - s)). */
const LN_SERIES = [
  0.6666666666666666, 0.4, 0.2857142857142857, 0.2222222222222222, 0.18181818181818182,
  0.15384615384615385, 0.13333333333333333, 0.11764705882352941, 0.10526315789473684,
  0.09523809523809523,
];

const LOG2_E = 1.4426950408889634;
/** ln 2 in two parts: 32 bits, so that small multiples are exact, and the rest. */
const LN2_HI = 0.6931471803691238;
const LN2_LO = 1.9082149292705877e-10;
/** 1.5 · 2^52: adding it rounds to an integer, ties to even. */
const ROUND_MAGIC = 6755399441055744;
const EXP_HIGHEST = 709.782712893384;
const EXP_LOWEST = -745.1332191019412;
const SMALLEST_NORMAL = 2.2250738585072014e-308;
const TWO_TO_54 = 18014398509481984;
const SQRT_HALF_BITS = 0x3fe6a09e667f3bcdn;

const bits = new DataView(new ArrayBuffer(8));

/** 2^n for -1022 ≤ n ≤ 1023, made of its bits. */
function powerOfTwo(n: number): number {
  bits.setUint32(0, (n + 1023) << 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/** Horner's scheme; the coefficients run from the constant term up. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  let first = true;
  for (const c of coefficients.toReversed()) {
    sum = first ? c : sum * x + c;
    first = false;
  }
  return sum;
}

/** `exp` of asm/math/exp.asm: e^x within 1 ulp, for any number. */
export function expExact(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > EXP_HIGHEST) return Infinity;
  if (x < EXP_LOWEST) return 0;
  const n = x * LOG2_E + ROUND_MAGIC - ROUND_MAGIC;
  const hi = x - n * LN2_HI;
  const lo = n * LN2_LO;
  const r = hi - lo;
  const power = 1 + (hi + (polynomial(EXP_SERIES, r) * (r * r) - lo));
  const half = n >> 1;
  return power * powerOfTwo(half) * powerOfTwo(n - half);
}

/** `ln` of asm/math/ln.asm: the natural logarithm within 1 ulp; NaN below 0. */
export function lnExact(x: number): number {
  if (Number.isNaN(x) || x < 0) return NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return x;
  let scaled = 0;
  if (x < SMALLEST_NORMAL) {
    x *= TWO_TO_54;
    scaled = 54;
  }
  bits.setFloat64(0, x);
  const xBits = bits.getBigInt64(0);
  const exponent = (xBits - SQRT_HALF_BITS) >> 52n;
  bits.setBigInt64(0, xBits - (exponent << 52n));
  const k = Number(exponent) - scaled;
  const f = bits.getFloat64(0) - 1;
  const s = f / (2 + f);
  const z = s * s;
  const series = polynomial(LN_SERIES, z) * z;
  const h = 0.5 * f * f;
  return k * LN2_HI - (h - ((series + h) * s + k * LN2_LO) - f);
}

const MASK = 0xffff_ffff_ffff_ffffn;

/** asm/math/random.asm: SplitMix64. */
export class SplitMix64 {
  #state: bigint;

  /** @param seed 0 … 2^64 - 1 */
  constructor(seed: bigint) {
    this.#state = BigInt.asUintN(64, seed);
  }

  /** 64 random bits. */
  next(): bigint {
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & MASK;
    let z = this.#state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    return z ^ (z >> 31n);
  }

  /** A whole number 0 … bound - 1. */
  below(bound: number): number {
    return Number((this.next() * BigInt(bound)) >> 64n);
  }

  /** Uniform in [0, 1), a multiple of 2^-53. */
  unit(): number {
    return Number(this.next() >> 11n) * 2 ** -53;
  }
}

/** To the nearest integer, ties to even, as cvtsd2si rounds. For |x| < 2^51. */
export function roundHalfEven(x: number): number {
  return x + ROUND_MAGIC - ROUND_MAGIC;
}
