// SPDX-License-Identifier: GPL-2.0-or-later
/** Functions that compiled code may call; `runtime.ts` defines them. */
import type { Callee } from './ir.ts';
import type { Ty } from './wasm-ops.ts';

const list: Callee[] = [];

function declare(name: string, params: readonly Ty[], result: Ty | null): Callee {
  const callee = { name, params, result, index: list.length };
  list.push(callee);
  return callee;
}

/**
 * (address, bytes, window, need | window span << 8) → 1 when the access is allowed; the window is
 * moved there if it can be. Defined by the runtime over the engine's `interval`.
 */
export const REFILL = declare('refill', ['i64', 'i32', 'i32', 'i32'], 'i32');

/** (kind, a, b, c) → the six status flags in rflags' places. */
export const FLAGS = declare('flags', ['i32', 'i64', 'i64', 'i64'], 'i32');

/** (high, low, divisor) → 1 and the quotient and remainder in `SCRATCH.wide`, or 0 for #DE. */
export const DIV128 = declare('div128', ['i64', 'i64', 'i64'], 'i32');
export const IDIV128 = declare('idiv128', ['i64', 'i64', 'i64'], 'i32');

/** Byte-wise forward copy (as `rep movs` with overlap), (to, from, bytes, element size). */
export const COPY_FORWARD = declare('copyForward', ['i32', 'i32', 'i32', 'i32'], null);
export const COPY_BACKWARD = declare('copyBackward', ['i32', 'i32', 'i32', 'i32'], null);
/** (to, value, count, element size, step in bytes). */
export const FILL = declare('fill', ['i32', 'i64', 'i32', 'i32', 'i32'], null);
/** (address, value, count, element size, step, stop when equal) → elements looked at. */
export const SCAN = declare('scan', ['i32', 'i64', 'i32', 'i32', 'i32', 'i32'], 'i32');
/** (a, b, count, element size, step, stop when equal) → elements looked at. */
export const COMPARE = declare('compare', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'i32');

/** (call or return, target, rsp, left of the budget): for a profile. Passed on to the engine. */
export const TRACE = declare('trace', ['i32', 'i32', 'i32', 'i32'], null);

export const CALLEES: readonly Callee[] = list;
