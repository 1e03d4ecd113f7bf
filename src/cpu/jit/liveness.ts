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
  flagsIn: boolean;
}

const MAY_LEAVE = new Set(['Div', 'Idiv', 'Popfq', 'Ldmxcsr']);

function mayLeave(insn: Insn, placed: readonly Placed[] | undefined, watching: boolean): boolean {
  for (const p of placed ?? []) {
    if (watching || (p.first && !p.group.hoisted) || p.checkAlignment) return true;
  }
  return insn.careful || MAY_LEAVE.has(insn.mnemonic) || isString(insn);
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

/** What a block does to the question whether flags are looked at, followed from its end to its start. */
interface Effect {
  /** The answer at its start if that does not depend on the one at its end. */
  readonly decides: boolean | null;
  liveOut: boolean;
}

/** The first instruction that looks at flags, or overwrites them, decides. */
function effectOf(block: Block, plan: readonly Placed[][], watching: boolean): Effect {
  const { insns } = block;
  for (let i = 0; i < insns.length; i++) {
    const insn = insns[i];
    if (!insn) continue;
    if (insn.flagsRead || mayLeave(insn, plan[i], watching)) {
      return { decides: true, liveOut: false };
    }
    if (insn.flagsWrite === 'kill') return { decides: false, liveOut: false };
  }
  return { decides: null, liveOut: false };
}

/** Says for each instruction of a block whether the flags that it leaves are looked at. */
function markLive(block: Block, fact: BlockFacts, effect: Effect, watching: boolean): void {
  const { insns } = block;
  let live = effect.liveOut;
  for (let i = insns.length - 1; i >= 0; i--) {
    const insn = insns[i];
    if (!insn) continue;
    fact.flagsLive[i] = live;
    if (!live || insn.flagsWrite === 'kill') {
      live = insn.flagsRead || mayLeave(insn, fact.plan[i], watching);
    }
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
  const effects: Effect[] = [];
  for (const block of blocks) {
    const plan = planOf(block);
    facts.set(block, { plan, flagsLive: [], flagsIn: false });
    liveIn.set(block, false);
    effects.push(effectOf(block, plan, watching));
  }
  for (let changed = true; changed;) {
    changed = false;
    for (let n = blocks.length - 1; n >= 0; n--) {
      const block = blocks[n];
      const effect = effects[n];
      if (!block || !effect) continue;
      if (!effect.liveOut) {
        effect.liveOut =
          leavesAtEnd(block) ||
          successors(block).some((s) => leavesBefore.has(s) || liveIn.get(s) !== false);
      }
      const live = leavesAtStart.has(block) || (effect.decides ?? effect.liveOut);
      if (live === liveIn.get(block)) continue;
      liveIn.set(block, live);
      changed = true;
    }
  }
  blocks.forEach((block, n) => {
    const fact = facts.get(block);
    const effect = effects[n];
    if (!fact || !effect) return;
    fact.flagsIn = liveIn.get(block) === true;
    markLive(block, fact, effect, watching);
  });
  return facts;
}
