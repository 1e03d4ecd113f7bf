// SPDX-License-Identifier: GPL-2.0-or-later
/** Memory with its checks, and the ways out of the region: the part between statements and operands. */
import type { Access, Group, Placed } from '../access.ts';
import type { Counters } from '../counters.ts';
import { REFILL, TRACE } from '../callees.ts';
import type { Insn, MemOperand } from '../decode.ts';
import { EXIT, stepExit, watchExit, windowExit } from '../exits.ts';
import { stored, type FlagState } from '../flags.ts';
import { call, callStmt, get, i32, i64, ifThen, op, opImm, set, store } from '../ir.ts';
import type { Exit, Expr, Stmt } from '../ir.ts';
import { HOME, SCRATCH } from '../scratch.ts';
import type { Vars, Window } from '../vars.ts';
import type { WatchTests } from '../watch.ts';
import { LiftBase } from './base.ts';
import type { LowState } from './low-lanes.ts';

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
  /** Bytes of RAM in which prefetches may look; without it they do nothing. */
  readonly prefetchBelow?: number | undefined;
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

export class LiftMemory extends LiftBase {
  /** Number of the current instruction in its block, and of all of them. */
  #at = 0;
  #count = 0;
  #charge: Charge = { ahead: 0, unused: undefined };
  #plan: readonly Placed[][] = [];
  #places: { access: Access; place: Place }[] = [];
  readonly #groupBase = new Map<Group, Expr>();
  readonly #options: LiftOptions;

  constructor(vars: Vars, options: LiftOptions) {
    super(vars);
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
    this.#places = [];
    const placed = this.#plan[at];
    if (!placed || placed.length === 0) return;
    for (const p of placed) this.#places.push({ access: p.access, place: this.#check(p) });
    const { watch } = this.#options;
    if (watch) this.#watch(watch);
  }

  /** Leaves before the current instruction when it accesses watched memory. */
  #watch(watch: WatchTests): void {
    for (const { access, place } of this.#places) {
      const leave = this.exitBefore(watchExit(this.#count - this.#at));
      const { addr, offset } = place;
      this.emit(...watch.guard(addr, offset, access.size, needOf(access), leave));
    }
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
    for (const s of this.lowLanes.all()) before.push(s);
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
    const address = this.address(access);
    const wide = this.hold(group.low === 0 ? address : op('i64.add', address, i64(group.low)));
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
    const constant = access.disp + low;
    if (!e) return i32(constant);
    return this.#blockLong(constant === 0 ? e : op('i32.add', e, i32(constant)));
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

  /** Checks that a byte could be written at `wide`, or gives the block up; nothing is written. */
  probe(key: string, wide: Expr): void {
    this.#checkWindow(this.vars.window(key, 1, NEED_WRITE), wide, 1);
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

  /**
   * Brings the line of the operand near. There is no prefetch in WebAssembly; a load that nobody
   * waits for does the same, except that no more than the host's window of instructions passes by
   * it. In the rounds of a loop, where it would be executed often, it does not pay.
   */
  prefetch(): void {
    const limit = this.#options.prefetchBelow ?? 0;
    const m = this.operand(0);
    if (m.k !== 'mem' || limit === 0 || this.#charge.unused) return;
    const address = this.hold(this.address(m));
    const load = opImm('i32.load8_u', [0], op('i32.wrap_i64', address));
    const inRam = op('i64.lt_u', address, i64(limit));
    this.emit(ifThen(inRam, [set(this.vars.temp('i32'), load)]));
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
}
