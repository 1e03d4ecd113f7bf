// SPDX-License-Identifier: GPL-2.0-or-later
/** Arguments for exp, ln and sigmoid, millions at a time: every f32, and f64 of every exponent. */
import type { Fill } from './ulp-scan.ts';

/** Every `stride`th bit pattern of an f32, from `first` on: numbers of either sign, and NaNs. */
export function everyFloat(stride = 1, first = 0): Fill {
  const cell = new Uint32Array(1);
  const float = new Float32Array(cell.buffer);
  let next = first;
  return (block) => {
    let count = 0;
    for (; count < block.length && next < 2 ** 32; next += stride) {
      cell[0] = next;
      block[count++] = float[0]!;
    }
    return count;
  };
}

/** Random 32 bits by xorshift, quick enough for 10^9 of them. */
function bits32(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
}

interface Range {
  /** Exponents of the numbers, both included; -1023 stands for the subnormal ones and 0. */
  readonly low: number;
  readonly high: number;
  readonly negative: boolean;
  /** Share of all numbers. */
  readonly share: number;
}

/** `total` random numbers: each range gets its share, each exponent in it as many as the next. */
export function byExponent(total: number, seed: number, ...ranges: readonly Range[]): Fill {
  const random = bits32(seed);
  const sequence = ranges.flatMap(({ low, high, negative, share }) =>
    Array.from({ length: high - low + 1 }, (_, n) => ({
      field: low + n + 1023,
      signs: negative ? 0x80000000 : 0,
      count: Math.ceil((total * share) / (high - low + 1)),
    })),
  );
  let at = 0;
  let left = sequence[0]?.count ?? 0;
  return (block) => {
    const words = new Uint32Array(block.buffer);
    let count = 0;
    while (count < block.length && at < sequence.length) {
      const { field, signs } = sequence[at]!;
      const here = Math.min(left, block.length - count);
      for (let n = 0; n < here; n++, count++) {
        const high = random();
        words[2 * count] = random();
        words[2 * count + 1] = (high & (0xfffff | signs)) | (field << 20);
      }
      left -= here;
      if (left === 0) left = sequence[++at]?.count ?? 0;
    }
    return count;
  };
}

/** 1 ± 2^-k u, u in [0, 1), for every k: where ln comes close to 0. */
export function aroundOne(total: number, seed: number): Fill {
  const random = bits32(seed);
  let sent = 0;
  return (block) => {
    let count = 0;
    for (; count < block.length && sent < total; count++, sent++) {
      block[count] = 1 + random() * 2 ** -(32 + (sent % 52));
    }
    return count;
  };
}

/** Numbers in [low, high), each as likely as the others. */
export function evenly(total: number, seed: number, low: number, high: number): Fill {
  const random = bits32(seed);
  let sent = 0;
  return (block) => {
    let count = 0;
    for (; count < block.length && sent < total; count++, sent++) {
      block[count] = low + (high - low) * (random() * 2 ** -32 + 0.5);
    }
    return count;
  };
}

/** One after the other. */
export function together(...fills: readonly Fill[]): Fill {
  let at = 0;
  return (block) => {
    let count = 0;
    while (at < fills.length) {
      const room = block.length - count;
      const rest = room === block.length ? block : new Float64Array(room);
      const filled = fills[at]!(rest);
      if (rest !== block) block.set(rest.subarray(0, filled), count);
      count += filled;
      if (filled === room) return count;
      at++;
    }
    return count;
  };
}

/** exp: numbers whose exponential is neither 0, 1 nor infinite, and some of all others. */
export function expArguments(total: number, seed: number): Fill {
  return byExponent(
    total,
    seed,
    { low: -60, high: 9, negative: true, share: 0.95 },
    { low: -1023, high: 1023, negative: true, share: 0.05 },
  );
}

/** ln: positive numbers of every exponent, and many close to 1. */
export function lnArguments(total: number, seed: number): Fill {
  return together(
    byExponent(
      0.75 * total,
      seed,
      { low: -1023, high: 1023, negative: false, share: 0.7 },
      { low: -2, high: 1, negative: false, share: 0.3 },
    ),
    aroundOne(0.25 * total, seed + 1),
  );
}

/** sigmoid: where it is neither 1/2 nor 0 nor 1 to the last bit, and some of all others. */
export const sigmoidArguments = expArguments;

/** exp of the rungs with wide registers: what it takes, |x| <= 708. */
export function expPartsArguments(total: number, seed: number): Fill {
  return together(
    byExponent(total / 2, seed, { low: -60, high: 8, negative: true, share: 1 }),
    evenly(total / 2, seed + 1, -708, 708),
  );
}
