// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Lazy flags. An instruction that sets flags records what it did (kind, size, operands); the flags
 * themselves are computed only where they are read. When the writer is known at translation time a
 * condition becomes one comparison of its operands.
 */
import { get, i32, i64, op, select, set, type Expr, type Stmt, type Var } from './ir.ts';

/** Values are zero-extended to 64 bits; `a`, `b`, `c` are the three operand variables. */
export const KIND = {
  /** a = the flags themselves, in rflags' places */
  raw: 0,
  /** flags of a - b */
  sub: 1,
  /** a + x = b */
  add: 2,
  /** a = result; CF = OF = AF = 0 */
  logic: 3,
  /** a = result of adding / subtracting 1; c = CF as before */
  inc: 4,
  dec: 5,
  /** a + x + c = b, and a - b - c, with c 0 or 1 */
  adc: 6,
  sbb: 7,
  /** a = result for ZF SF PF; c = CF and OF in rflags' places; AF = 0 */
  result: 8,
} as const;

export type FlagKind = keyof typeof KIND;
export type Size = 1 | 2 | 4 | 8;

/**
 * What wrote the flags, known at translation time. An operand that stands here is still to be had
 * from registers and constants, and its variable is out of date; the others lie in their variables.
 */
export interface FlagState {
  readonly kind: FlagKind;
  readonly size: Size;
  readonly a?: Expr | undefined;
  readonly b?: Expr | undefined;
  readonly c?: Expr | undefined;
}

export interface FlagVars {
  readonly kind: Var;
  readonly a: Var;
  readonly b: Var;
  readonly c: Var;
}

const LOG: Readonly<Record<Size, number>> = { 1: 0, 2: 1, 4: 2, 8: 3 };

/** The operands of a known state, wherever they are. */
export function operands(state: FlagState, v: FlagVars): { a: Expr; b: Expr; c: Expr } {
  return { a: state.a ?? get(v.a), b: state.b ?? get(v.b), c: state.c ?? get(v.c) };
}

/** The value of the kind variable for a state known at translation time. */
export function kindCode(state: FlagState): number {
  return KIND[state.kind] * 4 + LOG[state.size];
}

/** Puts a known state into the variables altogether. */
export function stored(state: FlagState, v: FlagVars): Stmt[] {
  const { a, b, c } = state;
  return [
    set(v.kind, i32(kindCode(state))),
    ...(a ? [set(v.a, a)] : []),
    ...(b ? [set(v.b, b)] : []),
    ...(c ? [set(v.c, c)] : []),
  ];
}

export const BIT = { CF: 1, PF: 4, AF: 16, ZF: 64, SF: 128, OF: 2048 } as const;
export const STATUS_MASK = 0x8d5;

export type Condition =
  | 'o' | 'no' | 'b' | 'ae' | 'e' | 'ne' | 'be' | 'a'
  | 's' | 'ns' | 'p' | 'np' | 'l' | 'ge' | 'le' | 'g'; // prettier-ignore

const NEGATED: Readonly<Partial<Record<Condition, Condition>>> = {
  no: 'o', ae: 'b', ne: 'e', a: 'be', ns: 's', np: 'p', ge: 'l', g: 'le',
}; // prettier-ignore

const TOP: Readonly<Record<Size, bigint>> = { 1: 0x80n, 2: 0x8000n, 4: 0x8000_0000n, 8: 1n << 63n };
const MASK: Readonly<Record<Size, bigint>> = {
  1: 0xffn,
  2: 0xffffn,
  4: 0xffff_ffffn,
  8: 0xffff_ffff_ffff_ffffn,
};

export function sizeMask(size: Size): bigint {
  return MASK[size];
}

/** `value` (zero-extended i64) as a signed number of its size, comparable with its like. */
function signed(value: Expr, size: Size): Expr {
  if (size === 8) return value;
  const name = { 1: 'i64.extend8_s', 2: 'i64.extend16_s', 4: 'i64.extend32_s' }[size];
  return op(name, value);
}

export function maskTo(value: Expr, size: Size): Expr {
  return size === 8 ? value : op('i64.and', value, i64(MASK[size]));
}

function negative(value: Expr, size: Size): Expr {
  return op('i32.eqz', op('i64.eqz', op('i64.and', value, i64(TOP[size]))));
}

/** 1 when the low byte of an i64 has an even number of ones. */
export function parity(value: Expr): Expr {
  const ones = op('i64.popcnt', op('i64.and', value, i64(0xff)));
  return op('i32.eqz', op('i32.wrap_i64', op('i64.and', ones, i64(1))));
}

/**
 * A condition of a known flag state as an i32 that is 0 or 1.
 * @returns null when it has no short form and the flags must be computed first.
 */
