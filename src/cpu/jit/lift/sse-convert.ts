// SPDX-License-Identifier: GPL-2.0-or-later
/** Conversions. What does not fit becomes the integer indefinite: the most negative number. */
import { i32, i64, op, select, v128Lanes, f32, f64, type Expr } from '../ir.ts';
import type { Lift } from '../lift.ts';
import type { Float } from './low-lanes.ts';
import { registrar, type Table } from './registry.ts';
import { shuffle } from './sse-move.ts';

function toInteger(c: Lift, ty: Float, truncate: boolean): void {
  const size = c.size(0);
  const value = c.scalar(1, ty);
  const x = c.hold(truncate ? value : op(`${ty}.nearest`, value));
  const saturated = c.hold(op(`i64.trunc_sat_${ty}_s`, x));
  const nan = op(`${ty}.ne`, x, x);
  if (size === 8) {
    // 2^63 - 1 is no float, so it can only come from saturation
    const over = op('i64.eq', saturated, i64((1n << 63n) - 1n));
    c.setInt(0, select(op('i32.or', nan, over), i64(-(1n << 63n)), saturated));
    return;
  }
  const over = op('i64.ne', saturated, op('i64.extend32_s', saturated));
  c.setInt(0, select(op('i32.or', nan, over), i32(-0x8000_0000), op('i32.wrap_i64', saturated)));
}

function fromInteger(c: Lift, ty: Float): void {
  const size = c.size(1) === 8 ? 8 : 4;
  const value = c.int(1, size);
  c.setScalar(0, ty, op(size === 8 ? `${ty}.convert_i64_s` : `${ty}.convert_i32_s`, value));
}

function floatsToInts(c: Lift, truncate: boolean): void {
  const value = c.vec(1);
  const x = c.hold(truncate ? value : op('f32x4.nearest', value));
  const fits = op('f32x4.lt', x, op('f32x4.splat', f32(2147483648)));
  const least = op('i32x4.splat', i32(-0x8000_0000));
  c.setVec(0, op('v128.bitselect', op('i32x4.trunc_sat_f32x4_s', x), least, fits));
}

function doublesToInts(c: Lift, truncate: boolean): void {
  const value = c.vec(1);
  const x = c.hold(truncate ? value : op('f64x2.nearest', value));
  const fits = c.hold(op('f64x2.lt', x, op('f64x2.splat', f64(2147483648))));
  const narrow = shuffle(4, [0, 2, 4, 5], fits, v128Lanes(0xffff_ffff_ffff_ffffn));
  const least = op('i32x4.splat', i32(-0x8000_0000));
  c.setVec(0, op('v128.bitselect', op('i32x4.trunc_sat_f64x2_s_zero', x), least, narrow));
}

/** The lower half of the source as a vector (8 bytes of memory). */
function lowerHalf(c: Lift): Expr {
  return c.lowest(1, 'f64');
}

function noMmx(insn: { ops: readonly { k: string }[] }): boolean {
  return insn.ops[0]?.k !== 'other';
}

export function registerSseConvert(table: Table): void {
  const on = registrar(table, 'SSE conversions');
  const plain = { accepts: noMmx };
  on('Cvtsd2si', (c) => toInteger(c, 'f64', false));
  on('Cvttsd2si', (c) => toInteger(c, 'f64', true));
  on('Cvtss2si', (c) => toInteger(c, 'f32', false));
  on('Cvttss2si', (c) => toInteger(c, 'f32', true));
  on('Cvtsi2sd', (c) => fromInteger(c, 'f64'));
  on('Cvtsi2ss', (c) => fromInteger(c, 'f32'));
  on('Cvtsd2ss', (c) => c.setScalar(0, 'f32', op('f32.demote_f64', c.scalar(1, 'f64'))));
  on('Cvtss2sd', (c) => c.setScalar(0, 'f64', op('f64.promote_f32', c.scalar(1, 'f32'))));
  on('Cvtps2pd', (c) => c.setVec(0, op('f64x2.promote_low_f32x4', lowerHalf(c))));
  on('Cvtpd2ps', (c) => c.setVec(0, op('f32x4.demote_f64x2_zero', c.vec(1))));
  on('Cvtdq2ps', (c) => c.setVec(0, op('f32x4.convert_i32x4_s', c.vec(1))));
  on('Cvtdq2pd', (c) => c.setVec(0, op('f64x2.convert_low_i32x4_s', lowerHalf(c))));
  on('Cvtps2dq', (c) => floatsToInts(c, false), plain);
  on('Cvttps2dq', (c) => floatsToInts(c, true), plain);
  on('Cvtpd2dq', (c) => doublesToInts(c, false), plain);
  on('Cvttpd2dq', (c) => doublesToInts(c, true), plain);
}
