// SPDX-License-Identifier: GPL-2.0-or-later
/** Bytes in WebAssembly's binary format. */
import type { Ty } from './wasm-ops.ts';

/** How the format writes types. */
export const TYPE_CODE: Readonly<Record<Ty, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** A growing byte buffer with the encodings of the format. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView | null = null;
  #length = 0;

  /** @param room bytes that are likely to be enough. */
  constructor(room = 1024) {
    this.#bytes = new Uint8Array(room);
  }

  get length(): number {
    return this.#length;
  }

  /** The bytes so far; a copy. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** Begins anew, in the same buffer. */
  clear(): void {
    this.#length = 0;
  }

  #reserve(n: number): void {
    if (this.#length + n <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + n));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = null;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  bytes(values: ArrayLike<number>): void {
    this.#reserve(values.length);
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
  }

  /** What another has written so far. */
  append(other: ByteWriter): void {
    this.bytes(other.#bytes.subarray(0, other.#length));
  }

  /** Unsigned LEB128 of an integer below 2^32. */
  u32(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Signed LEB128 of a 32-bit integer. */
  s32(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** Signed LEB128 of a 64-bit integer. */
  s64(value: bigint): void {
    const small = Number(value);
    if (small >= -0x8000_0000 && small <= 0x7fff_ffff) {
      this.s32(small);
      return;
    }
    let rest = BigInt.asIntN(64, value);
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) {
        this.byte(low);
        return;
      }
      this.byte(low | 0x80);
    }
  }

  #at(bytes: number): DataView {
    this.#reserve(bytes);
    return (this.#view ??= new DataView(this.#bytes.buffer));
  }

  f32(value: number): void {
    this.#at(4).setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  f64(value: number): void {
    this.#at(8).setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  name(text: string): void {
    this.u32(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }
}