export function condition(state: FlagState, cond: Condition, v: FlagVars): Expr | null {
  const positive = NEGATED[cond];
  if (positive) {
    const e = condition(state, positive, v);
    return e && op('i32.eqz', e);
  }
  const { size } = state;
  const { a, b, c } = operands(state, v);
  switch (state.kind) {
    case 'raw':
      return rawCondition(op('i32.wrap_i64', a), cond);
    case 'sub':
      return subCondition(a, b, size, cond);
    case 'add':
      return addCondition(a, b, size, cond);
    case 'logic':
      return resultCondition(a, size, cond, i32(0), i32(0));
    case 'inc':
    case 'dec': {
      const limit = state.kind === 'inc' ? TOP[size] : TOP[size] - 1n;
      const of = op('i64.eq', a, i64(limit));
      return resultCondition(a, size, cond, op('i32.wrap_i64', c), of);
    }
    case 'result': {
      const bits = op('i32.wrap_i64', c);
      const cf = op('i32.and', bits, i32(1));
      const of = op('i32.and', op('i32.shr_u', bits, i32(11)), i32(1));
      return resultCondition(a, size, cond, cf, of);
    }
    case 'adc': {
      if (cond !== 'b') return cond === 'e' ? op('i64.eqz', b) : null;
      const carried = op('i32.wrap_i64', c);
      return select(carried, op('i64.le_u', b, a), op('i64.lt_u', b, a));
    }
    case 'sbb': {
      if (cond !== 'b') return null;
      return select(op('i32.wrap_i64', c), op('i64.le_u', a, b), op('i64.lt_u', a, b));
    }
  }
}

/** A zero-extended 32-bit value as an i32. */
function narrow(e: Expr): Expr {
  if (e.k === 'const') return i32(Number(BigInt.asIntN(32, BigInt(e.value))));
  const [inner] = e.k === 'op' && e.op.name === 'i64.extend_i32_u' ? e.args : [];
  return inner ?? op('i32.wrap_i64', e);
}

const COMPARISONS: Readonly<Partial<Record<Condition, string>>> = {
  b: 'lt_u',
  be: 'le_u',
  e: 'eq',
  l: 'lt_s',
  le: 'le_s',
};

function subCondition(a: Expr, b: Expr, size: Size, cond: Condition): Expr {
  const comparison = COMPARISONS[cond];
  if (size === 4 && comparison) return op(`i32.${comparison}`, narrow(a), narrow(b));
  switch (cond) {
    case 'b':
      return op('i64.lt_u', a, b);
    case 'be':
      return op('i64.le_u', a, b);
    case 'e':
      return op('i64.eq', a, b);
    case 'l':
      return op('i64.lt_s', signed(a, size), signed(b, size));
    case 'le':
      return op('i64.le_s', signed(a, size), signed(b, size));
    case 's':
      return negative(op('i64.sub', a, b), size);
    case 'p':
      return parity(op('i64.sub', a, b));
    default: {
      const r = op('i64.sub', a, b);
      return negative(op('i64.and', op('i64.xor', a, b), op('i64.xor', a, r)), size);
    }
  }
}

/** a + x = b. */
function addCondition(a: Expr, r: Expr, size: Size, cond: Condition): Expr {
  const cf = op('i64.lt_u', r, a);
  if (cond === 'b') return cf;
  if (cond === 'be') return op('i32.or', cf, op('i64.eqz', r));
  const x = op('i64.sub', r, a);
  const overflow = op('i64.and', op('i64.xor', a, r), op('i64.xor', x, r));
  return resultCondition(r, size, cond, cf, negative(overflow, size));
}

function resultCondition(r: Expr, size: Size, cond: Condition, cf: Expr, of: Expr): Expr {
  switch (cond) {
    case 'b':
      return cf;
    case 'e':
      return op('i64.eqz', r);
    case 'be':
      return op('i32.or', cf, op('i64.eqz', r));
    case 's':
      return negative(r, size);
    case 'p':
      return parity(r);
    case 'o':
      return of;
    case 'l':
      return op('i32.ne', negative(r, size), of);
    default:
      return op('i32.or', op('i64.eqz', r), op('i32.ne', negative(r, size), of));
  }
}

/** A positive condition of flags in rflags' places. */
export function rawCondition(flags: Expr, cond: Condition): Expr {
  const any = (mask: number): Expr => op('i32.ne', op('i32.and', flags, i32(mask)), i32(0));
  const less = op('i32.ne', any(BIT.SF), any(BIT.OF));
  switch (cond) {
    case 'b':
      return any(BIT.CF);
    case 'e':
      return any(BIT.ZF);
    case 'be':
      return any(BIT.CF | BIT.ZF);
    case 's':
      return any(BIT.SF);
    case 'p':
      return any(BIT.PF);
    case 'o':
      return any(BIT.OF);
    case 'l':
      return less;
    case 'le':
      return op('i32.or', any(BIT.ZF), less);
    default:
      return op('i32.eqz', rawCondition(flags, NEGATED[cond] ?? 'o'));
  }
}

function place(bit: Expr, shift: number): Expr {
  return shift === 0 ? bit : op('i32.shl', bit, i32(shift));
}

/** All six flags of a known state in rflags' places, an i32. */
export function allFlags(state: FlagState, v: FlagVars): Expr {
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
  const is = (k: FlagKind): Expr => op('i32.eq', kind, i32(KIND[k]));
  const [a, b] = [get(v.a), get(v.b)];
  const c = op('i32.and', op('i32.wrap_i64', get(v.c)), i32(1));
  const sum = select(c, op('i64.le_u', b, a), op('i64.lt_u', b, a));
  const difference = select(c, op('i64.le_u', a, b), op('i64.lt_u', a, b));
  const stored = select(is('logic'), i32(0), c);
  const plain = select(is('raw'), op('i32.and', op('i32.wrap_i64', a), i32(1)), stored);
  const carried = select(is('adc'), sum, select(is('sbb'), difference, plain));
  return select(is('sub'), op('i64.lt_u', a, b), select(is('add'), op('i64.lt_u', b, a), carried));
}
