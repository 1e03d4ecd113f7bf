// SPDX-License-Identifier: GPL-2.0-or-later
/** The memory that a kernel under test is given: arrays with guards of canaries between them. */
import type { Reals } from '../reference.ts';

/** An array in the arena. */
export interface Placed {
  readonly address: number;
  readonly offset: number;
}

interface Expectation {
  readonly at: Placed;
  readonly values: Reals;
  /** Greatest distance allowed for each value; null for the same bits. */
  readonly bounds: readonly number[] | null;
}

const ROOM = 1 << 20;
const GUARD = 64;
const CANARY = 0xa5;
/** Of asm/include/network.inc. */
export const PIECE_TERMS = 16;
const BROKEN = ['a callee-saved register or rsp', 'the stack', 'mxcsr', 'the direction flag'];

export class Arena {
  #bytes = new Uint8Array(4096).fill(CANARY);
  readonly #expected: Expectation[] = [];
  #end = GUARD;
  /** Arrays placed: each gets another alignment. */
  #placed = 0;

  /** @param address where it will be, a multiple of 64 */
  constructor(readonly address: number) {}

  /** Bytes in use, a multiple of 64. */
  get length(): number {
    return (this.#end + 63) & ~63;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /**
   * Puts an array where it is aligned to its numbers and to no register: an odd number of them behind
   * a multiple of 64 bytes, another one for each array and each arena.
   */
  place(values: Reals): Placed {
    const size = values.BYTES_PER_ELEMENT;
    const odd = 2 * (this.#placed++ + this.address / 64) + 1;
    const offset = ((this.#end + 63) & ~63) + (odd % (64 / size)) * size;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return this.#put(offset, bytes);
  }

  /** Puts a `struct active`. */
  placeActive(list: readonly number[]): Placed {
    const view = new DataView(new ArrayBuffer(8 + list.length * 4));
    view.setBigUint64(0, BigInt(list.length), true);
    list.forEach((index, n) => view.setUint32(8 + n * 4, index, true));
    return this.#put((this.#end + 7) & ~7, new Uint8Array(view.buffer));
  }

  /** Puts an array of `struct term`. @param deltas where each one's delta is, in bytes */
  placeTerms(values: Reals, deltas: readonly number[]): Placed {
    const size = values.BYTES_PER_ELEMENT;
    const view = new DataView(new ArrayBuffer(deltas.length * 2 * size));
    deltas.forEach((delta, n) => {
      this.#setReal(view, n * 2 * size, values, n);
      view.setUint32((n * 2 + 1) * size, delta, true);
    });
    return this.#put((this.#end + 7) & ~7, new Uint8Array(view.buffer));
  }

  /**
   * Puts an array of `struct piece`, of PIECE_TERMS terms each.
   * @param samples one for each piece
   * @param offsets of rows of weights, in bytes, one for each term
   * @param values one for each term
   */
  placePieces(samples: readonly number[], offsets: readonly number[], values: Reals): Placed {
    const size = values.BYTES_PER_ELEMENT;
    const pieceSize = 16 + PIECE_TERMS * (4 + size);
    const view = new DataView(new ArrayBuffer(samples.length * pieceSize));
    samples.forEach((sample, p) => {
      const at = p * pieceSize;
      view.setBigUint64(at, BigInt(this.address), true); // what to prefetch
      view.setBigUint64(at + 8, BigInt(sample), true);
      for (let t = 0; t < PIECE_TERMS; t++) {
        const n = p * PIECE_TERMS + t;
        view.setUint32(at + 16 + t * 4, offsets[n] ?? 0, true);
        this.#setReal(view, at + 16 + PIECE_TERMS * 4 + t * size, values, n);
      }
    });
    return this.#put((this.#end + 7) & ~7, new Uint8Array(view.buffer));
  }

  /** Puts 64-bit numbers, addresses for example. */
  placeWords(words: readonly (number | Placed)[]): Placed {
    const view = new DataView(new ArrayBuffer(words.length * 8));
    words.forEach((word, n) => {
      view.setBigUint64(n * 8, BigInt(typeof word === 'number' ? word : word.address), true);
    });
    return this.#put((this.#end + 7) & ~7, new Uint8Array(view.buffer));
  }

  #setReal(view: DataView, at: number, values: Reals, n: number): void {
    if (values instanceof Float64Array) view.setFloat64(at, values[n] ?? 0, true);
    else view.setFloat32(at, values[n] ?? 0, true);
  }

  #put(offset: number, bytes: Uint8Array): Placed {
    const end = offset + bytes.length + GUARD;
    if (end > ROOM) throw new RangeError('the arena is full');
    if (end > this.#bytes.length) {
      // room for a whole number of 64 bytes: `bytes` is that long
      const larger = new Uint8Array(Math.min(ROOM, (2 * end + 63) & ~63)).fill(CANARY);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, offset);
    this.#end = end;
    return { address: this.address + offset, offset };
  }

  /** After the call these values stand there. All other bytes must be as they were. */
  expect(at: Placed, values: Reals, bounds: readonly number[] | null): void {
    this.#expected.push({ at, values: values.slice(), bounds });
  }

  /** @param broken BROKEN_* @param actual the arena after the call, which this spoils */
  check(broken: number, actual: Uint8Array): string[] {
    const problems = BROKEN.filter((_, bit) => broken & (1 << bit)).map((what) => `broke ${what}`);
    for (const { at, values, bounds } of this.#expected) {
      const size = values.BYTES_PER_ELEMENT;
      const view = new DataView(actual.buffer, actual.byteOffset + at.offset);
      let wrong = 0;
      values.forEach((expected, n) => {
        const got = size === 8 ? view.getFloat64(n * 8, true) : view.getFloat32(n * 4, true);
        if (matches(got, expected, bounds?.[n])) return;
        if (wrong++ === 0) problems.push(`number ${n} is ${got}, not ${expected}`);
      });
      if (wrong > 1) problems.push(`${wrong - 1} more numbers are wrong`);
      // what was checked shall not count as changed
      actual.set(this.#bytes.subarray(at.offset, at.offset + values.byteLength), at.offset);
    }
    const changed = firstDifference(actual, this.#bytes);
    if (changed >= 0) problems.push(`changed byte ${changed} of the arena, which is not an output`);
    return problems;
  }
}

function matches(actual: number, expected: number, bound: number | undefined): boolean {
  if (Object.is(actual, expected)) return true;
  if (bound === undefined || !Number.isFinite(expected)) return false;
  return actual === expected || Math.abs(actual - expected) <= bound;
}

/** Where two arrays differ, within the first one's length; -1 if they do not. */
function firstDifference(a: Uint8Array, b: Uint8Array): number {
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return n;
  return -1;
}
