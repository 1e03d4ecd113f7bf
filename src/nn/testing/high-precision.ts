// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * e^x and ln x to about 45 digits, in integers scaled by 2^160, and the distance of an f64 from
 * them in units of its last place. Slow, and simple enough to believe.
 */

/** Bits behind the point. */
export const P = 160n;
const ONE = 1n << P;
/** ln 2, scaled by 2^160. */
export const LN2 = 2n * atanh(ONE / 3n);

/** A number m · 2^e. */
export interface Scaled {
  readonly m: bigint;
  readonly e: bigint;
}

const view = new DataView(new ArrayBuffer(8));

/** A finite f64, exactly. */
function exactly(x: number): Scaled {
  view.setFloat64(0, x);
  const raw = view.getBigUint64(0);
  const field = (raw >> 52n) & 0x7ffn;
  const fraction = raw & ((1n << 52n) - 1n);
  const m = field === 0n ? fraction : fraction | (1n << 52n);
  return { m: raw >> 63n ? -m : m, e: (field === 0n ? 1n : field) - 1075n };
}

/** m · 2^e as a multiple of 2^-160. */
function toFixed({ m, e }: Scaled): bigint {
  const shift = e + P;
  return shift >= 0n ? m << shift : m >> -shift;
}

/** s + s^3/3 + s^5/5 + … for |s| well below 1, scaled by 2^160. */
function atanh(s: bigint): bigint {
  const square = (s * s) >> P;
  let power = s;
  let sum = 0n;
  for (let k = 1n; power !== 0n && power !== -1n; k += 2n) {
    sum += power / k;
    power = (power * square) >> P;
  }
  return sum;
}

/** e^x */
export function exp(x: Scaled): Scaled {
  const fixed = toFixed(x);
  const n = (2n * fixed + LN2) / (2n * LN2);
  const r = fixed - n * LN2;
  let term = ONE;
  let sum = 0n;
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    sum += term;
    term = ((term * r) >> P) / k;
  }
  return { m: sum, e: n - P };
}

/** ln x, x > 0; a multiple of 2^-160 */
export function ln({ m, e }: Scaled): Scaled {
  // x = mantissa · 2^k with a mantissa in [0.5, 1)
  const length = BigInt(m.toString(2).length);
  const mantissa = toFixed({ m, e: -length });
  const k = e + length;
  const s = ((mantissa - ONE) << P) / (mantissa + ONE);
  return { m: 2n * atanh(s) + k * LN2, e: -P };
}

/** How far `actual` is from `truth`, in units in the last place of an f64 at `truth`. */
function ulps(actual: number, truth: Scaled): number {
  const a = exactly(actual);
  const e = a.e < truth.e ? a.e : truth.e;
  const difference = (a.m << (a.e - e)) - (truth.m << (truth.e - e));
  const magnitude = truth.m < 0n ? -truth.m : truth.m;
  // the exponent of the last place: 53 bits for a normal number, never below 2^-1074
  let last = truth.e + BigInt(magnitude.toString(2).length) - 53n;
  if (last < -1074n) last = -1074n;
  const unit = last - e;
  const millionths =
    unit >= 0n ? (difference * 1_000_000n) >> unit : (difference * 1_000_000n) << -unit;
  return Math.abs(Number(millionths)) / 1e6;
}

/** Error of `actual` as e^x, in ulps; both finite. */
export function expError(x: number, actual: number): number {
  return ulps(actual, exp(exactly(x)));
}

/** Error of `actual` as ln x, in ulps; x > 0 and finite, and not 1. */
export function lnError(x: number, actual: number): number {
  return ulps(actual, ln(exactly(x)));
}

/** Error of `actual` as 1 / (1 + e^-x), in ulps; |x| at most 708. */
export function sigmoidError(x: number, actual: number): number {
  const { m, e } = exp(exactly(-x));
  // e^-x and the quotient may be far below 2^-160: scale both up as far as any f64 goes
  const far = 1200n;
  const wide = e + far >= 0n ? m << (e + far) : m >> -(e + far);
  return ulps(actual, { m: (1n << (2n * far)) / ((1n << far) + wide), e: -far });
}

/** The f32 nearest to e^x. */
export function expToFloat(x: number): number {
  return toFloat(exp(exactly(x)));
}

/** The f32 nearest to ln x. */
export function lnToFloat(x: number): number {
  return toFloat(ln(exactly(x)));
}

/** The nearest f32, the even one of two. */
function toFloat({ m, e }: Scaled): number {
  const magnitude = m < 0n ? -m : m;
  const length = BigInt(magnitude.toString(2).length);
  const last = e + length - 24n < -149n ? -149n : e + length - 24n;
  const cut = last - e;
  let top = cut > 0n ? magnitude >> cut : magnitude << -cut;
  if (cut > 0n) {
    const left = magnitude - (top << cut);
    const half = 1n << (cut - 1n);
    if (left > half || (left === half && top & 1n)) top++;
  }
  return Math.fround(Number(top) * 2 ** Number(last)) * (m < 0n ? -1 : 1);
}
