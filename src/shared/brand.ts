// SPDX-License-Identifier: GPL-2.0-or-later
declare const brand: unique symbol;

/** A guest virtual address: a non-negative integer below 2^47 (the user half of x86-64). */
export type Addr = number & { readonly [brand]: 'Addr' };

/** A 64-bit register value, always in 0 … 2^64 - 1. */
export type U64 = bigint & { readonly [brand]: 'U64' };

const USER_LIMIT = 2 ** 47;

/**
 * The one maker of guest addresses.
 * @throws RangeError when `value` is not an integer of the user half of the address space.
 */
export function addr(value: number | bigint): Addr {
  const n = Number(value);
  if (!Number.isInteger(n) || n < 0 || n >= USER_LIMIT) {
    throw new RangeError(`not a user-space address: ${String(value)}`);
  }
  return n as Addr;
}

/** Whether `value` can be a guest address, that is, whether `addr(value)` would succeed. */
export function isAddr(value: number | bigint): boolean {
  return value >= 0 && value < USER_LIMIT && Number.isInteger(Number(value));
}

/** Wraps any integer into 64 bits, as the hardware does. */
export function u64(value: bigint | number): U64 {
  return BigInt.asUintN(64, BigInt(value)) as U64;
}
