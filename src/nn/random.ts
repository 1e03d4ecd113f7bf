// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The seeded generator and the elementary functions behind everything drawn at random. They use
 * only what IEEE 754 and ECMAScript define to the last bit (+ - × ÷, sqrt, floor, 32-bit integer
 * products), because Math.sin and its like may differ between engines and a flipped last bit
 * would flip a byte of the data set.
 */

/** One round of splitmix32: a well-mixed 32-bit hash of `x`. */
function mix32(x: number): number {
  let z = (x + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/** xoshiro128** of Blackman and Vigna, seeded through splitmix32. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param keys integers; every different list gives an independent stream. */
  constructor(...keys: readonly number[]) {
    let h = 0x6c617373;
    for (const key of keys) h = mix32(h ^ mix32(key | 0));
    this.#a = mix32(h);
    this.#b = mix32(this.#a);
    this.#c = mix32(this.#b);
    // The all-zero state is the one forbidden state.
    this.#d = mix32(this.#c) | 1;
  }

  /** The next 32 bits, 0 … 2^32 - 1. */
  next(): number {
    const times5 = Math.imul(this.#b, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** Uniform in [low, high). */
  range(low: number, high: number): number {
    return low + (this.next() / 4294967296) * (high - low);
  }

  /** Uniform integer 0 … n - 1. */
  int(n: number): number {
    return Math.floor((this.next() / 4294967296) * n);
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.next() < p * 4294967296;
  }

  /** Bell-shaped, standard deviation 1, never beyond ±3.47: the sum of four uniform numbers. */
  bell(): number {
    const sum = this.range(0, 1) + this.range(0, 1) + this.range(0, 1) + this.range(0, 1);
    return (sum - 2) * 1.7320508075688772;
  }

  /** `mean + deviation * bell()`. */
  near(mean: number, deviation: number): number {
    return mean + deviation * this.bell();
  }

  /** An index of `weights`, drawn in their proportion. */
  pick(weights: readonly number[]): number {
    const total = weights.reduce((sum, w) => sum + w, 0);
    let rest = this.range(0, total);
    for (const [i, w] of weights.entries()) {
      rest -= w;
      if (rest < 0) return i;
    }
    return weights.length - 1;
  }

  /** Fisher-Yates, in place. */
  shuffle(items: Uint8Array | number[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const held = items[i] ?? 0;
      items[i] = items[j] ?? 0;
      items[j] = held;
    }
  }
}

/** sin(2π·turns), to about 1e-7, the same bits everywhere. */
export function sinTurns(turns: number): number {
  // Fold to a quarter turn around zero: t in [-1/4, 1/4].
  let t = turns - Math.floor(turns + 0.5);
  if (t > 0.25) t = 0.5 - t;
  if (t < -0.25) t = -0.5 - t;
  const x = t * 6.283185307179586;
  const x2 = x * x;
  // Taylor to x^11: the rest is below 6e-8 at π/2.
  let p = -1 / 39916800;
  p = p * x2 + 1 / 362880;
  p = p * x2 - 1 / 5040;
  p = p * x2 + 1 / 120;
  p = p * x2 - 1 / 6;
  return x * (p * x2 + 1);
}

/** cos(2π·turns), as exact as `sinTurns`. */
export function cosTurns(turns: number): number {
  return sinTurns(turns + 0.25);
}
