// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * How far an f64 is from the true e^x, ln x or 1 / (1 + e^-x), in units in its last place, fast
 * enough for billions of arguments.
 *
 * Numbers are pairs `high + low` of f64 and good to 2^-70 of themselves at least, 100,000 times finer
 * than what is measured. There is no library function to believe in: the tables come from integers
 * of 160 bits (high-precision.ts), and the tests hold the results against those integers.
 *
 * JavaScript has no fused multiply-add, so products are exact only where the factors are short
 * enough: `Math.fround` cuts a number to its upper 24 bits, what is left over has 29.
 */
import { exp as exactExp, LN2, ln as exactLn, P, type Scaled } from './high-precision.ts';

/** Rounds to an integer when added and taken away again: 1.5 · 2^52. */
const ROUND = 6755399441055744;

/** The f64 nearest to m · 2^e that has `bits` bits at most; m may be of any length. */
function leading({ m, e }: Scaled, bits = 53): number {
  const magnitude = m < 0n ? -m : m;
  const excess = BigInt(Math.max(0, magnitude.toString(2).length - bits));
  const half = excess > 0n ? 1n << (excess - 1n) : 0n;
  const top = Number((magnitude + half) >> excess) * 2 ** Number(e + excess);
  return m < 0n ? -top : top;
}

/** What is left of m · 2^e when an f64 is taken away. */
function without({ m, e }: Scaled, x: number): Scaled {
  let scaled = x;
  let exponent = 0n;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    exponent--;
  }
  return { m: m - (BigInt(scaled) << (exponent - e)), e };
}

/** m · 2^e as a sum of f64s, each with as many bits as said. */
function split(value: Scaled, ...bits: readonly number[]): number[] {
  return bits.map((count) => {
    const part = leading(value, count);
    value = without(value, part);
    return part;
  });
}

/** 2^k for |k| <= 1100 in two factors, half[k + 1100] and rest[k + 1100]. */
const SCALES = 1100;
const half = new Float64Array(2 * SCALES + 1);
const rest = new Float64Array(2 * SCALES + 1);
for (let k = -SCALES; k <= SCALES; k++) {
  half[k + SCALES] = 2 ** (k >> 1);
  rest[k + SCALES] = 2 ** (k - (k >> 1));
}

const cell = new Float64Array(1);
const halves = new Int32Array(cell.buffer);

/** The exponent of a normal f64: 2^exponent <= |x|. */
function exponentOf(x: number): number {
  cell[0] = x;
  return ((halves[1]! >> 20) & 0x7ff) - 1023;
}

const EXP_STEPS = 512;
const [STEP_HIGH = 0, STEP_MIDDLE = 0, STEP_LOW = 0] = split({ m: LN2, e: -P - 9n }, 33, 33, 53);
const STEPS_PER_UNIT = EXP_STEPS / Math.LN2;
/** 2^(j / 512) as a number of 26 bits and the rest. */
const powerHigh = new Float64Array(EXP_STEPS);
const powerLow = new Float64Array(EXP_STEPS);
for (let j = 0; j < EXP_STEPS; j++) {
  const power = exactExp({ m: LN2 * BigInt(j), e: -P - 9n });
  [powerHigh[j] = 0, powerLow[j] = 0] = split(power, 26, 53);
}

/** The last result of `expPair`: e^x = 2^scale (high + low), high + low in [1 - 2^-10, 2). */
const pair = new Float64Array(2);
let scale = 0;

/**
 * e^x = 2^n 2^(j/512) e^t, |t| < 2^-10; e^t - 1 = t + t^2/2 + … with t a pair, times the power's
 * pair. @param x -746 … 746
 */
function expPair(x: number): void {
  const q = x * STEPS_PER_UNIT + ROUND - ROUND;
  const a = x - q * STEP_HIGH; // both exact
  const b = q * STEP_MIDDLE; // exact
  const t = a - b;
  const back = a - t;
  const tLow = back - b + (a - (back + t)) - q * STEP_LOW;
  const j = q & (EXP_STEPS - 1);
  scale = q >> 9;
  const more = tLow + t * t * (1 / 2 + t * (1 / 6 + t * (1 / 24 + t * (1 / 120 + t * (1 / 720)))));
  const power = powerHigh[j]!;
  const low = powerLow[j]!;
  const tTop = Math.fround(t);
  const product = power * tTop; // exact: 26 and 24 bits
  const small = low + (power * (t - tTop) + low * t + (power + low) * more);
  const high = power + product;
  pair[0] = high;
  pair[1] = product - (high - power) + small;
}

/** Above it e^x is beyond the largest f64, below it beyond half of the smallest one. */
const EXP_OVERFLOW = 709.782712893384;
const EXP_UNDERFLOW = -745.1332191019412;

/** Error of `y` as e^x in ulps of the true value; Infinity where it should not be what it is. */
export function expUlps(x: number, y: number): number {
  if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : Infinity;
  if (x > EXP_OVERFLOW) return y === Infinity ? 0 : Infinity;
  // e^x is less than half the smallest f64, and 0 the best answer: not a whole half ulp off
  if (x < EXP_UNDERFLOW) return y === 0 ? 0 : Infinity;
  if (!(y >= 0 && y < Infinity)) return Infinity;
  expPair(x);
  const high = pair[0]!;
  const low = pair[1]!;
  const scaled = y * half[SCALES - scale]! * rest[SCALES - scale]!; // exact
  const last = Math.max(high - 1 + low < 0 ? -53 : -52, -1074 - scale);
  return Math.abs(scaled - high - low) * half[SCALES - last]! * rest[SCALES - last]!;
}

