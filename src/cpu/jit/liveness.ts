// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Which instructions' flags are ever looked at: by an instruction that reads flags, or by anything
 * that leaves the region (where the whole state must be exact).
 */
import { isString, planAccesses, type Placed } from './access.ts';
import type { Insn } from './decode.ts';
import { successors, type Block } from './region.ts';

export interface BlockFacts {
  readonly plan: Placed[][];
  /** For each instruction: whether its flags, or those it leaves alone, are looked at later. */
  readonly flagsLive: boolean[];
  /** Whether the flags with which the block begins are looked at. */
  readonly flagsIn: () => boolean;
}

const MAY_LEAVE = new Set(['Div', 'Idiv', 'Popfq', 'Ldmxcsr']);

function mayLeave(insn: Insn, placed: readonly Placed[], watching: boolean): boolean {
  return (
    (watching && placed.length > 0) ||
    placed.some((p) => (p.first && !p.group.hoisted) || p.checkAlignment) ||
    MAY_LEAVE.has(insn.mnemonic) ||
    insn.careful ||
    isString(insn)
  );
}

/** Whether a block has a way out of the region at its end. */
function leavesAtEnd(block: Block): boolean {
  const term = block.term;
  switch (term.k) {
    case 'goto':
    case 'call':
      return typeof term.to === 'number';
    case 'branch':
      return typeof term.yes === 'number' || typeof term.no === 'number';
    default:
      return true;
  }
}

/**
 * @param blocks to any other the way leads out of the region.
 * @param leavesAtStart blocks that check the budget first, and may leave there.
 * @param leavesBefore blocks on the ways to which the budget is checked.
 * @param watching any access may leave.
 */
export function analyse(
  blocks: readonly Block[],
  leavesAtStart: ReadonlySet<Block>,
  leavesBefore: ReadonlySet<Block> = new Set(),
  watching = false,
  planOf: (block: Block) => Placed[][] = (block) => planAccesses(block.insns),
): Map<Block, BlockFacts> {
  const facts = new Map<Block, BlockFacts>();
  const liveIn = new Map<Block, boolean>();
  for (const block of blocks) {
    const flagsLive = block.insns.map(() => true);
    const flagsIn = (): boolean => liveIn.get(block) === true;
    facts.set(block, { plan: planOf(block), flagsLive, flagsIn });
    liveIn.set(block, false);
  }
  for (let changed = true; changed;) {
    changed = false;
    for (let n = blocks.length - 1; n >= 0; n--) {
      const block = blocks[n];
      const fact = block && facts.get(block);
      if (!block || !fact) continue;
      const wanted = (s: Block): boolean => leavesBefore.has(s) || liveIn.get(s) !== false;
      let live = leavesAtEnd(block) || successors(block).some(wanted);
      for (let i = block.insns.length - 1; i >= 0; i--) {
        const insn = block.insns[i];
        if (!insn) continue;
        fact.flagsLive[i] = live;
        if (insn.flagsWrite === 'kill') live = false;
        if (insn.flagsRead) live = true;
        if (mayLeave(insn, fact.plan[i] ?? [], watching)) live = true;
      }
      if (leavesAtStart.has(block)) live = true;
      if (live !== liveIn.get(block)) {
        liveIn.set(block, live);
        changed = true;
      }
    }
  }
  return facts;
}
