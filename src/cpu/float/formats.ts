// SPDX-License-Identifier: GPL-2.0-or-later
/** IEEE 754 numbers as bits, and what MXCSR says about computing with them (Intel SDM vol. 1, 10.2.3, 4.8). */

export interface Format {
  readonly bytes: 4 | 8;
  /** Bits of the significand, the hidden one included. */
  readonly precision: number;
  /** Greatest and least exponent of a normal number. */
  readonly emax: number;
  readonly emin: number;
}

export const DOUBLE: Format = { bytes: 8, precision: 53, emax: 1023, emin: -1022 };
export const SINGLE: Format = { bytes: 4, precision: 24, emax: 127, emin: -126 };

/** MXCSR's sticky exception flags. */
export const RAISED = {
  invalid: 1,
  denormal: 2,
  zeroDivide: 4,
  overflow: 8,
  underflow: 16,
  precision: 32,
} as const;

export const ROUND = { nearest: 0, down: 1, up: 2, truncate: 3 } as const;

/** How to compute, and what has been raised on the way. */
export class FloatContext {
  readonly rounding: number;
  readonly denormalsAreZero: boolean;
  readonly flushToZero: boolean;
  flags = 0;

  constructor(mxcsr: number) {
    this.rounding = (mxcsr >> 13) & 3;
    this.denormalsAreZero = (mxcsr & 0x40) !== 0;
    this.flushToZero = (mxcsr & 0x8000) !== 0;
  }

  raise(flag: number): void {
    this.flags |= flag;
  }
}

export type Kind = 'zero' | 'denormal' | 'normal' | 'infinity' | 'quiet' | 'signalling';

/** A number taken apart; finite ones are ± significand × 2^exponent. */
export interface Parts {
  readonly kind: Kind;
  readonly negative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
  readonly bits: bigint;
}

export function fractionBits(f: Format): bigint {
  return BigInt(f.precision - 1);
}

function exponentMask(f: Format): bigint {
  return f.bytes === 8 ? 0x7ffn : 0xffn;
}

export function signBit(f: Format): bigint {
  return 1n << BigInt(f.bytes * 8 - 1);
}

export function quietBit(f: Format): bigint {
  return 1n << (fractionBits(f) - 1n);
}

export function infinity(f: Format, negative: boolean): bigint {
  return (exponentMask(f) << fractionBits(f)) | (negative ? signBit(f) : 0n);
}

/** The NaN that an invalid operation gives: quiet, negative, without payload. */
export function indefinite(f: Format): bigint {
  return infinity(f, true) | quietBit(f);
}

export function zero(f: Format, negative: boolean): bigint {
  return negative ? signBit(f) : 0n;
}

/** Takes a number apart; with denormals-are-zero, denormals come out as zeros. */
export function parts(f: Format, bits: bigint, context: FloatContext): Parts {
  const negative = (bits & signBit(f)) !== 0n;
  const fraction = bits & ((1n << fractionBits(f)) - 1n);
  const biased = (bits >> fractionBits(f)) & exponentMask(f);
  if (biased === exponentMask(f)) {
    const kind =
      fraction === 0n ? 'infinity' : (fraction & quietBit(f)) === 0n ? 'signalling' : 'quiet';
    return { kind, negative, significand: 0n, exponent: 0, bits };
  }
  const lowest = f.emin - (f.precision - 1);
  if (biased === 0n) {
    if (fraction !== 0n && !context.denormalsAreZero) {
      return { kind: 'denormal', negative, significand: fraction, exponent: lowest, bits };
    }
    return { kind: 'zero', negative, significand: 0n, exponent: 0, bits: zero(f, negative) };
  }
  const significand = fraction | (1n << fractionBits(f));
  return { kind: 'normal', negative, significand, exponent: lowest + Number(biased) - 1, bits };
}

export function isNaNKind(p: Parts): boolean {
  return p.kind === 'quiet' || p.kind === 'signalling';
}

export function bitLength(n: bigint): number {
  return n === 0n ? 0 : n.toString(2).length;
}

/** Divides by 2^`by`, rounding as asked. */
export function shiftRounded(
  n: bigint,
  by: number,
  negative: boolean,
  rounding: number,
): { value: bigint; inexact: boolean } {
  if (by <= 0) return { value: n << BigInt(-by), inexact: false };
  const shift = BigInt(by);
  const value = n >> shift;
  const rest = n - (value << shift);
  if (rest === 0n) return { value, inexact: false };
  const half = 1n << (shift - 1n);
  const away =
    rounding === ROUND.nearest
      ? rest > half || (rest === half && (value & 1n) === 1n)
      : rounding === ROUND.down
        ? negative
        : rounding === ROUND.up && !negative;
  return { value: away ? value + 1n : value, inexact: true };
}

/**
 * ± significand × 2^exponent as a number of the format. The significand may end in a sticky bit
 * that stands for all that follows, if it is longer than the precision by two bits.
 */
export function pack(
  f: Format,
  negative: boolean,
  significand: bigint,
  exponent: number,
  context: FloatContext,
): bigint {
  if (significand === 0n) return zero(f, negative);
  const length = bitLength(significand);
  const { rounding } = context;
  // as if the exponent had no bounds: that is how tininess and overflow are found out
  const free = shiftRounded(significand, length - f.precision, negative, rounding);
  const carry = bitLength(free.value) > f.precision ? 1 : 0;
  const top = exponent + length - 1 + carry;
  if (top > f.emax) {
    context.raise(RAISED.overflow | RAISED.precision);
    const toInfinity =
      rounding === ROUND.nearest || rounding === (negative ? ROUND.down : ROUND.up);
    return toInfinity ? infinity(f, negative) : infinity(f, negative) - 1n;
  }
  if (top >= f.emin) {
    if (free.inexact) context.raise(RAISED.precision);
    const fraction = (carry ? free.value >> 1n : free.value) & ((1n << fractionBits(f)) - 1n);
    const biased = BigInt(top - f.emin + 1);
    return zero(f, negative) | (biased << fractionBits(f)) | fraction;
  }
  if (context.flushToZero) {
    context.raise(RAISED.underflow | RAISED.precision);
    return zero(f, negative);
  }
  const lowest = f.emin - (f.precision - 1);
  const bounded = shiftRounded(significand, lowest - exponent, negative, rounding);
  if (bounded.inexact) context.raise(RAISED.underflow | RAISED.precision);
  // a carry into the hidden bit makes the least normal number by itself
  return zero(f, negative) | bounded.value;
}
