// SPDX-License-Identifier: GPL-2.0-or-later
/** What is known of the flags where blocks meet, and what an edge has to do for it. */
import { stored, type FlagState, type FlagVars } from './flags.ts';
import { isSameExpr, set, type Expr, type Stmt } from './ir.ts';

function same(a: Expr | undefined, b: Expr | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && isSameExpr(a, b));
}

function both(a: Expr | undefined, b: Expr | undefined): Expr | undefined {
  return same(a, b) ? a : undefined;
}

/** What all of several states have in common; null when nothing is known. */
export function commonFlags(states: readonly (FlagState | null)[]): FlagState | null {
  let common: FlagState | null = null;
  for (const s of states) {
    if (!s) return null;
    if (!common) common = s;
    else if (common.kind !== s.kind || common.size !== s.size) return null;
    else {
      const { kind, size } = s;
      common = {
        kind,
        size,
        a: both(common.a, s.a),
        b: both(common.b, s.b),
        c: both(common.c, s.c),
      };
    }
  }
  return common;
}

/** Whether an edge can turn the flags as they are into those expected. */
export function convertible(from: FlagState | null, to: FlagState | null): boolean {
  if (!to) return true;
  if (from?.kind !== to.kind || from.size !== to.size) return false;
  const kept = (x: Expr | undefined, y: Expr | undefined): boolean => !y || same(x, y);
  return kept(from.a, to.a) && kept(from.b, to.b) && kept(from.c, to.c);
}

/** The statements that do so. */
export function convert(from: FlagState | null, to: FlagState | null, v: FlagVars): Stmt[] {
  if (!from) return [];
  if (!to) return stored(from, v);
  return (['a', 'b', 'c'] as const).flatMap((x) => {
    const e = from[x];
    return e && !to[x] ? [set(v[x], e)] : [];
  });
}
