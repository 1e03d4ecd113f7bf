// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Scalar floats. A `mulsd` writes the lowest lane of its register and keeps the others: done at
 * once, that is a second instruction for each, in the middle of the chain that everybody waits for.
 * So the lane lives in a variable of its own, whose other lanes are of no meaning, until somebody
 * wants the whole register.
 */
import { get, opImm, set, type Expr, type Stmt, type Var } from '../ir.ts';
import type { Vars } from '../vars.ts';

export type Float = 'f64' | 'f32';

/** By register: which lane lives apart. */
export type LowState = ReadonlyMap<number, Float>;

export class LowLanes {
  readonly #vars: Vars;
  readonly #apart = new Map<number, Float>();

  constructor(vars: Vars) {
    this.#vars = vars;
  }

  /** At the start of a block. */
  begin(state: LowState): void {
    if (this.#apart.size > 0) this.#apart.clear();
    for (const [reg, ty] of state) this.#apart.set(reg, ty);
  }

  state(): LowState {
    return new Map(this.#apart);
  }

  /** What a register's lowest lane of this type can be read from, or null: the lane is torn. */
  read(reg: number, ty: Float): Var | null {
    const apart = this.#apart.get(reg);
    if (apart === undefined) return xmm(this.#vars, reg);
    return apart === 'f64' || ty === 'f32' ? this.#vars.lowLane(reg) : null;
  }

  /** Whether a write of the lowest lane leaves something of the old one that is not yet in place. */
  tears(reg: number, ty: Float): boolean {
    return this.#apart.get(reg) === 'f64' && ty === 'f32';
  }

  /** The lane is about to be written: where. */
  write(reg: number, ty: Float): Var {
    this.#apart.set(reg, ty);
    return this.#vars.lowLane(reg);
  }

  /** The whole register has been written. */
  overwritten(reg: number): void {
    this.#apart.delete(reg);
  }

  /** Puts a register together. */
  join(reg: number): Stmt[] {
    const ty = this.#apart.get(reg);
    if (ty === undefined) return [];
    this.#apart.delete(reg);
    return [joined(this.#vars, reg, ty)];
  }

  joinAll(): Stmt[] {
    const stmts = this.all();
    if (stmts.length > 0) this.#apart.clear();
    return stmts;
  }

  /** What would put all registers together. */
  all(): Stmt[] {
    const stmts: Stmt[] = [];
    if (this.#apart.size === 0) return stmts;
    for (const [reg, ty] of this.#apart) stmts.push(joined(this.#vars, reg, ty));
    return stmts;
  }
}

function xmm(vars: Vars, reg: number): Var {
  const v = vars.xmm[reg];
  if (!v) throw new Error(`no register xmm${reg}`);
  return v;
}

function joined(vars: Vars, reg: number, ty: Float): Stmt {
  const shape = ty === 'f64' ? 'f64x2' : 'f32x4';
  const v = xmm(vars, reg);
  const lane: Expr = opImm(`${shape}.extract_lane`, [0], get(vars.lowLane(reg)));
  return set(v, opImm(`${shape}.replace_lane`, [0], get(v), lane));
}
