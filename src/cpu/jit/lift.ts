// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The workbench on which one block's instructions become statements: reading and writing operands,
 * flags, memory with its checks, and leaving the region. The instruction families in `lift/` use it.
 */
import type { Access, Group, Placed } from './access.ts';
import type { Counters } from './counters.ts';
import { FLAGS, REFILL, TRACE } from './callees.ts';
import type { Insn, MemOperand, Operand } from './decode.ts';
import { EXIT, stepExit, watchExit, windowExit } from './exits.ts';
import {
  condition,
  operands,
  stored,
  KIND,
  kindCode,
  settled,
  maskTo,
  rawCondition,
  sizeMask,
  type Condition,
} from './flags.ts';
import { carryOfUnknown } from './flag-values.ts';
import type { FlagKind, FlagState, Size } from './flags.ts';
import { call, callStmt, get, i32, i64, ifThen, op, opImm, readsOnly, set, store } from './ir.ts';
import type { Exit, Expr, Stmt, Var } from './ir.ts';
import { LowLanes, type Float, type LowState } from './lift/low-lanes.ts';
import { HOME, SCRATCH } from './scratch.ts';
import type { Vars, Window } from './vars.ts';
import type { WatchTests } from './watch.ts';
import type { Ty } from './wasm-ops.ts';

/** A checked place in memory: address (i32) plus constant offset. */
export interface Place {
  readonly addr: Expr;
  readonly offset: number;
}

export interface LiftOptions {
  /**
   * Whether code moves a window itself when an access lies outside; else it leaves the region, which
   * is the better bargain as long as it is rare.
   */
  readonly refillInPlace: boolean;
  /** Whether an access at a fixed address is known to be allowed, so that no check is needed. */
  fixedAccess(address: number, size: number, write: boolean): boolean;
  /** Watched memory; what touches it leaves. */
  readonly watch?: WatchTests | null;
  /** Whether calls and returns are told to the engine. */
  readonly traces?: boolean;
  /** Where the target of the indirect call or jump at `ip` is noted; null: nowhere. */
  targetHome?(ip: number): number | null;
  /** What counts blocks; exits then say how much of the block has not executed. */
  readonly counters?: Counters | null;
}

/** What a block's instructions have been charged to the budget in advance. */
export interface Charge {
  /** Instructions from the block's start to where the budget is next asked. */
  readonly ahead: number;
  readonly unused: Exit['unused'];
}

const NOTHING_APART: LowState = new Map();

const NEED_READ = 1;
const NEED_WRITE = 2;

function needOf({ read, write }: { readonly read: boolean; readonly write: boolean }): number {
  return (read ? NEED_READ : 0) | (write ? NEED_WRITE : 0);
}

/** The window of a group of accesses. */
function windowOf(vars: Vars, group: Group): Window {
  const { base, index } = group.lead;
  const need = needOf(group);
  const through = base >= 0 ? base : index >= 0 ? 16 + index : 32;
  const shared = `w${through}.${need}`;
  return vars.windowAt({ key: `${group.ip} ${shared}`, through, need }, shared, group.span);
}

/** Start of a window, and for how many starts an access of `span` bytes is inside. */
function bounds(window: Window, span: number): { start: Expr; length: Expr } {
  const { fixed } = window;
  if (!fixed) return { start: get(window.start), length: get(window.length) };
  return { start: i64(fixed.start), length: i64(Math.max(fixed.end - fixed.start - span + 1, 0)) };
}

export class Lift {
  readonly vars: Vars;
  stmts: Stmt[] = [];
  /** What wrote the flags last, when that is known here. */
  flags: FlagState | null = null;
  /** Whether anyone looks at the flags that the current instruction leaves. */
  flagsLive = true;
  insn!: Insn;
  readonly lowLanes: LowLanes;
  /** Number of the current instruction in its block, and of all of them. */
  #at = 0;
  #count = 0;
  #charge: Charge = { ahead: 0, unused: undefined };
  #plan: readonly Placed[][] = [];
  #places: { access: Access; place: Place }[] = [];
  readonly #groupBase = new Map<Group, Expr>();
  readonly #options: LiftOptions;

  constructor(vars: Vars, options: LiftOptions) {
    this.vars = vars;
    this.lowLanes = new LowLanes(vars);
    this.#options = options;
  }

