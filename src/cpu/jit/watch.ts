// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Watches in compiled code: what it asks before each access while there are any.
 *
 * The test is coarse first (one comparison with the range that holds all watches of the kind), then
 * finer. It may say yes too often, never no: what it lets through touches no watched byte, and what
 * it holds back is executed alone, where `WatchSet` decides.
 */
import { PROT } from '../../machine/layout.ts';
import type { Watch } from '../cpu.ts';
import { i32, i64, ifThen, op, type Expr, type Stmt } from './ir.ts';

interface Range {
  readonly low: number;
  /** Exclusive. */
  readonly high: number;
}

/** Ranges compared one by one behind the coarse test. */
const MOST_RANGES = 8;
/** No access of compiled code reaches higher. */
const LIMIT = 0x4000_0000;

export class WatchTests {
  readonly #reads: readonly Range[];
  readonly #writes: readonly Range[];

  constructor(watches: readonly Watch[]) {
    const ranges = (other: Watch['access']): Range[] =>
      rangesOf(watches.filter(({ access }) => access !== other));
    this.#reads = ranges('write');
    this.#writes = ranges('read');
  }

  #of(need: number): readonly Range[] {
    if ((need & PROT.write) === 0) return this.#reads;
    return (need & PROT.read) === 0 ? this.#writes : merge([...this.#reads, ...this.#writes]);
  }

  /**
   * Does `leave` if an access touches a watch.
   * @param addr its address less `offset`, an i32; both known to be in RAM.
   * @param need `PROT` bits: what it does.
   */
  guard(addr: Expr, offset: number, size: number, need: number, leave: Stmt): Stmt[] {
    const ranges = this.#of(need);
    if (addr.k === 'const' && addr.ty === 'i32') {
      const start = addr.value + offset;
      const touched = ranges.some(({ low, high }) => start < high && start + size > low);
      return touched ? [ifThen(i32(1), [leave])] : [];
    }
    return guarded(ranges, leave, ({ low, high }) => {
      const first = low - size + 1;
      return op('i32.lt_u', op('i32.sub', addr, i32(first - offset)), i32(high - first));
    });
  }

  /** The same for `bytes` (an i64) from `from` (an i64) on. */
  guardRange(from: Expr, bytes: Expr, need: number, leave: Stmt): Stmt[] {
    return guarded(this.#of(need), leave, ({ low, high }) => {
      const begins = op('i64.lt_u', from, i64(high));
      return op('i32.and', begins, op('i64.gt_u', op('i64.add', from, bytes), i64(low)));
    });
  }
}

/** Does `leave` if the condition holds for one of the ranges; that for the whole is asked first. */
function guarded(ranges: readonly Range[], leave: Stmt, touches: (range: Range) => Expr): Stmt[] {
  const [first] = ranges;
  const last = ranges.at(-1);
  if (!first || !last) return [];
  const coarse = touches({ low: first.low, high: last.high });
  if (ranges.length === 1) return [ifThen(coarse, [leave])];
  const fine = ranges.map(touches).reduce((e, next) => op('i32.or', e, next));
  return [ifThen(coarse, [ifThen(fine, [leave])])];
}

function rangesOf(watches: readonly Watch[]): Range[] {
  return merge(
    watches
      .map(({ start, length }) => ({ low: start, high: Math.min(start + length, LIMIT) }))
      .filter(({ low, high }) => low < high),
  );
}

/** Ascending and apart; the closest joined until there are few enough. */
function merge(ranges: readonly Range[]): Range[] {
  const apart: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.low - b.low)) {
    const last = apart.at(-1);
    if (last && range.low <= last.high) {
      apart[apart.length - 1] = { low: last.low, high: Math.max(last.high, range.high) };
    } else apart.push(range);
  }
  while (apart.length > MOST_RANGES) {
    const gap = (i: number): number => (apart[i + 1]?.low ?? Infinity) - (apart[i]?.high ?? 0);
    let closest = 0;
    for (let i = 1; i < apart.length - 1; i++) if (gap(i) < gap(closest)) closest = i;
    const [left, right] = apart.splice(closest, 2);
    if (left && right) apart.splice(closest, 0, { low: left.low, high: right.high });
  }
  return apart;
}
