// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The upper half of a 64 by 64 bit product, from four products of halves (Hacker's Delight, 8-2).
 * WebAssembly has no instruction for it; a call would cost the host's registers, a division of the
 * product by a factor forty cycles.
 */
import { i64, op, type Expr } from './ir.ts';

/**
 * @param a, b are used more than once.
 * @param hold makes a value that is used more than once out of an expression.
 */
export function highProduct(a: Expr, b: Expr, signed: boolean, hold: (e: Expr) => Expr): Expr {
  const low = (e: Expr): Expr => op('i64.and', e, i64(0xffff_ffff));
  const high = (e: Expr): Expr => op(signed ? 'i64.shr_s' : 'i64.shr_u', e, i64(32));
  const [al, bl, ah, bh] = [low(a), low(b), high(a), high(b)].map(hold);
  if (!al || !bl || !ah || !bh) throw new Error('four halves');
  const carried = op('i64.shr_u', op('i64.mul', al, bl), i64(32));
  const first = hold(op('i64.add', op('i64.mul', ah, bl), carried));
  const second = op('i64.add', op('i64.mul', al, bh), low(first));
  return op('i64.add', op('i64.add', op('i64.mul', ah, bh), high(first)), high(second));
}
