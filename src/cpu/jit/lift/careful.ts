// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Floating point for programs that look at MXCSR's exception flags or change its modes.
 *
 * As long as results are rounded to nearest and the precision flag is up already, an operation on
 * zeros and normal numbers with such a result raises nothing new and knows no mode: compiled code
 * may do it. Everything else is handed, before it has had any effect, to the exact arithmetic of
 * `cpu/float`.
 */
import { STATE_OFFSET } from '../../../machine/layout.ts';
import { STATE } from '../../../shared/cpu-state.ts';
import { f32, f64, i32, ifThen, op, opImm, v128Lanes, V_ZERO, type Expr } from '../ir.ts';
import type { Lift } from '../lift.ts';
import { imm8 } from './sse-move.ts';

type Float = 'f64' | 'f32';
type Guard = (c: Lift) => void;

const MXCSR = STATE_OFFSET + STATE.mxcsr;
const ROUNDING = 0x6000;
const PRECISION = 0x20;

const VECTOR = { f64: 'f64x2', f32: 'f32x4' } as const;
const INTS = { f64: 'i64x2', f32: 'i32x4' } as const;

/** The same bits in every lane. */
function every(ty: Float, double: bigint, float: bigint): Expr {
  return v128Lanes(ty === 'f64' ? double : (float << 32n) | float);
}

function magnitude(c: Lift, ty: Float, v: Expr): Expr {
  return c.hold(op('v128.and', v, every(ty, (1n << 63n) - 1n, 0x7fff_ffffn)));
}

function isZero(ty: Float, abs: Expr): Expr {
  return op(`${INTS[ty]}.eq`, abs, V_ZERO);
}

/** Lanes whose exponent is neither the least nor the greatest. */
function isNormal(ty: Float, abs: Expr, infinityToo = false): Expr {
  const least = every(ty, 1n << 52n, 1n << 23n);
  const infinite = every(ty, 0x7ffn << 52n, 0xffn << 23n);
  const below = op(`${INTS[ty]}.${infinityToo ? 'le_s' : 'lt_s'}`, abs, infinite);
  return op('v128.and', op(`${INTS[ty]}.ge_s`, abs, least), below);
}

/** Lanes so far above the least normal number that rounding cannot have made them tiny before. */
function isSafeResult(ty: Float, abs: Expr): Expr {
  const least = every(ty, 2n << 52n, 2n << 23n);
  const infinite = every(ty, 0x7ffn << 52n, 0xffn << 23n);
  return op('v128.and', op(`${INTS[ty]}.ge_s`, abs, least), op(`${INTS[ty]}.lt_s`, abs, infinite));
}

function flagsOf(mask: number, wanted: number): Expr {
  const bits = op('i32.and', opImm('i32.load', [0], i32(MXCSR)), i32(mask));
  return op('i32.ne', bits, i32(wanted));
}

function giveUpWhen(c: Lift, wrong: Expr): void {
  c.emit(ifThen(wrong, [c.giveUp()]));
}

/** Unless all lanes that count are ones. */
function giveUpUnless(c: Lift, ty: Float, whole: boolean, lanes: Expr): void {
  const mask = op(`${INTS[ty]}.bitmask`, lanes);
  const all = ty === 'f64' ? 3 : 15;
  const wrong = whole ? op('i32.ne', mask, i32(all)) : op('i32.eqz', op('i32.and', mask, i32(1)));
  giveUpWhen(c, wrong);
}

function inexactAllowed(c: Lift): void {
  giveUpWhen(c, flagsOf(ROUNDING | PRECISION, PRECISION));
}

/** The second operand as a vector; of a scalar one only the lowest lane counts. */
function source(c: Lift, ty: Float, whole: boolean): Expr {
  const o = c.operand(1);
  if (o.k !== 'mem') return c.vec(1);
  if (whole) return c.load('v128.load');
  return c.load(ty === 'f64' ? 'v128.load64_zero' : 'v128.load32_zero');
}

function binary(ty: Float, whole: boolean, name: 'add' | 'sub' | 'mul' | 'div'): Guard {
  return (c) => {
    inexactAllowed(c);
    const a = c.vec(0);
    const b = c.hold(source(c, ty, whole));
    const x = magnitude(c, ty, a);
    const y = magnitude(c, ty, b);
    const r = magnitude(c, ty, op(`${VECTOR[ty]}.${name}`, a, b));
    const zeroX = isZero(ty, x);
    const zeroY = isZero(ty, y);
    const zero = {
      add: isZero(ty, r),
      sub: isZero(ty, r),
      mul: op('v128.or', zeroX, zeroY),
      div: zeroX,
    }[name];
    const operands = op(
      'v128.and',
      op('v128.or', zeroX, isNormal(ty, x)),
      // a divisor of zero has a flag of its own
      name === 'div' ? isNormal(ty, y) : op('v128.or', zeroY, isNormal(ty, y)),
    );
    const result = op('v128.or', zero, isSafeResult(ty, r));
    giveUpUnless(c, ty, whole, op('v128.and', operands, result));
  };
}

function squareRoot(ty: Float, whole: boolean): Guard {
  return (c) => {
    inexactAllowed(c);
    const b = c.hold(source(c, ty, whole));
    const abs = magnitude(c, ty, b);
    const positive = op(`${INTS[ty]}.ge_s`, b, V_ZERO);
    const fit = op('v128.and', positive, isNormal(ty, abs));
    giveUpUnless(c, ty, whole, op('v128.or', isZero(ty, abs), fit));
  };
}

