// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Lazy flags. An instruction that sets flags records what it did (kind, size, operands); the flags
 * themselves are computed only where they are read. When the writer is known at translation time a
 * condition becomes one comparison of its operands.
 */
import { get, i32, i64, op, select, set, type Expr, type Stmt, type Var } from './ir.ts';
import { highProduct } from './wide-product.ts';

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

/** What a state known at translation time may say in addition, until it is put into variables. */
export type FlagKind = keyof typeof KIND | 'imul';
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

/** The value of the kind variable. */
export function kindCode(kind: keyof typeof KIND, size: Size): number {
  return KIND[kind] * 4 + LOG[size];
}

interface Settled extends FlagState {
  readonly kind: keyof typeof KIND;
}

function isSettled(state: FlagState): state is Settled {
  return state.kind !== 'imul';
}

/** A known state as one of the kinds that the variables can say. */
export function settled(state: FlagState, v: FlagVars): Settled {
  return isSettled(state) ? state : product(state.size, operands(state, v));
}

/** Flags of the product of two signed numbers: CF and OF when it does not fit. */
function product(size: Size, { a, b }: { readonly a: Expr; readonly b: Expr }): Settled {
  const whole = op('i64.mul', a, b);
  const r = maskTo(whole, size);
  const lost = size === 8 ? lostOf64(a, b, whole) : op('i64.ne', whole, signed(r, size));
  const both = i64(BIT.CF | BIT.OF);
  return { kind: 'result', size, a: r, c: select(lost, both, i64(0)) };
}

/** Whether a × b is more than its lower 64 bits say. */
function lostOf64(a: Expr, b: Expr, whole: Expr): Expr {
  const high = highProduct(a, b, true, (e) => e);
  return op('i64.ne', high, op('i64.shr_s', whole, i64(63)));
}

/** Operands that a kind has; the variables of the others do not matter. */
const OPERANDS: Readonly<Record<FlagKind, string>> = {
  raw: 'a', sub: 'ab', add: 'ab', logic: 'a', inc: 'ac', dec: 'ac', adc: 'abc', sbb: 'abc',
  result: 'ac', imul: 'ab',
}; // prettier-ignore

/**
 * Puts a known state into the variables altogether. Those without meaning are cleared, so that the
 * host need not keep what was in them.
 */
export function stored(state: FlagState, v: FlagVars): Stmt[] {
  const known = settled(state, v);
  const has = OPERANDS[known.kind];
  const stmts = [set(v.kind, i32(kindCode(known.kind, known.size)))];
  // the others are not read any more once a has changed
  for (const x of STORED) {
    const e = has.includes(x) ? known[x] : i64(0);
    if (e) stmts.push(set(v[x], e));
  }
  return stmts;
}

const STORED = ['c', 'b', 'a'] as const;

export const BIT = { CF: 1, PF: 4, AF: 16, ZF: 64, SF: 128, OF: 2048 } as const;
export const STATUS_MASK = 0x8d5;

export type Condition =
  | 'o' | 'no' | 'b' | 'ae' | 'e' | 'ne' | 'be' | 'a'
  | 's' | 'ns' | 'p' | 'np' | 'l' | 'ge' | 'le' | 'g'; // prettier-ignore

const NEGATED: Readonly<Partial<Record<Condition, Condition>>> = {
  no: 'o', ae: 'b', ne: 'e', a: 'be', ns: 's', np: 'p', ge: 'l', g: 'le',
}; // prettier-ignore

export const TOP: Readonly<Record<Size, bigint>> = {
  1: 0x80n,
  2: 0x8000n,
  4: 0x8000_0000n,
  8: 1n << 63n,
};
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

export function negative(value: Expr, size: Size): Expr {
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
    case 'imul':
      return condition(product(size, { a, b }), cond, v);
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
