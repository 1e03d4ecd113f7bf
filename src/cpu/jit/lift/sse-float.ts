// SPDX-License-Identifier: GPL-2.0-or-later
/** Floating-point arithmetic, comparison and rounding. */
import { i32, op, type Expr } from '../ir.ts';
import type { Lift } from '../lift.ts';
import type { Float } from './low-lanes.ts';
import { registrar, type Table } from './registry.ts';
import { imm8, shuffle } from './sse-move.ts';

const VECTOR = { f64: 'f64x2', f32: 'f32x4' } as const;

function packed(c: Lift, ty: Float, name: string): void {
  c.setVec(0, op(`${VECTOR[ty]}.${name}`, c.vec(0), c.vec(1)));
}

/**
 * Arithmetic on the lowest lanes. Of two NaNs the first counts: V8 exchanges the operands of f64.add
 * where that saves a move, those of f64x2.add never. What the other lanes come to is of no meaning.
 */
function scalar(c: Lift, ty: Float, name: string): void {
  c.setLowest(0, ty, op(`${VECTOR[ty]}.${name}`, c.lowest(0, ty), c.lowest(1, ty)));
}

/**
 * min and max return the second operand unless the first is strictly less (greater): also for NaN
 * and for zeros. That is pmin(second, first).
 */
function extreme(c: Lift, ty: Float, name: 'pmin' | 'pmax', whole: boolean): void {
  const operation = `${VECTOR[ty]}.${name}`;
  if (whole) c.setVec(0, op(operation, c.vec(1), c.vec(0)));
  else c.setLowest(0, ty, op(operation, c.lowest(1, ty), c.lowest(0, ty)));
}

/** Lanes of ones where the predicate (0 … 7) holds. */
function comparison(c: Lift, ty: Float, a: Expr, b: Expr, predicate: number): Expr {
  const f = (name: string, x: Expr, y: Expr): Expr => op(`${VECTOR[ty]}.${name}`, x, y);
  const x = c.hold(a);
  const y = c.hold(b);
  const not = (e: Expr): Expr => op('v128.not', e);
  const ordered = (): Expr => op('v128.and', f('eq', x, x), f('eq', y, y));
  switch (predicate) {
    case 0:
      return f('eq', x, y);
    case 1:
      return f('lt', x, y);
    case 2:
      return f('le', x, y);
    case 3:
      return not(ordered());
    case 4:
      return f('ne', x, y);
    case 5:
      return not(f('lt', x, y));
    case 6:
      return not(f('le', x, y));
    default:
      return ordered();
  }
}

function compare(c: Lift, ty: Float, whole: boolean): void {
  const predicate = imm8(c, 2) & 7;
  if (whole) {
    c.setVec(0, comparison(c, ty, c.vec(0), c.vec(1), predicate));
    return;
  }
  c.setLowest(0, ty, comparison(c, ty, c.lowest(0, ty), c.lowest(1, ty), predicate));
}

/** comis, ucomis: ZF, PF, CF = unordered 111, greater 000, less 001, equal 100. */
function compareToFlags(c: Lift, ty: Float): void {
  const a = c.hold(c.scalar(0, ty));
  const b = c.hold(c.scalar(1, ty));
  const f = (name: string, x: Expr, y: Expr): Expr => op(`${ty}.${name}`, x, y);
  const below = op('i32.eqz', f('ge', a, b));
  const equal = op('i32.eqz', op('i32.or', f('lt', a, b), f('gt', a, b)));
  const unordered = op('i32.or', f('ne', a, a), f('ne', b, b));
  const flags = op(
    'i32.or',
    op('i32.or', below, op('i32.shl', equal, i32(6))),
    op('i32.shl', unordered, i32(2)),
  );
  c.setRawFlags(flags);
}

const ROUNDINGS = ['nearest', 'floor', 'ceil', 'trunc'] as const;

/** The operation for a rounding immediate; MXCSR's own mode is nearest wherever compiled code runs. */
function rounding(c: Lift): string {
  const control = imm8(c, 2);
  return control & 4 ? 'nearest' : (ROUNDINGS[control & 3] ?? 'nearest');
}

