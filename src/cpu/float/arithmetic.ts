// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * SSE arithmetic bit for bit, with all rounding modes and exception flags (Intel SDM vol. 1, 4.8 and
 * 11.5). Slow and plain: it runs where the host's own arithmetic cannot tell what MXCSR must hold.
 */
import {
  bitLength,
  fractionBits,
  indefinite,
  infinity,
  isNaNKind,
  pack,
  parts,
  quietBit,
  RAISED,
  ROUND,
  shiftRounded,
  signBit,
  zero,
  type FloatContext,
  type Format,
  type Parts,
} from './formats.ts';

export type Binary = (f: Format, a: bigint, b: bigint, c: FloatContext) => bigint;

function invalid(f: Format, c: FloatContext): bigint {
  c.raise(RAISED.invalid);
  return indefinite(f);
}

function noteDenormals(c: FloatContext, ...operands: readonly Parts[]): void {
  if (operands.some((p) => p.kind === 'denormal')) c.raise(RAISED.denormal);
}

/** The first operand that is a NaN, made quiet; null when none is. */
function propagated(f: Format, c: FloatContext, ...operands: readonly Parts[]): bigint | null {
  if (operands.some((p) => p.kind === 'signalling')) c.raise(RAISED.invalid);
  const found = operands.find(isNaNKind);
  return found ? found.bits | quietBit(f) : null;
}

export const add: Binary = (f, a, b, c) => {
  const x = parts(f, a, c);
  const y = parts(f, b, c);
  const nan = propagated(f, c, x, y);
  if (nan !== null) return nan;
  if (x.kind === 'infinity' && y.kind === 'infinity' && x.negative !== y.negative) {
    return invalid(f, c);
  }
  noteDenormals(c, x, y);
  if (x.kind === 'infinity') return x.bits;
  if (y.kind === 'infinity') return y.bits;
  const exponent = Math.min(
    x.kind === 'zero' ? y.exponent : x.exponent,
    y.kind === 'zero' ? x.exponent : y.exponent,
  );
  const signed = (p: Parts): bigint => {
    const value = p.kind === 'zero' ? 0n : p.significand << BigInt(p.exponent - exponent);
    return p.negative ? -value : value;
  };
  const sum = signed(x) + signed(y);
  if (sum === 0n) {
    const negative = x.negative === y.negative ? x.negative : c.rounding === ROUND.down;
    return zero(f, negative);
  }
  return pack(f, sum < 0n, sum < 0n ? -sum : sum, exponent, c);
};

/** A NaN keeps its sign; everything else is added with the other sign. */
export const subtract: Binary = (f, a, b, c) => {
  const nan = isNaNKind(parts(f, b, c));
  return add(f, a, nan ? b : b ^ signBit(f), c);
};

export const multiply: Binary = (f, a, b, c) => {
  const x = parts(f, a, c);
  const y = parts(f, b, c);
  const nan = propagated(f, c, x, y);
  if (nan !== null) return nan;
  const infinite = x.kind === 'infinity' || y.kind === 'infinity';
  if (infinite && (x.kind === 'zero' || y.kind === 'zero')) return invalid(f, c);
  noteDenormals(c, x, y);
  const negative = x.negative !== y.negative;
  if (infinite) return infinity(f, negative);
  return pack(f, negative, x.significand * y.significand, x.exponent + y.exponent, c);
};

export const divide: Binary = (f, a, b, c) => {
  const x = parts(f, a, c);
  const y = parts(f, b, c);
  const nan = propagated(f, c, x, y);
  if (nan !== null) return nan;
  const negative = x.negative !== y.negative;
  if (x.kind === y.kind && (x.kind === 'infinity' || x.kind === 'zero')) return invalid(f, c);
  if (y.kind === 'zero' && x.kind !== 'infinity') {
    c.raise(RAISED.zeroDivide);
    return infinity(f, negative);
  }
  noteDenormals(c, x, y);
  if (x.kind === 'infinity') return infinity(f, negative);
  if (x.kind === 'zero' || y.kind === 'infinity') return zero(f, negative);
  const room = f.precision + 3 + bitLength(y.significand);
  const dividend = x.significand << BigInt(room);
  const quotient = dividend / y.significand;
  const sticky = quotient * y.significand === dividend ? 0n : 1n;
  return pack(f, negative, (quotient << 1n) | sticky, x.exponent - y.exponent - room - 1, c);
};

