// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What lifting an instruction begins with: statements, the flags as far as they are known, and the
 * lowest lanes that live apart from their registers.
 */
import { FLAGS } from '../callees.ts';
import type { Insn, Operand } from '../decode.ts';
import {
  condition,
  operands,
  stored,
  KIND,
  kindCode,
  settled,
  maskTo,
  rawCondition,
  type Condition,
} from '../flags.ts';
import { carryOfUnknown } from '../flag-values.ts';
import type { FlagKind, FlagState, Size } from '../flags.ts';
import { call, get, i32, ifThen, op, readsOnly, set } from '../ir.ts';
import type { Expr, Stmt, Var } from '../ir.ts';
import type { Vars } from '../vars.ts';
import { LowLanes } from './low-lanes.ts';

export class LiftBase {
  readonly vars: Vars;
  readonly lowLanes: LowLanes;
  stmts: Stmt[] = [];
  /** What wrote the flags last, when that is known here. */
  flags: FlagState | null = null;
  /** Whether anyone looks at the flags that the current instruction leaves. */
  flagsLive = true;
  insn!: Insn;

  constructor(vars: Vars) {
    this.vars = vars;
    this.lowLanes = new LowLanes(vars);
  }

  emit(...stmts: readonly Stmt[]): void {
    for (const s of stmts) this.stmts.push(s);
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

  gprVar(reg: number): Vars['rip'] {
    const v = this.vars.gpr[reg];
    if (!v) throw new Error(`no register ${reg}`);
    return v;
  }

  operand(i: number): Operand {
    const o = this.insn.ops[i];
    if (!o) throw new Error(`${this.insn.mnemonic} has no operand ${i}`);
    return o;
  }

  /** A natural value as a zero-extended i64. */
  wide(size: Size, value: Expr): Expr {
    if (size === 8) return value;
    const w = op('i64.extend_i32_u', value);
    return size === 4 ? w : maskTo(w, size);
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
    const heldA = this.#lasting(a);
    const heldB = this.#lasting(b);
    const heldC = this.#lasting(c);
    this.flags = null;
    this.flags = {
      kind,
      size,
      a: this.#placed(v.a, heldA),
      b: this.#placed(v.b, heldB),
      c: this.#placed(v.c, heldC),
    };
  }

  #lasting(e: Expr | undefined): Expr | undefined {
    return e && !this.#lasts(e) ? this.hold(e) : e;
  }

  /** Puts an operand of the flags into its variable unless it can be had later as well. */
  #placed(home: Var, e: Expr | undefined): Expr | undefined {
    if (!e || this.#lasts(e)) return e;
    this.set(home, e);
    return undefined;
  }

  /** Whether an expression can be had later as well, until a register in it changes. */
  #lasts(e: Expr): boolean {
    return readsOnly(e, (v) => this.vars.gpr.includes(v));
  }

  /** Puts operands of the flags that read `changing` into their variables. */
  #keepOperands(flags: FlagState, changing: Var): void {
    const { kind, size, a, b, c } = flags;
    if (!a && !b && !c) return;
    const v = this.vars.flags;
    this.flags = {
      kind,
      size,
      a: this.#kept(v.a, a, changing),
      b: this.#kept(v.b, b, changing),
      c: this.#kept(v.c, c, changing),
    };
  }

  #kept(home: Var, e: Expr | undefined, changing: Var): Expr | undefined {
    if (!e || readsOnly(e, (v) => v !== changing)) return e;
    this.stmts.push(set(home, e));
    return undefined;
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
}
