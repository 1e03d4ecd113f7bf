// SPDX-License-Identifier: GPL-2.0-or-later
/** Seeded random numbers for fuzzing, and edge values of every kind of operand. */

/**
 * sfc32 (Chris Doty-Humphrey, PractRand): 96 bits of state and a counter, in 32-bit operations, which
 * JavaScript does several times faster than those of 64 bits.
 */
export class Random {
  #a: number;
  #b: number;
  #c = 0;
  #counter = 1;

  /** @param seed any number; the lowest 64 bits count. */
  constructor(seed: bigint) {
    this.#a = Number(BigInt.asIntN(32, seed));
    this.#b = Number(BigInt.asIntN(32, seed >> 32n));
    for (let i = 0; i < 12; i++) this.u32(); // until near seeds have nothing in common
  }

  /** 32 random bits. */
  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** 64 random bits. */
  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  /** An integer in 0 … n - 1, for n up to 2^32. */
  below(n: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * n);
  }

  chance(p: number): boolean {
    return this.below(1000) < p * 1000;
  }

  pick<T>(from: readonly T[]): T {
    const found = from[this.below(from.length)];
    if (found === undefined) throw new Error('nothing to pick from');
    return found;
  }

  /** A general register's value: edges of all widths, small numbers, or any. */
  integer(): bigint {
    switch (this.below(4)) {
      case 0:
        return this.pick(INTEGER_EDGES);
      case 1:
        return BigInt.asUintN(64, BigInt(this.below(256)) - 128n);
      case 2:
        return this.u64() >> BigInt(this.below(64));
      default:
        return this.u64();
    }
  }

  /** The bits of a double, edges often. */
  double(): bigint {
    switch (this.below(5)) {
      case 0:
      case 1:
        return this.pick(DOUBLE_EDGES);
      case 2: {
        SCRATCH.setFloat64(0, (this.below(2_000_001) - 1_000_000) / this.pick(DIVISORS));
        return SCRATCH.getBigUint64(0);
      }
      default:
        return this.u64();
    }
  }

  /** The bits of a float, edges often. */
  float(): bigint {
    switch (this.below(5)) {
      case 0:
      case 1:
        return this.pick(FLOAT_EDGES);
      case 2: {
        SCRATCH.setFloat32(0, (this.below(200_001) - 100_000) / this.pick(DIVISORS));
        return BigInt(SCRATCH.getUint32(0));
      }
      default:
        return BigInt(this.u32());
    }
  }

  /** 16 bytes as a low and a high half: doubles, floats, integers or anything. */
  vector(): [bigint, bigint] {
    switch (this.below(4)) {
      case 0:
        return [this.double(), this.double()];
      case 1:
        return [this.float() | (this.float() << 32n), this.float() | (this.float() << 32n)];
      case 2:
        return [this.integer(), this.integer()];
      default:
        return [this.u64(), this.u64()];
    }
  }
}

const SCRATCH = new DataView(new ArrayBuffer(8));
const DIVISORS = [1, 2, 3, 7, 1000];

const INTEGER_EDGES: readonly bigint[] = [
  0n, 1n, 0xffff_ffff_ffff_ffffn, 2n, 3n, 7n, 8n, 31n, 32n, 33n, 63n, 64n, 65n,
  0x7fn, 0x80n, 0xffn, 0x100n, 0x7fffn, 0x8000n, 0xffffn, 0x1_0000n,
  0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0x8000_0000_0000_0001n,
  0xffff_ffff_8000_0000n, 0xffff_ffff_7fff_ffffn, 0xffff_ffff_0000_0000n,
]; // prettier-ignore

const DOUBLE_EDGES: readonly bigint[] = [
  0n, 1n << 63n, // zeros
  0x3ff0_0000_0000_0000n, 0xbff0_0000_0000_0000n, // ±1
  0x3fe0_0000_0000_0000n, 0xbfe0_0000_0000_0000n, 0x3ff8_0000_0000_0000n, 0x4004_0000_0000_0000n,
  0x7ff0_0000_0000_0000n, 0xfff0_0000_0000_0000n, // infinities
  0x7ff8_0000_0000_0000n, 0xfff8_0000_0000_0000n, 0x7ff8_0000_dead_beefn, 0xffff_ffff_ffff_ffffn, // quiet
  0x7ff0_0000_0000_0001n, 0xfff4_0000_0000_0000n, 0x7ff7_1234_5678_9abcn, // signalling
  1n, 0x8000_0000_0000_0001n, 0x000f_ffff_ffff_ffffn, // denormals
  0x0010_0000_0000_0000n, 0x7fef_ffff_ffff_ffffn, 0xffef_ffff_ffff_ffffn, // smallest, largest
  0x41df_ffff_ffc0_0000n, 0x41e0_0000_0000_0000n, 0xc1e0_0000_0000_0000n, 0xc1e0_0000_0020_0000n, // ±2^31
  0x43e0_0000_0000_0000n, 0xc3e0_0000_0000_0000n, 0x43df_ffff_ffff_ffffn, // ±2^63
  0x41df_ffff_ffe0_0000n, 0x36a0_0000_0000_0000n, 0x47ef_ffff_f000_0000n, // edges of f32
]; // prettier-ignore

const FLOAT_EDGES: readonly bigint[] = [
  0n, 0x8000_0000n, 0x3f80_0000n, 0xbf80_0000n, 0x3f00_0000n, 0xbf00_0000n, 0x3fc0_0000n, 0x4020_0000n,
  0x7f80_0000n, 0xff80_0000n,
  0x7fc0_0000n, 0xffc0_0000n, 0x7fc0_beefn, 0xffff_ffffn,
  0x7f80_0001n, 0xffa0_0000n,
  1n, 0x8000_0001n, 0x007f_ffffn, 0x0080_0000n, 0x7f7f_ffffn, 0xff7f_ffffn,
  0x4f00_0000n, 0xcf00_0000n, 0x4eff_ffffn, 0x5f00_0000n, 0xdf00_0000n,
]; // prettier-ignore
