// SPDX-License-Identifier: GPL-2.0-or-later
/** String instructions, alone and repeated. */
import { COMPARE, COPY_BACKWARD, COPY_FORWARD, FILL, REFILL, SCAN } from '../callees.ts';
import type { Insn } from '../decode.ts';
import { EXIT } from '../exits.ts';
import { kindCode, type Size } from '../flags.ts';
import { call, callStmt, doOp, get, i32, i64, ifThen, op, opImm, select, set } from '../ir.ts';
import type { Expr, Stmt, Var } from '../ir.ts';
import type { Lift } from '../lift.ts';
import { HOME } from '../scratch.ts';
import { registrar, type Limits, type Table } from './registry.ts';

const RAX = 0;
const RCX = 1;
const RSI = 6;
const RDI = 7;
const READ = 1;
const WRITE = 2;
/**
 * Work of a repeated instruction that is done in one piece: a few milliseconds. Between two pieces a
 * pause is answered.
 */
const PIECE_BYTES = 2 * 2 ** 20;
const PIECE_ELEMENTS = 2 ** 18;

const SIZES: Readonly<Record<string, Size>> = { b: 1, w: 2, d: 4, q: 8 };

function elementSize(name: string): Size {
  return SIZES[name.at(-1) ?? 'b'] ?? 1;
}

/** Size of one step, negative when DF is set; an i64. */
function stepOf(c: Lift, size: Size): Expr {
  const df = op('i32.and', opImm('i32.load', [0], i32(HOME.rflags)), i32(0x400));
  return c.hold(select(df, i64(-size), i64(size)));
}

function narrow(v: Var): Expr {
  return op('i32.wrap_i64', get(v));
}

function loadElement(size: Size, addr: Expr): Expr {
  const name = { 1: 'i32.load8_u', 2: 'i32.load16_u', 4: 'i32.load', 8: 'i64.load' }[size];
  return opImm(name, [0], addr);
}

function storeElement(c: Lift, size: Size, addr: Expr, value: Expr): void {
  c.storeInt(size, value, { addr, offset: 0 });
}

function advance(c: Lift, v: Var, by: Expr): void {
  c.set(v, op('i64.add', get(v), by));
}

function check(c: Lift, v: Var, size: Size, need: number): void {
  c.checkRange(`w${v.name}.${need}.${size}`, get(v), size, need);
}

// ---- one element ----

function once(c: Lift, kind: string, size: Size): void {
  const rsi = c.gprVar(RSI);
  const rdi = c.gprVar(RDI);
  const step = stepOf(c, size);
  const source = kind === 'Movs' || kind === 'Lods' || kind === 'Cmps';
  const target = kind !== 'Lods';
  if (source) check(c, rsi, size, READ);
  if (target) check(c, rdi, size, kind === 'Movs' || kind === 'Stos' ? WRITE : READ);
  switch (kind) {
    case 'Movs':
      storeElement(c, size, narrow(rdi), loadElement(size, narrow(rsi)));
      break;
    case 'Stos':
      storeElement(c, size, narrow(rdi), c.reg(RAX, size));
      break;
    case 'Lods':
      c.setReg(RAX, size, loadElement(size, narrow(rsi)));
      break;
    default: {
      const a = kind === 'Cmps' ? loadElement(size, narrow(rsi)) : c.reg(RAX, size);
      c.setFlags('sub', size, c.wide(size, a), c.wide(size, loadElement(size, narrow(rdi))));
    }
  }
  if (source) advance(c, rsi, step);
  if (target) advance(c, rdi, step);
}

// ---- rep movs, rep stos ----

/** Lowest address that `count` elements from `v` on touch. */
function lowest(v: Expr, bytes: Expr, size: Size, step: Expr): Expr {
  const back = op('i64.sub', op('i64.add', v, i64(size)), bytes);
  return select(op('i64.lt_s', step, i64(0)), back, v);
}

function repeatMove(c: Lift, size: Size, fill: boolean): void {
  const rsi = c.gprVar(RSI);
  const rdi = c.gprVar(RDI);
  const rcx = c.gprVar(RCX);
  const step = stepOf(c, size);
  const body = c.within(() => {
    const count = smaller(c, get(rcx), i64(PIECE_BYTES / size));
    const bytes = c.hold(op('i64.mul', count, i64(size)));
    const span = op('i32.wrap_i64', bytes);
    const allow = (v: Var, need: number): void => {
      const from = c.hold(lowest(get(v), bytes, size, step));
      c.watchRange(from, bytes, need);
      c.emit(ifThen(op('i32.eqz', call(REFILL, from, span, i32(0), i32(need))), [c.giveUp()]));
    };
    allow(rdi, WRITE);
    if (!fill) allow(rsi, READ);
    const backward = op('i64.lt_s', step, i64(0));
    const n = op('i32.wrap_i64', count);
    if (fill) {
      const value = op('i64.extend_i32_u', c.reg(RAX, 4));
      const slow = callStmt(
        FILL,
        narrow(rdi),
        size === 8 ? c.reg(RAX, 8) : value,
        n,
        i32(size),
        op('i32.wrap_i64', step),
      );
      const fast = doOp('memory.fill', narrow(rdi), c.reg(RAX, 4), span);
      c.emit(size === 1 ? ifThen(backward, [slow], [fast]) : slow);
    } else {
      const apart = op('i64.ge_u', op('i64.sub', get(rdi), get(rsi)), bytes);
      const args = [narrow(rdi), narrow(rsi), span, i32(size)] as const;
      const forward = ifThen(
        apart,
        [doOp('memory.copy', narrow(rdi), narrow(rsi), span)],
        [callStmt(COPY_FORWARD, ...args)],
      );
      c.emit(ifThen(backward, [callStmt(COPY_BACKWARD, ...args)], [forward]));
    }
    const moved = c.hold(op('i64.mul', count, step));
    advance(c, rdi, moved);
    if (!fill) advance(c, rsi, moved);
    c.set(rcx, op('i64.sub', get(rcx), count));
    c.emit(ifThen(op('i32.eqz', op('i64.eqz', get(rcx))), [c.exitBefore(EXIT.piece)]));
  });
  c.emit(ifThen(op('i32.eqz', op('i64.eqz', get(rcx))), body));
}