  /** Starts a block. */
  beginBlock(
    insns: readonly Insn[],
    plan: readonly Placed[][],
    flags: FlagState | null,
    charge: Charge,
  ): void {
    this.stmts = [];
    this.#charge = charge;
    this.flags = flags;
    this.#plan = plan;
    this.#count = insns.length;
    this.#groupBase.clear();
    this.lowLanes.begin(NOTHING_APART);
    this.vars.endBlock();
  }

  /** Starts instruction `at` of the block: its memory accesses are checked first of all. */
  beginInsn(insn: Insn, at: number, flagsLive: boolean): void {
    this.vars.endInsn();
    this.insn = insn;
    this.#at = at;
    this.flagsLive = flagsLive;
    this.#places = (this.#plan[at] ?? []).map((p) => ({ access: p.access, place: this.#check(p) }));
    const watch = this.#options.watch;
    for (const { access, place } of watch ? this.#places : []) {
      const leave = this.exitBefore(watchExit(this.#count - this.#at));
      const { addr, offset } = place;
      this.emit(...(watch?.guard(addr, offset, access.size, needOf(access), leave) ?? []));
    }
  }

  emit(...stmts: readonly Stmt[]): void {
    this.stmts.push(...stmts);
  }

  set(v: Var, e: Expr): void {
    if (
      this.flags &&
      (this.insn.flagsRead || (this.flagsLive && this.insn.flagsWrite !== 'kill'))
    ) {
      this.#keepOperands(this.flags, v);
    }
    this.stmts.push(set(v, e));
  }

  /** Evaluates `e` now, for use more than once or after its inputs change. */
  hold(e: Expr): Expr {
    if (e.k === 'const' || e.k === 'vconst' || e.k === 'fconst') return e;
    const v = this.vars.temp(e.ty);
    this.set(v, e);
    return get(v);
  }

  /** Collects the statements of a branch. */
  within(build: () => void): Stmt[] {
    this.settle();
    const outer = this.stmts;
    this.stmts = [];
    build();
    const inner = this.stmts;
    this.stmts = outer;
    return inner;
  }

  // ---- leaving ----

  /** Leaves before the current instruction, which has had no effect. */
  exitBefore(code: number): Stmt {
    const tagged = this.#options.counters && code < 0x100;
    const rest = tagged ? (this.#count - this.#at) << 8 : 0;
    return this.exit(code | rest, i64(this.insn.ip), this.#at);
  }

  /** Tells the profile of the call or return to `target` (an i64) that ends the block. */
  trace(kind: number, target: Expr): void {
    if (this.#options.traces !== true) return;
    const left = op('i32.add', get(this.vars.left), i32(this.#charge.ahead - this.#count));
    const rsp = op('i32.wrap_i64', get(this.gprVar(4)));
    this.emit(callStmt(TRACE, i32(kind), op('i32.wrap_i64', target), rsp, left));
  }

  /** Notes where the indirect call or jump goes. */
  noteTarget(target: Expr): void {
    const home = this.#options.targetHome?.(this.insn.ip) ?? null;
    if (home !== null) this.emit(store('i64.store', 0, i32(home), target));
  }

  /** Leaves the region behind the block. */
  leave(rip: Expr, code: number): Exit {
    return this.exit(code, rip, this.#count);
  }

  /** Leaves the region when `executed` instructions of the block have executed. */
  exit(code: number, rip: Expr, executed: number): Exit {
    const { ahead, unused } = this.#charge;
    const before = this.flags ? stored(this.flags, this.vars.flags) : [];
    before.push(...this.lowLanes.all());
    return { k: 'exit', code, rip, refund: ahead - executed, unused, before };
  }

  /** Lets the fallback execute the rest of the block, from the current instruction on. */
  giveUp(): Stmt {
    return this.exitBefore(stepExit(this.#count - this.#at));
  }

  // ---- memory ----

  #check(p: Placed): Place {
    const { access, group } = p;
    const fixed = access.base < 0 && access.index < 0 && access.seg === null && !access.addr32;
    if (fixed && this.#options.fixedAccess(access.disp, access.size, access.write)) {
      if (access.aligned && access.disp % 16 !== 0) this.#misaligned(i64(access.disp), i32(1));
      return { addr: i32(access.disp), offset: 0 };
    }
    let base = this.#groupBase.get(group);
    if (p.first || !base) {
      base = group.hoisted ? this.#narrowAddress(access, group.low) : this.#checkedAddress(p);
      this.#groupBase.set(group, base);
    }
    const offset = p.delta - group.low;
    if (p.checkAlignment) {
      const at = offset % 16 === 0 ? base : op('i32.add', base, i32(offset));
      this.#misaligned(
        op('i64.add', op('i64.extend_i32_u', base), i64(offset)),
        op('i32.and', at, i32(15)),
      );
    }
    return { addr: base, offset };
  }

  #checkedAddress({ access, group }: Placed): Expr {
    const wide = this.hold(op('i64.add', this.address(access), i64(group.low)));
    this.#checkWindow(windowOf(this.vars, group), wide, group.span);
    return this.#blockLong(op('i32.wrap_i64', wide));
  }

  /** An address that is known to lie in RAM: computed in 32 bits, it needs not be cut. */
  #narrowAddress(access: Access, low: number): Expr {
    const part = (reg: number): Expr => op('i32.wrap_i64', get(this.gprVar(reg)));
    let e: Expr | null = access.base >= 0 ? part(access.base) : null;
    if (access.index >= 0) {
      const index = op('i32.shl', part(access.index), i32(Math.log2(access.scale)));
      e = e ? op('i32.add', e, index) : index;
    }
    const constant = i32(access.disp + low);
    return this.#blockLong(e ? op('i32.add', e, constant) : constant);
  }

  /** Holds a value until the block's end. */
  #blockLong(e: Expr): Expr {
    const v = this.vars.blockTemp(e.ty);
    this.set(v, e);
    return get(v);
  }

  #misaligned(address: Expr, wrong: Expr): void {
    const report = store('i64.store', 0, i32(SCRATCH.address), address);
    this.emit(ifThen(wrong, [report, this.exitBefore(EXIT.misaligned)]));
  }

  /** Start and length of the window through which a group is checked. */
  windowBounds(group: Group): { start: Expr; length: Expr } {
    return bounds(windowOf(this.vars, group), group.span);
  }

  /**
   * Checks that `span` bytes from `wide` on are accessible, or gives the block up. For instructions
   * that compute their addresses themselves.
   */
  checkRange(key: string, wide: Expr, span: number, need: number): void {
    this.watchRange(wide, i64(span), need);
    this.#checkWindow(this.vars.window(key, span, need), wide, span);
  }

  /** Leaves before the current instruction if watched memory lies in `bytes` from `from` on. */
  watchRange(from: Expr, bytes: Expr, need: number): void {
    const leave = this.exitBefore(watchExit(this.#count - this.#at));
    this.emit(...(this.#options.watch?.guardRange(from, bytes, need, leave) ?? []));
  }

  #checkWindow(window: Window, wide: Expr, span: number): void {
    const { start, length } = bounds(window, span);
    const outside = op('i64.ge_u', op('i64.sub', wide, start), length);
    const home = i32(window.address);
    if (!this.#options.refillInPlace || window.fixed) {
      // no call here: across one, the host would keep every register in memory
      const { missed, missedWindow } = this.vars;
      const exit = this.exitBefore(windowExit(this.#count - this.#at));
      this.emit(ifThen(outside, [set(missed, wide), set(missedWindow, home), exit]));
      return;
    }
    const refill = call(REFILL, wide, i32(span), home, {
      k: 'const',
      ty: 'i32',
      // the window's span is known only when the region is complete
      get value() {
        return window.need | (window.span << 8);
      },
    });
    this.emit(
      ifThen(outside, [
        ifThen(op('i32.eqz', refill), [this.giveUp()]),
        set(window.start, opImm('i64.load', [0], home)),
        set(window.length, opImm('i64.load', [8], home)),
      ]),
    );
  }

  /** The effective address of an access or operand, an i64. */
  address(m: Access | MemOperand): Expr {
    let e: Expr | null = m.base >= 0 ? get(this.gprVar(m.base)) : null;
    if (m.index >= 0) {
      const index = get(this.gprVar(m.index));
      const scaled = m.scale === 1 ? index : op('i64.shl', index, i64(Math.log2(m.scale)));
      e = e ? op('i64.add', e, scaled) : scaled;
    }
    if (!e) e = i64(m.disp);
    else if (m.disp !== 0) e = op('i64.add', e, i64(m.disp));
    if (m.addr32) e = op('i64.and', e, i64(0xffff_ffff));
    if (m.seg) {
      e = op('i64.add', e, opImm('i64.load', [0], i32(m.seg === 'fs' ? HOME.fsBase : HOME.gsBase)));
    }
    return e;
  }

  /** The checked place of the current instruction's memory operand or stack slot. */
  place(kind: 'explicit' | 'stack' = 'explicit'): Place {
    const found = this.#places.find((p) => p.access.kind === kind);
    if (!found) throw new Error(`${this.insn.mnemonic} has no ${kind} access`);
    return found.place;
  }

  load(name: string, place: Place = this.place()): Expr {
    return opImm(name, [place.offset], place.addr);
  }

  store(name: string, value: Expr, place: Place = this.place(), lane?: number): void {
    this.emit(store(name, place.offset, place.addr, value, lane));
  }

  // ---- integers: i64 for 8 bytes, else i32 zero-extended from the operand's size ----

  gprVar(reg: number): Vars['rip'] {
    const v = this.vars.gpr[reg];
    if (!v) throw new Error(`no register ${reg}`);
    return v;
  }

  /** A register of the given size, low part. */
  reg(reg: number, size: Size): Expr {
    return this.#part(reg, size, false);
  }

  #part(reg: number, size: Size, high: boolean): Expr {
    const whole = get(this.gprVar(reg));
    if (size === 8) return whole;
    const low = op('i32.wrap_i64', whole);
    if (size === 4) return low;
    if (high) return op('i32.and', op('i32.shr_u', low, i32(8)), i32(0xff));
    return op('i32.and', low, i32(size === 2 ? 0xffff : 0xff));
  }

  /** Writes a register as x86 does: 32-bit writes clear the upper half, smaller ones keep it. */
  setReg(reg: number, size: Size, value: Expr, high = false): void {
    const v = this.gprVar(reg);
    if (size === 8) return this.set(v, value);
    const wide = op('i64.extend_i32_u', value);
    if (size === 4) return this.set(v, wide);
    const mask = sizeMask(size) << (high ? 8n : 0n);
    const part = op('i64.and', high ? op('i64.shl', wide, i64(8)) : wide, i64(mask));
    this.set(v, op('i64.or', op('i64.and', get(v), i64(~mask)), part));
  }

  operand(i: number): Operand {
    const o = this.insn.ops[i];
    if (!o) throw new Error(`${this.insn.mnemonic} has no operand ${i}`);
    return o;
  }

  /** Size of an integer operand (immediates take that of the first). */
  size(i = 0): Size {
    const o = this.operand(i);
    if (o.k === 'gpr') return o.size;
    if (o.k === 'mem') return o.size as Size;
    return i === 0 ? 8 : this.size(0);
  }

  /** An integer operand, read. */
  int(i: number, size: Size = this.size(i)): Expr {
    const o = this.operand(i);
    switch (o.k) {
      case 'gpr':
        return this.#part(o.reg, o.size, o.high);
      case 'imm': {
        if (size === 8) return i64(o.value);
        return i32(Number(BigInt.asUintN(size * 8, o.value)) | 0);
      }
      case 'mem':
        return this.loadInt(size);
      default:
        throw new Error(`operand ${i} of ${this.insn.mnemonic} is no integer`);
    }
  }

  loadInt(size: Size, place: Place = this.place()): Expr {
    const name = { 1: 'i32.load8_u', 2: 'i32.load16_u', 4: 'i32.load', 8: 'i64.load' }[size];
    return this.load(name, place);
  }

  storeInt(size: Size, value: Expr, place: Place = this.place()): void {
    const name = { 1: 'i32.store8', 2: 'i32.store16', 4: 'i32.store', 8: 'i64.store' }[size];
    this.store(name, value, place);
  }

  /** Writes an integer operand; bits above its size are ignored. */
  setInt(i: number, value: Expr): void {
    const o = this.operand(i);
    if (o.k === 'gpr') this.setReg(o.reg, o.size, value, o.high);
    else if (o.k === 'mem') this.storeInt(o.size as Size, value);
    else throw new Error(`operand ${i} of ${this.insn.mnemonic} cannot be written`);
  }

  /** Natural type of integers of a size. */
  ty(size: Size): Ty {
    return size === 8 ? 'i64' : 'i32';
  }

  /** An integer operation in the natural type. */
  n(size: Size, name: string, ...args: readonly Expr[]): Expr {
    return op(`${this.ty(size)}.${name}`, ...args);
  }

  constant(size: Size, value: number | bigint): Expr {
    return size === 8 ? i64(value) : i32(Number(BigInt.asIntN(32, BigInt(value))));
  }

  /** Clears the bits above the size of a natural value. */
  mask(size: Size, value: Expr): Expr {
    if (size >= 4) return value;
    return op('i32.and', value, i32(size === 2 ? 0xffff : 0xff));
  }

  /** A natural value as a zero-extended i64. */
  wide(size: Size, value: Expr): Expr {
    if (size === 8) return value;
    const w = op('i64.extend_i32_u', value);
    return size === 4 ? w : maskTo(w, size);
  }

  /** A natural value as a sign-extended i64. */
  signExtend(size: Size, value: Expr): Expr {
    if (size === 8) return value;
    const w = op('i64.extend_i32_u', value);
    return op({ 1: 'i64.extend8_s', 2: 'i64.extend16_s', 4: 'i64.extend32_s' }[size], w);
  }

  // ---- flags ----

  /** Records what the flags come from; operands are zero-extended i64. */
  setFlags(kind: FlagKind, size: Size, a: Expr, b?: Expr, c?: Expr): void {
    if (!this.flagsLive) {
      this.flags = { kind, size };
      return;
    }
    const v = this.vars.flags;
    // they may be computed from the flags as they were
    const held = [a, b, c].map((e) => (e && !this.#lasts(e) ? this.hold(e) : e));
    this.flags = null;
    const place = (v: Var, e: Expr | undefined): Expr | undefined => {
      if (!e || this.#lasts(e)) return e;
      this.set(v, e);
      return undefined;
    };
    this.flags = {
      kind,
      size,
      a: place(v.a, held[0]),
      b: place(v.b, held[1]),
      c: place(v.c, held[2]),
    };
  }

  /** Whether an expression can be had later as well, until a register in it changes. */
  #lasts(e: Expr): boolean {
    return readsOnly(e, (v) => this.vars.gpr.includes(v));
  }

  /** Puts operands of the flags that read `changing` into their variables. */
  #keepOperands(flags: FlagState, changing: Var): void {
    const v = this.vars.flags;
    const kept = (home: Var, e: Expr | undefined): Expr | undefined => {
      if (!e || readsOnly(e, (w) => w !== changing)) return e;
      this.stmts.push(set(home, e));
      return undefined;
    };
    const { kind, size } = flags;
    const { a, b, c } = { a: kept(v.a, flags.a), b: kept(v.b, flags.b), c: kept(v.c, flags.c) };
    this.flags = { kind, size, a, b, c };
  }

  /** Brings the whole state into its usual form. */
  settle(): void {
    this.storeFlags();
    this.emit(...this.lowLanes.joinAll());
  }

  /** Puts the flags into their variables altogether. */
  storeFlags(): void {
    if (!this.flags) return;
    this.stmts.push(...stored(this.flags, this.vars.flags));
    const { kind, size } = settled(this.flags, this.vars.flags);
    this.flags = { kind, size };
  }

  /**
   * The carry flag as the `c` operand of `inc` and `dec`, which leave it alone.
   * @returns undefined when it is there already.
   */
  carryKept(): Expr | undefined {
    const { flags } = this;
    if (flags?.kind === 'inc' || flags?.kind === 'dec') return flags.c;
    return this.keep(op('i64.extend_i32_u', this.cond('b')));
  }

  /** `e` for use behind the write of the first operand: itself, if that does not change it. */
  keep(e: Expr): Expr {
    const dst = this.operand(0);
    const changing = dst.k === 'gpr' ? this.gprVar(dst.reg) : null;
    const lasts = this.#lasts(e) && readsOnly(e, (v) => v !== changing);
    return lasts ? e : this.hold(e);
  }

  /** What was written to the first operand just now, as an i64, for use in flags. */
  result(size: Size, held: Expr): Expr {
    const o = this.operand(0);
    return o.k === 'gpr' && size >= 4 ? get(this.gprVar(o.reg)) : this.wide(size, held);
  }

  /** The flags themselves as an i32 in rflags' places. */
  setRawFlags(flags: Expr): void {
    if (this.flagsLive) this.setFlags('raw', 8, op('i64.extend_i32_u', flags));
    else this.flags = { kind: 'raw', size: 8 };
  }

  /** All six status flags in rflags' places, an i32. */
  rawFlags(): Expr {
    const v = this.vars.flags;
    if (!this.flags) return call(FLAGS, get(v.kind), get(v.a), get(v.b), get(v.c));
    const flags = settled(this.flags, v);
    const { a, b, c } = operands(flags, v);
    if (flags.kind === 'raw') return op('i32.wrap_i64', a);
    return call(FLAGS, i32(kindCode(flags.kind, flags.size)), a, b, c);
  }

  /**
   * The carry flag when it is not known what wrote it. No call: this is what `dec` in a loop needs,
   * where mostly the last writer was a `dec` too.
   */
  #carry(): Expr {
    const v = this.vars.flags;
    const carry = this.vars.temp('i32');
    const kept = op('i32.eq', op('i32.and', get(v.kind), i32(~7)), i32(KIND.inc * 4));
    this.emit(
      ifThen(kept, [set(carry, op('i32.wrap_i64', get(v.c)))], [set(carry, carryOfUnknown(v))]),
    );
    return get(carry);
  }

  /** A condition, as an i32 that is 0 or 1. */
  cond(cc: Condition): Expr {
    const short = this.flags && condition(this.flags, cc, this.vars.flags);
    if (!short && (cc === 'b' || cc === 'ae')) {
      const carry = this.#carry();
      return cc === 'b' ? carry : op('i32.eqz', carry);
    }
    return short ?? rawCondition(this.rawFlags(), cc);
  }

  // ---- xmm ----

  #xmmNumber(i: number): number {
    const o = this.operand(i);
    if (o.k !== 'xmm') throw new Error(`operand ${i} of ${this.insn.mnemonic} is no xmm`);
    return o.reg;
  }

  /** A whole register. */
  xmm(reg: number): Expr {
    this.emit(...this.lowLanes.join(reg));
    return get(this.#xmmVar(reg));
  }

  #xmmVar(reg: number): Var {
    const v = this.vars.xmm[reg];
    if (!v) throw new Error(`no register xmm${reg}`);
    return v;
  }

  setXmm(reg: number, value: Expr): void {
    this.set(this.#xmmVar(reg), value);
    this.lowLanes.overwritten(reg);
  }

  /** A whole xmm operand, register or 16 bytes of memory. */
  vec(i: number): Expr {
    const o = this.operand(i);
    return o.k === 'mem' ? this.load('v128.load') : this.xmm(this.#xmmNumber(i));
  }

  setVec(i: number, value: Expr): void {
    const o = this.operand(i);
    if (o.k === 'mem') this.store('v128.store', value);
    else this.setXmm(this.#xmmNumber(i), value);
  }

  /** Copies the second operand, a register, to the first, as it is. */
  copyXmm(): void {
    const [to, from] = [this.#xmmNumber(0), this.#xmmNumber(1)];
    if (to === from) return;
    const low = this.lowLanes.read(from, 'f32');
    const ty = this.lowLanes.state().get(from);
    this.setXmm(to, get(this.#xmmVar(from)));
    if (low && ty) this.set(this.lowLanes.write(to, ty), get(low));
  }

  /** A vector whose lowest lane is that of an xmm or memory operand; the others do not count. */
  lowest(i: number, ty: Float): Expr {
    const o = this.operand(i);
    if (o.k === 'mem') return this.load(ty === 'f64' ? 'v128.load64_zero' : 'v128.load32_zero');
    const reg = this.#xmmNumber(i);
    const low = this.lowLanes.read(reg, ty);
    return low ? get(low) : this.xmm(reg);
  }

  /** Writes the lowest lane of a register from that of a vector, and keeps the others. */
  setLowest(i: number, ty: Float, value: Expr): void {
    const reg = this.#xmmNumber(i);
    if (this.lowLanes.tears(reg, ty)) this.emit(...this.lowLanes.join(reg));
    this.set(this.lowLanes.write(reg, ty), value);
  }

  /** The lowest f64 (or f32) of an xmm or memory operand. */
  scalar(i: number, ty: Float): Expr {
    if (this.operand(i).k === 'mem') return this.load(`${ty}.load`);
    const name = ty === 'f64' ? 'f64x2.extract_lane' : 'f32x4.extract_lane';
    return opImm(name, [0], this.lowest(i, ty));
  }

  /** Writes the lowest lane and keeps the others. */
  setScalar(i: number, ty: Float, value: Expr): void {
    this.setLowest(i, ty, op(ty === 'f64' ? 'f64x2.splat' : 'f32x4.splat', value));
  }
}
