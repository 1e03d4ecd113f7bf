// SPDX-License-Identifier: GPL-2.0-or-later
/** Moves, arithmetic and logic of general registers. */
import type { Condition, Size } from '../flags.ts';
import { i32, i64, op, select, type Expr } from '../ir.ts';
import type { Lift } from '../lift.ts';
import { CONDITION_NAMES, registrar, type Table } from './registry.ts';

function sameRegister(c: Lift): boolean {
  const [a, b] = c.insn.ops;
  return (
    a?.k === 'gpr' && b?.k === 'gpr' && a.reg === b.reg && a.size === b.size && a.high === b.high
  );
}

function add(c: Lift): void {
  const size = c.size();
  const a = c.hold(c.int(0));
  const r = c.hold(c.mask(size, c.n(size, 'add', a, c.int(1, size))));
  c.setInt(0, r);
  c.setFlags('add', size, c.wide(size, a), c.result(size, r));
}

function sub(c: Lift, keep: boolean): void {
  const size = c.size();
  const a = keep ? c.hold(c.int(0)) : c.int(0);
  const b = keep ? c.hold(c.int(1, size)) : c.int(1, size);
  if (keep) c.setInt(0, c.mask(size, c.n(size, 'sub', a, b)));
  c.setFlags('sub', size, c.wide(size, a), c.wide(size, b));
}

function logic(c: Lift, name: 'and' | 'or' | 'xor', keep: boolean): void {
  const size = c.size();
  const same = sameRegister(c);
  const value =
    same && name === 'xor'
      ? c.constant(size, 0)
      : same
        ? c.int(0)
        : c.n(size, name, c.int(0), c.int(1, size));
  const r = keep ? c.hold(value) : value;
  if (keep) c.setInt(0, r);
  c.setFlags('logic', size, keep ? c.result(size, r) : c.wide(size, r));
}

function carry(c: Lift, size: Size): { flag: Expr; natural: Expr } {
  const flag = c.hold(c.cond('b'));
  return { flag, natural: size === 8 ? op('i64.extend_i32_u', flag) : flag };
}

function adc(c: Lift): void {
  const size = c.size();
  const { flag, natural } = carry(c, size);
  const a = c.hold(c.int(0));
  const sum = c.n(size, 'add', c.n(size, 'add', a, c.int(1, size)), natural);
  const r = c.hold(c.mask(size, sum));
  c.setInt(0, r);
  c.setFlags('adc', size, c.wide(size, a), c.result(size, r), op('i64.extend_i32_u', flag));
}

function sbb(c: Lift): void {
  const size = c.size();
  const { flag, natural } = carry(c, size);
  const a = c.hold(c.int(0));
  const b = c.hold(c.int(1, size));
  c.setInt(0, c.mask(size, c.n(size, 'sub', c.n(size, 'sub', a, b), natural)));
  c.setFlags('sbb', size, c.wide(size, a), c.wide(size, b), op('i64.extend_i32_u', flag));
}

function step(c: Lift, name: 'inc' | 'dec'): void {
  const size = c.size();
  const cf = c.flagsLive ? c.carryKept() : undefined;
  const one = c.constant(size, 1);
  const r = c.hold(c.mask(size, c.n(size, name === 'inc' ? 'add' : 'sub', c.int(0), one)));
  c.setInt(0, r);
  c.setFlags(name, size, c.result(size, r), undefined, cf);
}

function extend(c: Lift, signed: boolean): void {
  const to = c.size(0);
  const from = c.size(1);
  const value = c.int(1, from);
  if (!signed) {
    c.setInt(0, to === 8 ? op('i64.extend_i32_u', value) : value);
    return;
  }
  const wide = c.signExtend(from, value);
  c.setInt(0, to === 8 ? wide : op('i32.wrap_i64', wide));
}

function exchange(c: Lift): void {
  const size = c.size();
  const a = c.hold(c.int(0));
  const b = c.hold(c.int(1, size));
  c.setInt(0, b);
  c.setInt(1, a);
}

function xadd(c: Lift): void {
  const size = c.size();
  const a = c.hold(c.int(0));
  const r = c.hold(c.mask(size, c.n(size, 'add', a, c.int(1, size))));
  c.setInt(1, a);
  c.setInt(0, r);
  c.setFlags('add', size, c.wide(size, a), c.wide(size, r));
}

function cmpxchg(c: Lift): void {
  const size = c.size();
  const acc = c.hold(c.reg(0, size));
  const dst = c.hold(c.int(0));
  const src = c.hold(c.int(1, size));
  const equal = c.hold(c.n(size, 'eq', acc, dst));
  const before = c.hold(c.reg(0, 8));
  c.setReg(0, size, dst);
  // equal: the accumulator keeps even its upper half
  c.set(c.gprVar(0), select(equal, before, c.reg(0, 8)));
  const target = c.operand(0);
  if (target.k === 'gpr') {
    const old = c.hold(c.reg(target.reg, 8));
    c.setInt(0, src);
    c.set(c.gprVar(target.reg), select(equal, c.reg(target.reg, 8), old));
  } else {
    c.setInt(0, select(equal, src, dst));
  }
  c.setFlags('sub', size, c.wide(size, acc), c.wide(size, dst));
}

