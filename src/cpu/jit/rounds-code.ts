// SPDX-License-Identifier: GPL-2.0-or-later
/** The code in front of a loop's rounds (`rounds.ts`): how many of them can be promised. */
import { get, i32, i64, op, select, set, type Expr, type Stmt, type Var } from './ir.ts';
import type { Lift } from './lift.ts';
import type { Hoist, Limit, Linear, Rounds } from './rounds.ts';

/** Fewer rounds than that are not worth it. */
export const FEWEST = 2;

/**
 * Sets `rounds` to how many rounds of at most `length` instructions the budget and the windows
 * allow.
 */
export function countRounds(lift: Lift, plan: Rounds, length: number): Stmt[] {
  const { rounds, left } = lift.vars;
  const stmts: Stmt[] = [set(rounds, op('i32.div_u', get(left), i32(length)))];
  lift.vars.endBlock();
  const atMost = (n: Expr): void => {
    const held = lift.vars.temp('i32');
    stmts.push(set(held, n));
    const fewer = op('i32.lt_u', get(held), get(rounds));
    stmts.push(set(rounds, select(fewer, get(held), get(rounds))));
  };
  for (const limit of plan.limits) {
    atMost(limitRounds(lift, limit));
    lift.vars.endInsn();
  }
  for (const hoist of plan.hoists) {
    windowRounds(lift, hoist, stmts, atMost);
    lift.vars.endInsn();
  }
  return stmts;
}

/** Rounds until a 32-bit register wraps around; its upper half is clear. */
function limitRounds(lift: Lift, { reg, step }: Limit): Expr {
  const value = op('i32.wrap_i64', get(lift.gprVar(reg)));
  const room = step > 0 ? op('i32.xor', value, i32(-1)) : value;
  return divided(room, Math.abs(step));
}

function divided(value: Expr, by: number): Expr {
  return by === 1 ? value : op('i32.div_u', value, i32(by));
}

function linear(lift: Lift, from: Expr, { constant, terms }: Linear): Expr {
  let e = from;
  for (const { reg, factor } of terms) e = op('i64.add', e, scaled(get(lift.gprVar(reg)), factor));
  return constant === 0 ? e : op('i64.add', e, i64(constant));
}

function scaled(value: Expr, factor: number): Expr {
  return factor === 1 ? value : op('i64.mul', value, i64(factor));
}

function windowRounds(
  lift: Lift,
  { group, offset, step }: Hoist,
  stmts: Stmt[],
  atMost: (n: Expr) => void,
): void {
  const hold = (e: Expr): Var => {
    const v = lift.vars.temp(e.ty);
    stmts.push(set(v, e));
    return v;
  };
  const { start, length } = lift.windowBounds(group);
  const first = linear(lift, lift.address(group.lead), {
    ...offset,
    constant: offset.constant + group.low,
  });
  const inside = hold(op('i64.sub', first, start));
  const outside = op('i64.ge_u', get(inside), length);
  const [term] = step.terms;
  if (term) {
    const by = hold(scaled(get(lift.gprVar(term.reg)), term.factor));
    const usable = hold(op('i64.lt_u', op('i64.sub', get(by), i64(1)), i64(0x7fff_ffff)));
    const behind = op('i32.wrap_i64', op('i64.sub', length, get(inside)));
    const divisor = select(get(usable), op('i32.wrap_i64', get(by)), i32(1));
    const n = op('i32.add', op('i32.div_u', op('i32.sub', behind, i32(1)), divisor), i32(1));
    const still = op('i64.eqz', get(by));
    const some = select(get(usable), n, select(still, get(lift.vars.rounds), i32(0)));
    atMost(select(outside, i32(0), some));
    return;
  }
  const by = step.constant;
  if (by === 0) return atMost(select(outside, i32(0), get(lift.vars.rounds)));
  const room =
    by > 0
      ? op('i32.sub', op('i32.wrap_i64', op('i64.sub', length, get(inside))), i32(1))
      : op('i32.wrap_i64', get(inside));
  const n = op('i32.add', divided(room, Math.abs(by)), i32(1));
  atMost(select(outside, i32(0), n));
}