export function squareRoot(f: Format, a: bigint, c: FloatContext): bigint {
  const x = parts(f, a, c);
  const nan = propagated(f, c, x);
  if (nan !== null) return nan;
  if (x.kind === 'zero') return x.bits;
  if (x.negative) return invalid(f, c);
  noteDenormals(c, x);
  if (x.kind === 'infinity') return x.bits;
  const odd = Math.abs(x.exponent) % 2;
  const room = 2 * (f.precision + 3);
  const radicand = x.significand << BigInt(room + odd);
  const root = integerRoot(radicand);
  const sticky = root * root === radicand ? 0n : 1n;
  return pack(f, false, (root << 1n) | sticky, (x.exponent - odd - room) / 2 - 1, c);
}

function integerRoot(n: bigint): bigint {
  let guess = 1n << BigInt(Math.ceil(bitLength(n) / 2));
  for (;;) {
    const better = (guess + n / guess) >> 1n;
    if (better >= guess) return guess;
    guess = better;
  }
}

export type Order = 'less' | 'equal' | 'greater' | 'unordered';

/** @param quietIsInvalid whether a quiet NaN, too, raises the invalid flag. */
export function compare(
  f: Format,
  a: bigint,
  b: bigint,
  quietIsInvalid: boolean,
  c: FloatContext,
): Order {
  const x = parts(f, a, c);
  const y = parts(f, b, c);
  if (isNaNKind(x) || isNaNKind(y)) {
    const signalling = x.kind === 'signalling' || y.kind === 'signalling';
    if (quietIsInvalid || signalling) c.raise(RAISED.invalid);
    return 'unordered';
  }
  noteDenormals(c, x, y);
  if (x.kind === 'zero' && y.kind === 'zero') return 'equal';
  if (x.bits === y.bits) return 'equal';
  // by their bits, numbers of one sign are in order
  if (x.negative !== y.negative) return x.negative ? 'less' : 'greater';
  return x.bits < y.bits !== x.negative ? 'less' : 'greater';
}

function extreme(wanted: Order): Binary {
  return (f, a, b, c) => {
    const order = compare(f, a, b, true, c);
    return order === wanted ? parts(f, a, c).bits : parts(f, b, c).bits;
  };
}

/** The second operand, unless the first is strictly less (greater). */
export const minimum = extreme('less');
export const maximum = extreme('greater');

/** From one format to the other. */
export function convert(from: Format, to: Format, a: bigint, c: FloatContext): bigint {
  const x = parts(from, a, c);
  if (isNaNKind(x)) {
    if (x.kind === 'signalling') c.raise(RAISED.invalid);
    const shift = fractionBits(to) - fractionBits(from);
    const payload = x.bits & ((1n << fractionBits(from)) - 1n);
    const moved = shift >= 0n ? payload << shift : payload >> -shift;
    return infinity(to, x.negative) | quietBit(to) | moved;
  }
  noteDenormals(c, x);
  if (x.kind === 'infinity') return infinity(to, x.negative);
  return pack(to, x.negative, x.significand, x.exponent, c);
}

export function fromInteger(f: Format, value: bigint, c: FloatContext): bigint {
  return pack(f, value < 0n, value < 0n ? -value : value, 0, c);
}

/**
 * To a signed integer of `bits` bits; what does not fit becomes the least one.
 * @param rounding one of `ROUND`.
 */
export function toInteger(
  f: Format,
  a: bigint,
  bits: number,
  rounding: number,
  c: FloatContext,
): bigint {
  const x = parts(f, a, c);
  const least = -(1n << BigInt(bits - 1));
  const finite = x.kind !== 'infinity' && !isNaNKind(x);
  const { value, inexact } = finite
    ? shiftRounded(x.significand, -x.exponent, x.negative, rounding)
    : { value: 0n, inexact: false };
  const signed = x.negative ? -value : value;
  if (!finite || signed < least || signed >= -least) {
    c.raise(RAISED.invalid);
    return least;
  }
  if (inexact) c.raise(RAISED.precision);
  return signed;
}

/**
 * To the nearest integral number in the given direction, in the same format.
 * @param quiet leaves the precision flag alone.
 */
export function roundToIntegral(
  f: Format,
  a: bigint,
  rounding: number,
  quiet: boolean,
  c: FloatContext,
): bigint {
  const x = parts(f, a, c);
  const nan = propagated(f, c, x);
  if (nan !== null) return nan;
  if (x.kind === 'infinity' || x.kind === 'zero' || x.exponent >= 0) return x.bits;
  const { value, inexact } = shiftRounded(x.significand, -x.exponent, x.negative, rounding);
  if (inexact && !quiet) c.raise(RAISED.precision);
  return pack(f, x.negative, value, 0, c);
}
