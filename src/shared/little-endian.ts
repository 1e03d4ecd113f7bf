// SPDX-License-Identifier: GPL-2.0-or-later
/** Integers of any size as x86 stores them: the lowest byte first. */

/** The unsigned integer that the bytes make. */
export function unsignedOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** The low `size` bytes of a value, negative ones in two's complement. */
export function bytesOf(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = BigInt.asUintN(size * 8, value);
  for (let i = 0; i < size; i++) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
