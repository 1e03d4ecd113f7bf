// SPDX-License-Identifier: GPL-2.0-or-later
/** The flags themselves, and the carry flag of any state. */
import {
  BIT,
  KIND,
  maskTo,
  negative,
  operands,
  parity,
  settled,
  TOP,
  type FlagState,
  type FlagVars,
} from './flags.ts';
import { get, i32, i64, op, select, type Expr } from './ir.ts';

function place(bit: Expr, shift: number): Expr {
  return shift === 0 ? bit : op('i32.shl', bit, i32(shift));
}

/** All six flags of a known state in rflags' places, an i32. */
export function allFlags(known: FlagState, v: FlagVars): Expr {
  const state = settled(known, v);
  if (state.kind === 'raw') return op('i32.wrap_i64', operands(state, v).a);
  const { size } = state;
  const { a, b, c } = operands(state, v);
  const carry = op('i64.and', c, i64(1));
  let result: Expr;
  let cf: Expr;
  let of: Expr;
  /** a ^ x ^ result, whose bit 4 is AF. */
  let af: Expr = i64(0);
  const overflow = (p: Expr, q: Expr): Expr => negative(op('i64.and', p, q), size);
  switch (state.kind) {
    case 'sub':
    case 'sbb': {
      const whole =
        state.kind === 'sub' ? op('i64.sub', a, b) : op('i64.sub', op('i64.sub', a, b), carry);
      result = maskTo(whole, size);
      const strict = op('i64.lt_u', a, b);
      cf =
        state.kind === 'sub'
          ? strict
          : select(op('i32.wrap_i64', carry), op('i64.le_u', a, b), strict);
      of = overflow(op('i64.xor', a, b), op('i64.xor', a, result));
      af = op('i64.xor', op('i64.xor', a, b), result);
      break;
    }
    case 'add':
    case 'adc': {
      result = b;
      const plain = op('i64.sub', b, a);
      const x = maskTo(state.kind === 'add' ? plain : op('i64.sub', plain, carry), size);
      const strict = op('i64.lt_u', b, a);
      cf =
        state.kind === 'add'
          ? strict
          : select(op('i32.wrap_i64', carry), op('i64.le_u', b, a), strict);
      of = overflow(op('i64.xor', a, b), op('i64.xor', x, b));
      af = op('i64.xor', op('i64.xor', a, x), b);
      break;
    }
    case 'inc':
    case 'dec': {
      result = a;
      cf = op('i32.wrap_i64', carry);
      const before = op(state.kind === 'inc' ? 'i64.sub' : 'i64.add', a, i64(1));
      of = op('i64.eq', a, i64(state.kind === 'inc' ? TOP[size] : TOP[size] - 1n));
      af = op('i64.xor', op('i64.xor', a, before), i64(1));
      af = op('i64.and', af, i64(16));
      break;
    }
    case 'logic':
      result = a;
      cf = i32(0);
      of = i32(0);
      break;
    case 'result':
      result = a;
      cf = op('i32.wrap_i64', carry);
      of = op('i32.and', op('i32.shr_u', op('i32.wrap_i64', c), i32(11)), i32(1));
      break;
  }
  const parts = [
    cf,
    place(parity(result), 2),
    op('i32.and', op('i32.wrap_i64', af), i32(BIT.AF)),
    place(op('i64.eqz', result), 6),
    place(negative(result, size), 7),
    place(of, 11),
  ];
  return parts.reduce((x, y) => op('i32.or', x, y));
}

/** The carry flag of any state, an i32 that is 0 or 1. */
export function carryOfUnknown(v: FlagVars): Expr {
  const kind = op('i32.shr_u', get(v.kind), i32(2));
  const is = (k: keyof typeof KIND): Expr => op('i32.eq', kind, i32(KIND[k]));
  const [a, b] = [get(v.a), get(v.b)];
  const c = op('i32.and', op('i32.wrap_i64', get(v.c)), i32(1));
  const sum = select(c, op('i64.le_u', b, a), op('i64.lt_u', b, a));
  const difference = select(c, op('i64.le_u', a, b), op('i64.lt_u', a, b));
  const stored = select(is('logic'), i32(0), c);
  const plain = select(is('raw'), op('i32.and', op('i32.wrap_i64', a), i32(1)), stored);
  const carried = select(is('adc'), sum, select(is('sbb'), difference, plain));
  return select(is('sub'), op('i64.lt_u', a, b), select(is('add'), op('i64.lt_u', b, a), carried));
}
