// SPDX-License-Identifier: GPL-2.0-or-later
/** Shifts, rotates and single bits. */
import { BIT, kindCode, type Size } from '../flags.ts';
import { i32, i64, ifThen, op, select, set, type Expr } from '../ir.ts';
import type { Lift } from '../lift.ts';
import { registrar, type Table } from './registry.ts';

/** A shift count: known, or masked as the hardware does. */
type Count = { readonly known: number } | { readonly known: null; readonly n: Expr };

function count(c: Lift, i: number, size: Size): Count {
  const mask = size === 8 ? 63 : 31;
  const o = c.insn.ops[i];
  if (!o) return { known: 1 };
  if (o.k === 'imm') return { known: Number(o.value) & mask };
  return { known: null, n: c.hold(op('i64.and', c.reg(1, 8), i64(mask))) };
}

function amount(n: Count): Expr {
  return n.known === null ? n.n : i64(n.known);
}

function low(size: Size, value: Expr): Expr {
  return size === 8 ? value : op('i32.wrap_i64', value);
}

function bitAt(value: Expr, n: Expr): Expr {
  return op('i64.and', op('i64.shr_u', value, n), i64(1));
}

/** CF and OF (both i64 0 or 1) as the `c` operand of a `result` state. */
function carryOverflow(cf: Expr, of: Expr): Expr {
  return op('i64.or', cf, op('i64.shl', of, i64(11)));
}

/** Sets flags from a result unless the count is zero, which leaves them alone. */
function resultFlags(c: Lift, n: Count, size: Size, r: Expr, cf: Expr, of: Expr): void {
  if (n.known === 0) return;
  if (n.known !== null) {
    c.setFlags('result', size, c.wide(size, r), undefined, carryOverflow(cf, of));
    return;
  }
  if (c.flagsLive) {
    const v = c.vars.flags;
    c.storeFlags();
    c.emit(
      ifThen(op('i32.eqz', op('i64.eqz', n.n)), [
        set(v.kind, i32(kindCode('result', size))),
        set(v.a, c.wide(size, r)),
        set(v.c, carryOverflow(cf, of)),
      ]),
    );
  }
  c.flags = null;
}

function top(size: Size, wide: Expr): Expr {
  return bitAt(wide, i64(size * 8 - 1));
}

function shl(c: Lift): void {
  const size = c.size();
  const n = count(c, 1, size);
  const a = c.hold(c.wide(size, c.int(0)));
  const shifted = op('i64.shl', a, amount(n));
  const r = c.hold(c.mask(size, low(size, shifted)));
  c.setInt(0, r);
  const cf = c.flagsLive
    ? c.hold(
        size === 8
          ? bitAt(a, op('i64.and', op('i64.sub', i64(64), amount(n)), i64(63)))
          : bitAt(shifted, i64(size * 8)),
      )
    : i64(0);
  resultFlags(c, n, size, r, cf, op('i64.xor', cf, top(size, c.wide(size, r))));
}

function shr(c: Lift, arithmetic: boolean): void {
  const size = c.size();
  const n = count(c, 1, size);
  const value = c.int(0);
  const a = c.hold(arithmetic ? c.signExtend(size, value) : c.wide(size, value));
  const r = c.hold(
    c.mask(size, low(size, op(arithmetic ? 'i64.shr_s' : 'i64.shr_u', a, amount(n)))),
  );
  c.setInt(0, r);
  const last = op('i64.sub', amount(n), i64(1));
  const cf = bitAt(op(arithmetic ? 'i64.shr_s' : 'i64.shr_u', a, last), i64(0));
  const of = arithmetic ? i64(0) : top(size, a);
  resultFlags(c, n, size, r, cf, of);
}

/** Changes CF and OF unless the count is zero; the other flags stay. */
function rotateFlags(c: Lift, n: Count, cf: Expr, of: Expr): void {
  if (n.known === 0) return;
  if (!c.flagsLive) {
    c.flags = { kind: 'raw', size: 8 };
    return;
  }
  const before = c.hold(c.rawFlags());
  const kept = op('i32.and', before, i32(~(BIT.CF | BIT.OF)));
  const after = op('i32.or', kept, op('i32.wrap_i64', carryOverflow(cf, of)));
  c.setRawFlags(n.known === null ? select(op('i64.eqz', n.n), before, after) : after);
}