/** haddpd and friends: sums (differences) of neighbours. */
function horizontal(c: Lift, ty: Float, name: 'add' | 'sub'): void {
  const a = c.hold(c.vec(0));
  const b = c.hold(c.vec(1));
  const size = ty === 'f64' ? 8 : 4;
  const even = ty === 'f64' ? [0, 2] : [0, 2, 4, 6];
  const odd = even.map((lane) => lane + 1);
  c.setVec(0, op(`${VECTOR[ty]}.${name}`, shuffle(size, even, a, b), shuffle(size, odd, a, b)));
}

/** addsubpd, addsubps: even lanes are subtracted, odd ones added. */
function addSub(c: Lift, ty: Float): void {
  const a = c.hold(c.vec(0));
  const b = c.hold(c.vec(1));
  const difference = op(`${VECTOR[ty]}.sub`, a, b);
  const sum = op(`${VECTOR[ty]}.add`, a, b);
  c.setVec(
    0,
    ty === 'f64' ? shuffle(8, [0, 3], difference, sum) : shuffle(4, [0, 5, 2, 7], difference, sum),
  );
}

export function registerSseFloat(table: Table): void {
  const on = registrar(table, 'SSE floating point');
  for (const name of ['add', 'sub', 'mul', 'div']) {
    const stem = name.charAt(0).toUpperCase() + name.slice(1);
    on(`${stem}pd`, (c) => packed(c, 'f64', name));
    on(`${stem}ps`, (c) => packed(c, 'f32', name));
    on(`${stem}sd`, (c) => scalar(c, 'f64', name));
    on(`${stem}ss`, (c) => scalar(c, 'f32', name));
  }
  on('Sqrtpd', (c) => c.setVec(0, op('f64x2.sqrt', c.vec(1))));
  on('Sqrtps', (c) => c.setVec(0, op('f32x4.sqrt', c.vec(1))));
  on('Sqrtsd', (c) => c.setScalar(0, 'f64', op('f64.sqrt', c.scalar(1, 'f64'))));
  on('Sqrtss', (c) => c.setScalar(0, 'f32', op('f32.sqrt', c.scalar(1, 'f32'))));
  for (const [stem, name] of [
    ['Min', 'pmin'],
    ['Max', 'pmax'],
  ] as const) {
    // prettier-ignore
    on(`${stem}pd`, (c) => extreme(c, 'f64', name, true));
    on(`${stem}ps`, (c) => extreme(c, 'f32', name, true));
    on(`${stem}sd`, (c) => extreme(c, 'f64', name, false));
    on(`${stem}ss`, (c) => extreme(c, 'f32', name, false));
  }
  on('Cmppd', (c) => compare(c, 'f64', true));
  on('Cmpps', (c) => compare(c, 'f32', true));
  on('Cmpsd_xmm', (c) => compare(c, 'f64', false));
  on('Cmpss', (c) => compare(c, 'f32', false));
  on('Comisd Ucomisd', (c) => compareToFlags(c, 'f64'));
  on('Comiss Ucomiss', (c) => compareToFlags(c, 'f32'));
  on('Roundpd', (c) => c.setVec(0, op(`f64x2.${rounding(c)}`, c.vec(1))));
  on('Roundps', (c) => c.setVec(0, op(`f32x4.${rounding(c)}`, c.vec(1))));
  on('Roundsd', (c) => c.setScalar(0, 'f64', op(`f64.${rounding(c)}`, c.scalar(1, 'f64'))));
  on('Roundss', (c) => c.setScalar(0, 'f32', op(`f32.${rounding(c)}`, c.scalar(1, 'f32'))));
  on('Haddpd', (c) => horizontal(c, 'f64', 'add'));
  on('Haddps', (c) => horizontal(c, 'f32', 'add'));
  on('Hsubpd', (c) => horizontal(c, 'f64', 'sub'));
  on('Hsubps', (c) => horizontal(c, 'f32', 'sub'));
  on('Addsubpd', (c) => addSub(c, 'f64'));
  on('Addsubps', (c) => addSub(c, 'f32'));
}
