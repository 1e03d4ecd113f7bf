// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Counting instructions. At checkpoints (entries, loop headers) the budget is charged for the most
 * instructions that may execute until the next one; ways that are shorter give back the difference.
 */
import { successors, type Block } from './region.ts';

/** Most instructions between two checkpoints. */
const LONGEST = 320;

export interface Budget {
  /** Blocks that ask the budget first. */
  readonly checkpoints: ReadonlySet<Block>;
  /** Most instructions from the start of a block to the next checkpoint. */
  ahead(block: Block): number;
  /** What is given back between two blocks, or on the way out of the region. */
  refund(from: Block, to: Block | null): number;
}

/**
 * @param checked blocks that must be checkpoints; every cycle has one.
 * @param prepaid blocks that end a way like a checkpoint, but have been paid for otherwise.
 */
export function planBudget(
  blocks: readonly Block[],
  checked: ReadonlySet<Block>,
  prepaid: ReadonlySet<Block>,
): Budget {
  const checkpoints = new Set(checked);
  const longest = new Map<Block, number>();
  const ahead = (block: Block): number => {
    const known = longest.get(block);
    if (known !== undefined) return known;
    let most = 0;
    for (const next of successors(block)) {
      if (checkpoints.has(next) || prepaid.has(next)) continue;
      const n = ahead(next);
      if (n > LONGEST) checkpoints.add(next);
      else most = Math.max(most, n);
    }
    const total = block.insns.length + most;
    longest.set(block, total);
    return total;
  };
  for (const block of blocks) ahead(block);
  const refund = (from: Block, to: Block | null): number => {
    const paid = to === null || checkpoints.has(to) || prepaid.has(to) ? 0 : ahead(to);
    return ahead(from) - from.insns.length - paid;
  };
  return { checkpoints, ahead, refund };
}