// ---- rep(n)e scas, cmps ----

/**
 * How many elements from `v` on lie in its window: at least the one that has just been checked.
 * Going down, one at a time.
 */
function available(c: Lift, v: Var, size: Size, step: Expr): Expr {
  const w = c.vars.window(`w${v.name}.${READ}.${size}`, size, READ);
  const ahead = op('i64.sub', get(w.length), op('i64.sub', get(v), get(w.start)));
  const inside = op(
    'i32.and',
    op('i64.lt_u', op('i64.sub', get(v), get(w.start)), get(w.length)),
    op('i64.gt_s', step, i64(0)),
  );
  const whole = op('i64.add', op('i64.div_u', op('i64.sub', ahead, i64(1)), i64(size)), i64(1));
  return c.hold(select(inside, whole, i64(1)));
}

function smaller(c: Lift, a: Expr, b: Expr): Expr {
  return c.hold(select(op('i64.lt_u', a, b), a, b));
}

function repeatSearch(c: Lift, size: Size, compare: boolean): void {
  const rsi = c.gprVar(RSI);
  const rdi = c.gprVar(RDI);
  const rcx = c.gprVar(RCX);
  const step = stepOf(c, size);
  const flags = c.vars.flags;
  const stopWhenEqual = c.insn.rep === 'repne';
  const body = c.within(() => {
    check(c, rdi, size, READ);
    let n = smaller(c, get(rcx), available(c, rdi, size, step));
    if (compare) {
      check(c, rsi, size, READ);
      n = smaller(c, n, available(c, rsi, size, step));
    }
    n = smaller(c, n, i64(PIECE_ELEMENTS));
    const bytes = c.hold(op('i64.mul', n, i64(size)));
    for (const v of compare ? [rdi, rsi] : [rdi]) {
      c.watchRange(lowest(get(v), bytes, size, step), bytes, READ);
    }
    const args = [
      op('i32.wrap_i64', n),
      i32(size),
      op('i32.wrap_i64', step),
      i32(stopWhenEqual ? 1 : 0),
    ] as const;
    const wanted = size === 8 ? c.reg(RAX, 8) : op('i64.extend_i32_u', c.reg(RAX, size));
    const looked = compare
      ? call(COMPARE, narrow(rsi), narrow(rdi), ...args)
      : call(SCAN, narrow(rdi), wanted, ...args);
    const k = c.hold(op('i64.extend_i32_u', looked));
    const moved = c.hold(op('i64.mul', k, step));
    advance(c, rdi, moved);
    if (compare) advance(c, rsi, moved);
    c.set(rcx, op('i64.sub', get(rcx), k));
    const last = (v: Var): Expr =>
      c.wide(size, loadElement(size, op('i32.wrap_i64', op('i64.sub', get(v), step))));
    const a = compare ? c.hold(last(rsi)) : c.hold(c.wide(size, c.reg(RAX, size)));
    const b = c.hold(last(rdi));
    // the window or the piece ended before the search did: the instruction goes on where it stands
    const ended = op('i64.eq', a, b);
    const goOn = stopWhenEqual ? op('i32.eqz', ended) : ended;
    const whole = op('i64.eq', n, i64(PIECE_ELEMENTS));
    const unfinished: Stmt[] = [ifThen(whole, [c.exitBefore(EXIT.piece)]), c.exitBefore(EXIT.next)];
    c.emit(ifThen(op('i32.and', goOn, op('i32.eqz', op('i64.eqz', get(rcx)))), unfinished));
    // only a finished search shows in the flags, as on silicon when it faults on its way
    c.emit(set(flags.kind, i32(kindCode('sub', size))), set(flags.a, a), set(flags.b, b));
  });
  c.emit(ifThen(op('i32.eqz', op('i64.eqz', get(rcx))), body));
  c.flags = null;
}

function plain(insn: Insn): boolean {
  return insn.ops.every((o) => o.k !== 'mem' || (o.seg === null && !o.addr32));
}

export function registerString(table: Table): void {
  const on = registrar(table, 'strings');
  const limits: Limits = { accepts: plain, except: 'fs/gs and 32-bit addresses' };
  for (const s of ['b', 'w', 'd', 'q']) {
    on(
      `Movs${s}`,
      (c, n) =>
        c.insn.rep === 'none'
          ? once(c, 'Movs', elementSize(n))
          : repeatMove(c, elementSize(n), false),
      limits,
    );
    on(
      `Stos${s}`,
      (c, n) =>
        c.insn.rep === 'none'
          ? once(c, 'Stos', elementSize(n))
          : repeatMove(c, elementSize(n), true),
      limits,
    );
    on(`Lods${s}`, (c, n) => once(c, 'Lods', elementSize(n)), {
      accepts: (insn) => plain(insn) && insn.rep === 'none',
      except: 'repeated',
    });
    on(
      `Scas${s}`,
      (c, n) =>
        c.insn.rep === 'none'
          ? once(c, 'Scas', elementSize(n))
          : repeatSearch(c, elementSize(n), false),
      limits,
    );
    on(
      `Cmps${s}`,
      (c, n) =>
        c.insn.rep === 'none'
          ? once(c, 'Cmps', elementSize(n))
          : repeatSearch(c, elementSize(n), true),
      limits,
    );
  }
}