function rotate(c: Lift, left: boolean): void {
  const size = c.size();
  const bits = size * 8;
  const n = count(c, 1, size);
  const value = c.int(0);
  let r: Expr;
  if (size === 8) r = op(left ? 'i64.rotl' : 'i64.rotr', value, amount(n));
  else {
    // narrow values repeat to fill 32 bits, so that a 32-bit rotate does it
    const repeated =
      size === 4 ? value : op('i32.mul', value, i32(size === 2 ? 0x10001 : 0x01010101));
    r = c.mask(size, op(left ? 'i32.rotl' : 'i32.rotr', repeated, op('i32.wrap_i64', amount(n))));
  }
  const held = c.hold(r);
  c.setInt(0, held);
  const wide = c.wide(size, held);
  const msb = bitAt(wide, i64(bits - 1));
  const cf = left ? bitAt(wide, i64(0)) : msb;
  const of = left
    ? op('i64.xor', msb, bitAt(wide, i64(0)))
    : op('i64.xor', msb, bitAt(wide, i64(bits - 2)));
  rotateFlags(c, n, cf, of);
}

function rotateThroughCarry(c: Lift, left: boolean): void {
  const size = c.size();
  const bits = size * 8;
  const masked = count(c, 1, size);
  const old = c.hold(op('i64.extend_i32_u', c.cond('b')));
  const a = c.hold(c.wide(size, c.int(0)));
  const narrow = size < 4;
  const n = c.hold(narrow ? op('i64.rem_u', amount(masked), i64(bits + 1)) : amount(masked));
  let r: Expr;
  let cf: Expr;
  if (size < 8) {
    const x = c.hold(op('i64.or', a, op('i64.shl', old, i64(bits))));
    const other = op('i64.sub', i64(bits + 1), n);
    const y = left
      ? op('i64.or', op('i64.shl', x, n), op('i64.shr_u', x, other))
      : op('i64.or', op('i64.shr_u', x, n), op('i64.shl', x, other));
    const held = c.hold(y);
    r = low(size, op('i64.and', held, i64((1n << BigInt(bits)) - 1n)));
    cf = bitAt(held, i64(bits));
  } else {
    const back = op('i64.sub', i64(64), n);
    const inserted = left ? op('i64.shl', old, op('i64.sub', n, i64(1))) : op('i64.shl', old, back);
    const main = op(left ? 'i64.shl' : 'i64.shr_u', a, n);
    const wrapped = left
      ? op('i64.shr_u', op('i64.shr_u', a, i64(1)), back)
      : op('i64.shl', op('i64.shl', a, i64(1)), back);
    const zero = op('i64.eqz', n);
    r = select(zero, a, op('i64.or', op('i64.or', main, inserted), wrapped));
    const out = left ? bitAt(a, back) : bitAt(a, op('i64.sub', n, i64(1)));
    cf = select(zero, old, out);
  }
  const result = c.hold(r);
  const carry = c.hold(cf);
  c.setInt(0, result);
  const wide = c.wide(size, result);
  const of = left
    ? op('i64.xor', bitAt(wide, i64(bits - 1)), carry)
    : op('i64.xor', bitAt(wide, i64(bits - 1)), bitAt(wide, i64(bits - 2)));
  rotateFlags(c, masked, carry, of);
}

function doubleShift(c: Lift, left: boolean): void {
  const size = c.size();
  const bits = size * 8;
  const n = count(c, 2, size);
  const dst = c.hold(c.wide(size, c.int(0)));
  const src = c.hold(c.wide(size, c.int(1)));
  const by = amount(n);
  let r: Expr;
  if (size === 8) {
    const back = op('i64.sub', i64(64), by);
    const joined = left
      ? op('i64.or', op('i64.shl', dst, by), op('i64.shr_u', src, back))
      : op('i64.or', op('i64.shr_u', dst, by), op('i64.shl', src, back));
    r = select(op('i64.eqz', by), dst, joined);
  } else {
    const high = left ? dst : src;
    const lower = left ? src : dst;
    const x = op('i64.or', op('i64.shl', high, i64(bits)), lower);
    r = left ? op('i64.shr_u', op('i64.shl', x, by), i64(bits)) : op('i64.shr_u', x, by);
    r = op('i64.and', r, i64((1n << BigInt(bits)) - 1n));
  }
  const result = c.hold(low(size, r));
  c.setInt(0, result);
  const out = left
    ? bitAt(dst, op('i64.sub', i64(bits), by))
    : bitAt(dst, op('i64.sub', by, i64(1)));
  const of = op('i64.xor', top(size, dst), top(size, c.wide(size, result)));
  resultFlags(c, n, size, result, out, of);
}