/** cmpxchg8b and cmpxchg16b: only ZF changes. */
function cmpxchgPair(c: Lift, half: 4 | 8): void {
  const place = c.place();
  const upper = { addr: place.addr, offset: place.offset + half };
  const lo = c.hold(c.loadInt(half, place));
  const hi = c.hold(c.loadInt(half, upper));
  const raw = c.hold(c.rawFlags());
  const equal = c.hold(
    op('i32.and', c.n(half, 'eq', lo, c.reg(0, half)), c.n(half, 'eq', hi, c.reg(2, half))),
  );
  c.storeInt(half, select(equal, c.reg(3, half), lo), place);
  c.storeInt(half, select(equal, c.reg(1, half), hi), upper);
  const old0 = c.hold(c.reg(0, 8));
  const old2 = c.hold(c.reg(2, 8));
  c.setReg(0, half, lo);
  c.setReg(2, half, hi);
  c.set(c.gprVar(0), select(equal, old0, c.reg(0, 8)));
  c.set(c.gprVar(2), select(equal, old2, c.reg(2, 8)));
  c.setRawFlags(op('i32.or', op('i32.and', raw, i32(~0x40)), op('i32.shl', equal, i32(6))));
}

/** Byte order of a natural value of `size` bytes reversed. */
function swapped(c: Lift, size: Size, value: Expr): Expr {
  if (size === 2) {
    const v = c.hold(value);
    return op(
      'i32.or',
      op('i32.shl', op('i32.and', v, i32(0xff)), i32(8)),
      op('i32.shr_u', v, i32(8)),
    );
  }
  if (size === 4) {
    const v = c.hold(value);
    const even = op('i32.rotr', op('i32.and', v, i32(0x00ff00ff)), i32(8));
    const odd = op('i32.rotl', op('i32.and', v, i32(0xff00ff00 | 0)), i32(8));
    return op('i32.or', even, odd);
  }
  const v = c.hold(value);
  const m8 = i64(0x00ff00ff00ff00ffn);
  const a = c.hold(
    op(
      'i64.or',
      op('i64.shl', op('i64.and', v, m8), i64(8)),
      op('i64.and', op('i64.shr_u', v, i64(8)), m8),
    ),
  );
  const m16 = i64(0x0000ffff0000ffffn);
  const b = c.hold(
    op(
      'i64.or',
      op('i64.shl', op('i64.and', a, m16), i64(16)),
      op('i64.and', op('i64.shr_u', a, i64(16)), m16),
    ),
  );
  return op('i64.rotl', b, i64(32));
}

function cmov(c: Lift, cc: Condition): void {
  const size = c.size();
  const value = c.hold(c.int(1, size));
  c.setInt(0, select(c.cond(cc), value, c.int(0)));
}

/** cbw cwde cdqe (rax from its lower half), cwd cdq cqo (rdx from rax's sign). */
function widen(c: Lift, from: Size): void {
  const to = (from * 2) as Size;
  const wide = c.signExtend(from, c.reg(0, from));
  c.setReg(0, to, to === 8 ? wide : op('i32.wrap_i64', wide));
}

function signToRdx(c: Lift, size: Size): void {
  const sign = op('i64.shr_s', c.signExtend(size, c.reg(0, size)), i64(63));
  c.setReg(2, size, size === 8 ? sign : op('i32.wrap_i64', sign));
}

export function registerInteger(table: Table): void {
  const on = registrar(table, 'integer');
  on('Mov', (c) => c.setInt(0, c.int(1, c.size(0))));
  on('Movzx', (c) => extend(c, false));
  on('Movsx Movsxd', (c) => extend(c, true));
  on('Movbe', (c) => c.setInt(0, swapped(c, c.size(0), c.int(1, c.size(0)))));
  on('Bswap', (c) => c.setInt(0, swapped(c, c.size(), c.int(0))), {
    accepts: (insn) => insn.ops[0]?.k === 'gpr' && insn.ops[0].size >= 4,
    except: '16-bit operands (undefined on silicon)',
  });
  on('Lea', (c) => {
    const m = c.operand(1);
    if (m.k !== 'mem') throw new Error('lea without a memory operand');
    const address = c.address({ ...m, seg: null });
    c.setInt(0, c.size() === 8 ? address : op('i32.wrap_i64', address));
  });
  on('Add', add);
  on('Adc', adc);
  on('Sub', (c) => sub(c, true));
  on('Sbb', sbb);
  on('Cmp', (c) => sub(c, false));
  on('And', (c) => logic(c, 'and', true));
  on('Or', (c) => logic(c, 'or', true));
  on('Xor', (c) => logic(c, 'xor', true));
  on('Test', (c) => logic(c, 'and', false));
  on('Inc', (c) => step(c, 'inc'));
  on('Dec', (c) => step(c, 'dec'));
  on('Neg', (c) => {
    const size = c.size();
    const a = c.hold(c.int(0));
    c.setInt(0, c.mask(size, c.n(size, 'sub', c.constant(size, 0), a)));
    c.setFlags('sub', size, i64(0), c.wide(size, a));
  });
  on('Not', (c) => {
    const size = c.size();
    c.setInt(0, c.n(size, 'xor', c.int(0), c.constant(size, -1)));
  });
  on('Xchg', exchange);
  on('Xadd', xadd);
  on('Cmpxchg', cmpxchg);
  on('Cmpxchg8b', (c) => cmpxchgPair(c, 4));
  on('Cmpxchg16b', (c) => cmpxchgPair(c, 8));
  on('Cbw', (c) => widen(c, 1));
  on('Cwde', (c) => widen(c, 2));
  on('Cdqe', (c) => widen(c, 4));
  on('Cwd', (c) => signToRdx(c, 2));
  on('Cdq', (c) => signToRdx(c, 4));
  on('Cqo', (c) => signToRdx(c, 8));
  for (const cc of CONDITION_NAMES) {
    on(`Cmov${cc}`, (c) => cmov(c, cc as Condition));
    on(`Set${cc}`, (c) => c.setInt(0, c.cond(cc as Condition)));
  }
}