const LN_STEPS = 256;
const [LN2_HIGH = 0, LN2_LOW = 0] = splitAt42(LN2);
/** For m in [j / 256, (j + 1) / 256): c close to 1 / m, of 10 bits, and -ln c. */
const reciprocal = new Float64Array(1.5 * LN_STEPS);
const lnHigh = new Float64Array(1.5 * LN_STEPS);
const lnLow = new Float64Array(1.5 * LN_STEPS);
for (let j = 0.75 * LN_STEPS; j < 1.5 * LN_STEPS; j++) {
  // 1 itself on both sides of 1, so that the logarithm of what is close to 1 is not a difference
  const nearOne = j === LN_STEPS - 1 || j === LN_STEPS;
  const c = nearOne ? 1 : Math.round((2 * LN_STEPS * LN_STEPS) / (j + 0.5)) / (2 * LN_STEPS);
  const { m } = exactLn({ m: BigInt(c * 2 * LN_STEPS), e: -9n });
  reciprocal[j] = c;
  [lnHigh[j] = 0, lnLow[j] = 0] = splitAt42(-m);
}

/** m · 2^-160 as a multiple of 2^-42 and the rest: up to 2^11 of the former add up exactly. */
function splitAt42(m: bigint): number[] {
  const high = Number(m >> (P - 42n)) * 2 ** -42;
  return [high, leading(without({ m, e: -P }, high))];
}

/**
 * Error of `y` as ln x in ulps of the true value; Infinity where it should not be what it is.
 *
 * x = 2^k m with m in [0.75, 1.5), and t = m c - 1, |t| < 2^-7.5, is known exactly; so
 * ln x = k ln 2 - ln c + t - t^2/2 + t^3/3 - …, the first three exact or pairs.
 */
export function lnUlps(x: number, y: number): number {
  if (Number.isNaN(x) || x < 0) return Number.isNaN(y) ? 0 : Infinity;
  if (x === 0) return y === -Infinity ? 0 : Infinity;
  if (x === Infinity) return y === Infinity ? 0 : Infinity;
  if (x === 1) return Object.is(y, 0) ? 0 : Infinity;
  const subnormal = x < 2.2250738585072014e-308;
  cell[0] = subnormal ? x * 2 ** 54 : x;
  const k = (halves[1]! - 0x3fe80000) >> 20;
  const m = cell[0] * half[SCALES - k]! * rest[SCALES - k]!;
  const count = subnormal ? k - 54 : k;

  const j = Math.floor(m * LN_STEPS);
  const c = reciprocal[j]!;
  const mTop = Math.fround(m);
  const u = mTop * c - 1; // exact, as is the next
  const v = (m - mTop) * c;
  const t = u + v;
  const tBack = t - u;
  const tLow = u - (t - tBack) + (v - tBack);

  const top = Math.fround(t);
  const bottom = t - top;
  const square = -0.5 * top * top; // exact
  const series =
    t *
    t *
    t *
    (1 / 3 +
      t *
        (-1 / 4 +
          t *
            (1 / 5 +
              t * (-1 / 6 + t * (1 / 7 + t * (-1 / 8 + t * (1 / 9 + t * (-1 / 10 + t / 11))))))));
  const small =
    tLow +
    (count * LN2_LOW + lnLow[j]! - (top * bottom + 0.5 * bottom * bottom) - t * tLow + series);

  const whole = count * LN2_HIGH + lnHigh[j]!; // exact
  const one = whole + t;
  const oneBack = one - whole;
  const oneLow = whole - (one - oneBack) + (t - oneBack);
  const high = one + square;
  const highBack = high - one;
  const highLow = one - (high - highBack) + (square - highBack);
  const low = oneLow + highLow + small;
  const last = exponentOf(high + low) - 52;
  return Math.abs(y - high - low) * half[SCALES - last]! * rest[SCALES - last]!;
}

/** The programs hold the exponent within this. */
const SIGMOID_REACH = 708;

/**
 * Error of `y` as 1 / (1 + e^-x) in ulps of the true value; Infinity where it should not be what it
 * is. Beyond ±708 the truth is the value there, by the programs' own contract.
 */
export function sigmoidUlps(x: number, y: number): number {
  if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : Infinity;
  if (!(y > 0 && y <= 1)) return Infinity;
  expPair(Math.max(-SIGMOID_REACH, Math.min(SIGMOID_REACH, -x)));
  const up = half[SCALES + scale]! * rest[SCALES + scale]!;
  const power = pair[0]! * up;
  const sum = 1 + power;
  const powerBack = sum - 1;
  const sumLow = 1 - (sum - powerBack) + (power - powerBack) + pair[1]! * up;
  // scale 1 + e^-x to d = [1, 2), and y against it: y d = 1 but for the error
  const k = exponentOf(sum);
  const down = half[SCALES - k]! * rest[SCALES - k]!;
  const d = sum * down;
  const dTop = Math.fround(d);
  const dBottom = d - dTop;
  const a = y * half[SCALES + k]! * rest[SCALES + k]!;
  const aTop = Math.fround(a);
  const aBottom = a - aTop;
  const off =
    1 - aTop * dTop - aTop * dBottom - aBottom * dTop - aBottom * dBottom - a * sumLow * down;
  // 1 / d lies in (0.5, 1] and its last place is 2^-53, unless d was rounded up to 1
  return Math.abs(off / d) * (d === 1 && sumLow <= 0 ? 2 ** 52 : 2 ** 53);
}