/** bt, bts, btr, btc on a register, or on memory with a constant bit number. */
function bit(c: Lift, change: 'none' | 'set' | 'clear' | 'flip'): void {
  const size = c.size();
  const index = c.operand(1);
  const n = c.hold(
    index.k === 'imm'
      ? i64(Number(index.value) & (size * 8 - 1))
      : op('i64.and', c.wide(size, c.int(1)), i64(size * 8 - 1)),
  );
  const a = c.hold(c.wide(size, c.int(0)));
  const one = op('i64.shl', i64(1), n);
  const cf = c.hold(bitAt(a, n));
  if (change === 'set') c.setInt(0, low(size, op('i64.or', a, one)));
  else if (change === 'clear') {
    c.setInt(0, low(size, op('i64.and', a, op('i64.xor', one, i64(-1)))));
  } else if (change === 'flip') c.setInt(0, low(size, op('i64.xor', a, one)));
  const kept = op('i32.and', c.flagsLive ? c.rawFlags() : i32(0), i32(~BIT.CF));
  c.setRawFlags(op('i32.or', kept, op('i32.wrap_i64', cf)));
}

function scan(c: Lift, forward: boolean): void {
  const size = c.size();
  const a = c.hold(c.wide(size, c.int(1, size)));
  const found = forward ? op('i64.ctz', a) : op('i64.sub', i64(63), op('i64.clz', a));
  const target = c.operand(0);
  if (target.k !== 'gpr') throw new Error('a bit scan writes a register');
  const before = c.hold(c.reg(target.reg, 8));
  c.setInt(0, low(size, found));
  // no bit: the destination keeps all its 64 bits
  c.set(c.gprVar(target.reg), select(op('i64.eqz', a), before, c.reg(target.reg, 8)));
  c.setFlags('logic', size, a);
}

function countZeros(c: Lift, trailing: boolean): void {
  const size = c.size();
  const bits = size * 8;
  const a = c.hold(c.wide(size, c.int(1, size)));
  const n = trailing
    ? op('i64.ctz', size === 8 ? a : op('i64.or', a, i64(1n << BigInt(bits))))
    : op('i64.sub', op('i64.clz', a), i64(64 - bits));
  const r = c.hold(n);
  c.setInt(0, low(size, r));
  c.setRawFlags(op('i32.or', op('i64.eqz', a), op('i32.shl', op('i64.eqz', r), i32(6))));
}

function notBitString(insn: { ops: readonly { k: string }[] }): boolean {
  return insn.ops[0]?.k !== 'mem' || insn.ops[1]?.k === 'imm';
}

export function registerShift(table: Table): void {
  const on = registrar(table, 'shifts and bits');
  const strings = { accepts: notBitString, except: 'bit strings (memory with a register index)' };
  on('Shl Sal', shl);
  on('Shr', (c) => shr(c, false));
  on('Sar', (c) => shr(c, true));
  on('Rol', (c) => rotate(c, true));
  on('Ror', (c) => rotate(c, false));
  on('Rcl', (c) => rotateThroughCarry(c, true));
  on('Rcr', (c) => rotateThroughCarry(c, false));
  on('Shld', (c) => doubleShift(c, true));
  on('Shrd', (c) => doubleShift(c, false));
  on('Bt', (c) => bit(c, 'none'), strings);
  on('Bts', (c) => bit(c, 'set'), strings);
  on('Btr', (c) => bit(c, 'clear'), strings);
  on('Btc', (c) => bit(c, 'flip'), strings);
  on('Bsf', (c) => scan(c, true));
  on('Bsr', (c) => scan(c, false));
  on('Tzcnt', (c) => countZeros(c, true));
  on('Lzcnt', (c) => countZeros(c, false));
  on('Popcnt', (c) => {
    const size = c.size();
    const a = c.hold(c.wide(size, c.int(1, size)));
    c.setInt(0, low(size, op('i64.popcnt', a)));
    c.setRawFlags(op('i32.shl', op('i64.eqz', a), i32(6)));
  });
}
