// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The code in front of a loop's rounds (`rounds.ts`): whether a fixed number of them can be
 * promised. To ask for a fixed number is one comparison an access; to find out for how many rounds
 * the windows last took ten times as long, which a loop of a few rounds never got back.
 */
import { get, i32, i64, op, type Expr } from './ir.ts';
import type { Lift } from './lift.ts';
import type { Hoist, Limit, Linear, Rounds } from './rounds.ts';

/** Instructions that are promised together, more or less: the question's own price is lost in them. */
const WORTH = 1024;
const FEWEST = 8;
const MOST = 64;

export interface Promise {
  readonly rounds: number;
  /** What must not hold for any of the questions. */
  readonly refusals: readonly Expr[];
}

/** @param length most instructions of a round. */
export function promiseRounds(lift: Lift, plan: Rounds, length: number): Promise {
  const rounds = Math.max(FEWEST, Math.min(MOST, Math.floor(WORTH / length)));
  const refusals = [op('i32.lt_s', get(lift.vars.left), i32(rounds * length))];
  for (const limit of plan.limits) refusals.push(wraps(lift, limit, rounds));
  for (const hoist of plan.hoists) refusals.push(...leaves(lift, hoist, rounds - 1));
  return { rounds, refusals };
}

/** Whether a register that counts in 32 bits has anything in its upper half, or will wrap around. */
function wraps(lift: Lift, { reg, step }: Limit, rounds: number): Expr {
  const value = get(lift.gprVar(reg));
  const way = Math.abs(step) * rounds;
  const last = step > 0 ? value : op('i64.sub', value, i64(way));
  return op('i64.ge_u', last, i64(Math.max(2 ** 32 - way, 0)));
}

function linear(lift: Lift, from: Expr, { constant, terms }: Linear): Expr {
  let e = from;
  for (const { reg, factor } of terms) e = op('i64.add', e, scaled(get(lift.gprVar(reg)), factor));
  return plus(e, constant);
}

function plus(e: Expr, constant: number): Expr {
  return constant === 0 ? e : op('i64.add', e, i64(constant));
}

function scaled(value: Expr, factor: number): Expr {
  return factor === 1 ? value : op('i64.mul', value, i64(factor));
}

/** Whether an access is outside its window now, or will be within `more` rounds. */
function leaves(lift: Lift, { group, offset, step }: Hoist, more: number): Expr[] {
  const { start, length } = lift.windowBounds(group);
  const [term] = step.terms;
  const way = Math.abs(step.constant) * more;
  const lowest = group.low - (step.constant < 0 ? way : 0);
  const first = linear(lift, lift.address(group.lead), {
    ...offset,
    constant: offset.constant + lowest,
  });
  const inside = op('i64.sub', first, start);
  const outside = (e: Expr): Expr => op('i64.ge_u', e, length);
  if (term) {
    const by = scaled(get(lift.gprVar(term.reg)), term.factor);
    const far = op('i64.add', inside, op('i64.mul', by, i64(more)));
    return [outside(inside), op('i64.ge_u', by, i64(2 ** 31)), outside(far)];
  }
  if (way === 0) return [outside(inside)];
  if (length.k !== 'const') return [outside(inside), outside(plus(inside, way))];
  return [op('i64.ge_u', inside, i64(Math.max(Number(length.value) - way, 0)))];
}