/** Numbers that any comparison takes without a word: no NaN, no denormal. */
function plainNumbers(c: Lift, ty: Float, v: Expr): Expr {
  const abs = magnitude(c, ty, v);
  return op('v128.or', isZero(ty, abs), isNormal(ty, abs, true));
}

function comparison(ty: Float, whole: boolean): Guard {
  return (c) => {
    const a = plainNumbers(c, ty, c.vec(0));
    const b = plainNumbers(c, ty, source(c, ty, whole));
    giveUpUnless(c, ty, whole, op('v128.and', a, b));
  };
}

function rounding(ty: Float, whole: boolean): Guard {
  return (c) => {
    const control = imm8(c, 2);
    const mask = (control & 4 ? ROUNDING : 0) | (control & 8 ? 0 : PRECISION);
    if (mask !== 0) giveUpWhen(c, flagsOf(mask, mask & PRECISION));
    giveUpUnless(c, ty, whole, plainNumbers(c, ty, source(c, ty, whole)));
  };
}

function toRegister(ty: Float, truncate: boolean): Guard {
  return (c) => {
    giveUpWhen(c, flagsOf(truncate ? PRECISION : ROUNDING | PRECISION, PRECISION));
    const limit = c.size(0) === 8 ? 2 ** 62 : 2 ** 30;
    const fits = op(
      `${ty}.lt`,
      op(`${ty}.abs`, c.scalar(1, ty)),
      ty === 'f64' ? f64(limit) : f32(limit),
    );
    giveUpWhen(c, op('i32.eqz', fits));
  };
}

function widened(whole: boolean): Guard {
  return (c) => {
    const o = c.operand(1);
    const v = o.k === 'mem' ? c.load(whole ? 'v128.load64_zero' : 'v128.load32_zero') : c.vec(1);
    const fit = op('i32x4.bitmask', plainNumbers(c, 'f32', v));
    const wanted = whole ? 3 : 1;
    giveUpWhen(c, op('i32.ne', op('i32.and', fit, i32(wanted)), i32(wanted)));
  };
}

function narrowed(c: Lift): void {
  inexactAllowed(c);
  const b = c.hold(source(c, 'f64', false));
  const abs = magnitude(c, 'f64', b);
  const r = magnitude(c, 'f32', op('f32x4.demote_f64x2_zero', b));
  const zero = op('i64x2.bitmask', isZero('f64', abs));
  const fit = op('i32x4.bitmask', isSafeResult('f32', r));
  const normal = op('i64x2.bitmask', isNormal('f64', abs));
  const good = op('i32.or', zero, op('i32.and', fit, normal));
  giveUpWhen(c, op('i32.eqz', op('i32.and', good, i32(1))));
}

function family(name: string, make: (ty: Float, whole: boolean) => Guard): [string, Guard][] {
  return [
    [`${name}pd`, make('f64', true)],
    [`${name}ps`, make('f32', true)],
    [`${name}sd`, make('f64', false)],
    [`${name}ss`, make('f32', false)],
  ];
}

/** Left to the exact arithmetic, once their accesses have been checked. */
const never: Guard = (c) => giveUpWhen(c, i32(1));

/** What comes before the effect of each instruction that MXCSR concerns. */
export const GUARDS: ReadonlyMap<string, Guard> = new Map<string, Guard>([
  ...family('Add', (ty, whole) => binary(ty, whole, 'add')),
  ...family('Sub', (ty, whole) => binary(ty, whole, 'sub')),
  ...family('Mul', (ty, whole) => binary(ty, whole, 'mul')),
  ...family('Div', (ty, whole) => binary(ty, whole, 'div')),
  ...family('Sqrt', squareRoot),
  ...family('Min', comparison),
  ...family('Max', comparison),
  ...family('Round', rounding),
  ['Cmppd', comparison('f64', true)],
  ['Cmpps', comparison('f32', true)],
  ['Cmpsd_xmm', comparison('f64', false)],
  ['Cmpss', comparison('f32', false)],
  ['Comisd', comparison('f64', false)],
  ['Comiss', comparison('f32', false)],
  ['Ucomisd', comparison('f64', false)],
  ['Ucomiss', comparison('f32', false)],
  ['Cvtsd2si', toRegister('f64', false)],
  ['Cvttsd2si', toRegister('f64', true)],
  ['Cvtss2si', toRegister('f32', false)],
  ['Cvttss2si', toRegister('f32', true)],
  ['Cvtsi2sd', inexactAllowed],
  ['Cvtsi2ss', inexactAllowed],
  ['Cvtdq2ps', inexactAllowed],
  ['Cvtdq2pd', () => undefined],
  ['Cvtss2sd', widened(false)],
  ['Cvtps2pd', widened(true)],
  ['Cvtsd2ss', narrowed],
  ...'Cvtpd2ps Cvtps2dq Cvttps2dq Cvtpd2dq Cvttpd2dq Haddpd Haddps Hsubpd Hsubps Addsubpd Addsubps Dppd Dpps'
    .split(' ')
    .map((name): [string, Guard] => [name, never]),
]);
