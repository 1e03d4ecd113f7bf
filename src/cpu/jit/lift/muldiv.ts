// SPDX-License-Identifier: GPL-2.0-or-later
/** Multiplication and division. */
import { DIV128, IDIV128 } from '../callees.ts';
import { EXIT } from '../exits.ts';
import { BIT, type Size } from '../flags.ts';
import { call, i32, i64, ifThen, op, opImm, select, type Expr } from '../ir.ts';
import type { Lift } from '../lift.ts';
import { SCRATCH } from '../scratch.ts';
import { highProduct } from '../wide-product.ts';
import { registrar, type Table } from './registry.ts';

const RAX = 0;
const RDX = 2;

/** CF = OF = `overflow`; the others are undefined and come from the result. */
function productFlags(c: Lift, size: Size, result: Expr, overflow: Expr): void {
  const both = i64(BIT.CF | BIT.OF);
  c.setFlags('result', size, c.wide(size, result), undefined, select(overflow, both, i64(0)));
}

function imul(c: Lift): void {
  const size = c.size();
  const n = c.insn.ops.length;
  if (n === 1) return wideProduct(c, true);
  const [x, y] = [c.int(n - 2, size), c.int(n - 1, size)];
  if (!c.flagsLive) {
    c.flags = { kind: 'imul', size };
    return c.setInt(0, c.mask(size, c.n(size, 'mul', x, y)));
  }
  const a = c.keep(c.signExtend(size, x));
  const b = c.keep(c.signExtend(size, y));
  const p = op('i64.mul', a, b);
  c.setInt(0, size === 8 ? p : c.mask(size, op('i32.wrap_i64', p)));
  c.setFlags('imul', size, a, b);
}

/** rdx:rax = rax × operand (ax for bytes). */
function wideProduct(c: Lift, signed: boolean): void {
  const size = c.size();
  if (size === 8) {
    const a = c.hold(c.reg(RAX, 8));
    const b = c.hold(c.int(0));
    const r = c.hold(op('i64.mul', a, b));
    const high = c.hold(highProduct(a, b, signed, (e) => c.hold(e)));
    c.setReg(RAX, 8, r);
    c.setReg(RDX, 8, high);
    const plain = signed ? op('i64.shr_s', r, i64(63)) : i64(0);
    productFlags(c, 8, r, op('i64.ne', high, plain));
    return;
  }
  const widen = (e: Expr): Expr => (signed ? c.signExtend(size, e) : c.wide(size, e));
  const p = c.hold(op('i64.mul', widen(c.reg(RAX, size)), widen(c.int(0))));
  const r = c.hold(c.mask(size, op('i32.wrap_i64', p)));
  if (size === 1) c.setReg(RAX, 2, op('i32.wrap_i64', p));
  else {
    c.setReg(RAX, size, r);
    c.setReg(RDX, size, op('i32.wrap_i64', op('i64.shr_u', p, i64(size * 8))));
  }
  const back = signed ? c.signExtend(size, r) : c.wide(size, r);
  productFlags(c, size, r, op('i64.ne', p, back));
}

function refuse(c: Lift, when: Expr): void {
  c.emit(ifThen(when, [c.exitBefore(EXIT.divide)]));
}

/** Division of rdx:rax (ax for bytes) by a divisor of 1, 2 or 4 bytes. */
function divideNarrow(c: Lift, size: 1 | 2 | 4, signed: boolean): void {
  const bits = size * 8;
  const divisor = c.hold(signed ? c.signExtend(size, c.int(0)) : c.wide(size, c.int(0)));
  refuse(c, op('i64.eqz', divisor));
  let dividend: Expr;
  if (size === 1) dividend = c.wide(2, c.reg(RAX, 2));
  else {
    const high = op('i64.shl', c.wide(size, c.reg(RDX, size)), i64(bits));
    dividend = op('i64.or', high, c.wide(size, c.reg(RAX, size)));
  }
  if (signed && size === 1) dividend = op('i64.extend16_s', dividend);
  if (signed && size === 2) dividend = op('i64.extend32_s', dividend);
  const n = c.hold(dividend);
  if (signed && size === 4) {
    const least = op('i64.eq', n, i64(-(1n << 63n)));
    refuse(c, op('i32.and', least, op('i64.eq', divisor, i64(-1))));
  }
  const q = c.hold(op(signed ? 'i64.div_s' : 'i64.div_u', n, divisor));
  const back = signed
    ? c.signExtend(size, op('i32.wrap_i64', q))
    : op('i64.and', q, i64((1n << BigInt(bits)) - 1n));
  refuse(c, op('i64.ne', q, back));
  const r = c.hold(op('i32.wrap_i64', op('i64.sub', n, op('i64.mul', q, divisor))));
  const quotient = op('i32.wrap_i64', q);
  if (size === 1) {
    const joined = op('i32.or', op('i32.and', quotient, i32(0xff)), op('i32.shl', r, i32(8)));
    c.setReg(RAX, 2, joined);
  } else {
    c.setReg(RAX, size, quotient);
    c.setReg(RDX, size, r);
  }
}

/** Division of rdx:rax by 8 bytes; one machine division when rdx only extends rax. */
function divideWide(c: Lift, signed: boolean): void {
  const divisor = c.hold(c.int(0));
  refuse(c, op('i64.eqz', divisor));
  const rax = c.hold(c.reg(RAX, 8));
  const rdx = c.hold(c.reg(RDX, 8));
  const simple = signed
    ? op(
        'i32.and',
        op('i64.eq', rdx, op('i64.shr_s', rax, i64(63))),
        op('i64.ne', divisor, i64(-1)),
      )
    : op('i64.eqz', rdx);
  const short = c.within(() => {
    c.setReg(RAX, 8, op(signed ? 'i64.div_s' : 'i64.div_u', rax, divisor));
    c.setReg(RDX, 8, op('i64.sub', rax, op('i64.mul', c.reg(RAX, 8), divisor)));
  });
  const long = c.within(() => {
    refuse(c, op('i32.eqz', call(signed ? IDIV128 : DIV128, rdx, rax, divisor)));
    c.setReg(RAX, 8, opImm('i64.load', [0], i32(SCRATCH.wide)));
    c.setReg(RDX, 8, opImm('i64.load', [8], i32(SCRATCH.wide)));
  });
  c.emit(ifThen(simple, short, long));
}

function divide(c: Lift, signed: boolean): void {
  const size = c.size();
  if (size === 8) divideWide(c, signed);
  else divideNarrow(c, size, signed);
}

export function registerMulDiv(table: Table): void {
  const on = registrar(table, 'multiplication and division');
  on('Imul', imul);
  on('Mul', (c) => wideProduct(c, false));
  on('Div', (c) => divide(c, false));
  on('Idiv', (c) => divide(c, true));
}
