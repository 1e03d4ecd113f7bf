// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Innermost loops in rounds: before a number of rounds everything is asked that can be asked in
 * advance (the budget, and the accesses whose addresses move by the same step in every round), so
 * that a copy of the loop's blocks goes without. The original blocks execute the first round, and
 * any that could not be promised.
 */
import { constantAdded, type Group, type Placed } from './access.ts';
import type { Insn } from './decode.ts';
import { successors, type Block, type Target, type Terminator } from './region.ts';

/** A constant plus multiples of registers that the loop does not change. */
export interface Linear {
  readonly constant: number;
  readonly terms: readonly { readonly reg: number; readonly factor: number }[];
}

/** A check for all rounds: the address of the first, and by how much it moves. */
export interface Hoist {
  readonly group: Group;
  /** Added to the group's address as computed from the registers at the loop's start. */
  readonly offset: Linear;
  readonly step: Linear;
}

/** A 32-bit register that must not wrap around within the rounds. */
export interface Limit {
  readonly reg: number;
  readonly step: number;
}

export interface Rounds {
  readonly original: Block;
  readonly header: Block;
  readonly blocks: readonly Block[];
  readonly plans: ReadonlyMap<Block, Placed[][]>;
  readonly hoists: readonly Hoist[];
  readonly limits: readonly Limit[];
}

/** Most instructions of a loop that is copied. */
const MOST = 160;
const RSP = 4;
const ZERO: Linear = { constant: 0, terms: [] };

/**
 * @param body the loop's blocks, `header` among them.
 * @param planOf plans the access checks of a block.
 * @returns null when the loop has another inside, is too long, or could not do without any check.
 */
export function planRounds(
  header: Block,
  body: ReadonlySet<Block>,
  planOf: (insns: readonly Insn[]) => Placed[][],
): Rounds | null {
  let length = 0;
  for (const b of body) length += b.insns.length;
  if (length > MOST) return null;
  const copies = new Map<Block, Block>();
  for (const b of body) copies.set(b, { ...b, entry: false, seldom: false });
  for (const copy of copies.values()) {
    copy.term = retargeted(copy.term, (t) => (t === header ? t : (copies.get(t) ?? t)));
  }
  const first = copies.get(header);
  if (!first) return null;
  const blocks = [...copies.values()];
  if (cyclic(first, new Set(blocks))) return null;
  const plans = new Map(blocks.map((b) => [b, planOf(b.insns)]));
  const steps = new Steps(header, first, blocks);
  const hoists: Hoist[] = [];
  for (const [block, plan] of plans) {
    plan.forEach((placed, at) => {
      for (const { first: leads, group } of placed) {
        const found = leads ? steps.hoist(group, block, at) : null;
        if (!found) continue;
        group.hoisted = true;
        hoists.push(found);
      }
    });
  }
  if (hoists.length === 0 || hoists.some(recursive)) return null;
  return { original: header, header: first, blocks, plans, hoists, limits: steps.limits() };
}

/** A loop that goes down the stack calls itself: it is left after a few rounds. */
function recursive({ group, step }: Hoist): boolean {
  return group.lead.base === RSP && (step.constant !== 0 || step.terms.length > 0);
}

function retargeted(term: Terminator, to: (b: Block) => Block): Terminator {
  const inside = (t: Target): Target => (typeof t === 'number' ? t : to(t));
  switch (term.k) {
    case 'goto':
      return { ...term, to: inside(term.to) };
    case 'call':
      return { ...term, to: inside(term.to) };
    case 'branch':
      return { ...term, yes: inside(term.yes), no: inside(term.no) };
    case 'ret':
      return { ...term, sites: term.sites.map(to) };
    case 'indirect':
      return { ...term, to: term.to && to(term.to) };
    default:
      return term;
  }
}

function cyclic(from: Block, among: ReadonlySet<Block>): boolean {
  const state = new Map<Block, 'open' | 'done'>();
  const visit = (b: Block): boolean => {
    state.set(b, 'open');
    for (const next of successors(b)) {
      if (!among.has(next)) continue;
      const seen = state.get(next);
      if (seen === 'open' || (!seen && visit(next))) return true;
    }
    state.set(b, 'done');
    return false;
  };
  return visit(from);
}

interface Update {
  readonly block: Block;
  readonly at: number;
  readonly step: Linear;
  readonly narrow: boolean;
}

/** How registers move from round to round. */
class Steps {
  readonly #header: Block;
  readonly #first: Block;
  readonly #blocks: readonly Block[];
  readonly #written: number;
  readonly #updates = new Map<number, readonly Update[] | null>();
  readonly #limits = new Map<number, number>();
  readonly #without = new Map<Block, ReadonlySet<Block>>();

  constructor(header: Block, first: Block, blocks: readonly Block[]) {
    this.#header = header;
    this.#first = first;
    this.#blocks = blocks;
    this.#written = blocks
      .flatMap((b) => b.insns)
      .reduce((mask, insn) => mask | insn.gprWritten, 0);
  }

  limits(): Limit[] {
    return [...this.#limits].map(([reg, step]) => ({ reg, step }));
  }

  hoist(group: Group, block: Block, at: number): Hoist | null {
    const { lead } = group;
    if (lead.seg !== null || lead.addr32 || (lead.base < 0 && lead.index < 0)) return null;
    const base = this.#motion(lead.base, block, at);
    const index = this.#motion(lead.index, block, at);
    if (!base || !index) return null;
    const hoist = {
      group,
      offset: sum(base.before, index.before, lead.scale),
      step: sum(base.step, index.step, lead.scale),
    };
    // by one register, so that its sign can be asked for
    if (hoist.step.terms.length > 1) return null;
    if (hoist.step.terms.length === 1 && hoist.step.constant !== 0) return null;
    for (const reg of [lead.base, lead.index]) this.#limit(reg);
    return hoist;
  }

  #limit(reg: number): void {
    const updates = reg < 0 ? [] : (this.#updatesOf(reg) ?? []);
    if (!updates.some((u) => u.narrow)) return;
    this.#limits.set(
      reg,
      updates.reduce((total, u) => total + u.step.constant, 0),
    );
  }

  /** By how much a register has moved before instruction `at`, and moves in a whole round. */
  #motion(reg: number, block: Block, at: number): { before: Linear; step: Linear } | null {
    if (reg < 0) return { before: ZERO, step: ZERO };
    const updates = this.#updatesOf(reg);
    if (!updates) return null;
    let before = ZERO;
    let step = ZERO;
    for (const u of updates) {
      step = sum(step, u.step, 1);
      const earlier = u.block === block ? u.at < at : !this.#reached(u.block).has(block);
      if (earlier) before = sum(before, u.step, 1);
    }
    return { before, step };
  }

  /** The register's changes, when each happens exactly once in every round and adds the same. */
  #updatesOf(reg: number): readonly Update[] | null {
    const known = this.#updates.get(reg);
    if (known !== undefined) return known;
    const found = this.#findUpdates(reg);
    this.#updates.set(reg, found);
    return found;
  }

  #findUpdates(reg: number): readonly Update[] | null {
    const updates: Update[] = [];
    for (const block of this.#blocks) {
      for (const [at, insn] of block.insns.entries()) {
        if ((insn.gprWritten & (1 << reg)) === 0) continue;
        const step = this.#added(insn, reg);
        if (!step || !this.#always(block)) return null;
        updates.push({ block, at, ...step });
      }
    }
    const narrow = updates.filter((u) => u.narrow);
    if (narrow.length === 0) return updates;
    if (narrow.length < updates.length) return null;
    const up = updates.every((u) => u.step.constant > 0);
    const down = updates.every((u) => u.step.constant < 0);
    return up || down ? updates : null;
  }

  #added(insn: Insn, reg: number): { step: Linear; narrow: boolean } | null {
    const constant = constantAdded(insn, reg);
    if (constant !== null) return { step: { constant, terms: [] }, narrow: false };
    const [dst, src] = insn.ops;
    if (dst?.k !== 'gpr' || dst.reg !== reg) return null;
    const still = (r: number): boolean => (this.#written & (1 << r)) === 0;
    if (dst.size === 4) {
      const by = addedTo32(insn);
      return by === null ? null : { step: { constant: by, terms: [] }, narrow: true };
    }
    if (dst.size !== 8) return null;
    if (insn.mnemonic === 'Add' && src?.k === 'gpr' && src.size === 8 && still(src.reg)) {
      return { step: { constant: 0, terms: [{ reg: src.reg, factor: 1 }] }, narrow: false };
    }
    if (insn.mnemonic === 'Lea' && src?.k === 'mem' && src.base === reg && !src.addr32) {
      if (src.index < 0 || !still(src.index)) return null;
      const terms = [{ reg: src.index, factor: src.scale }];
      return { step: { constant: src.disp, terms }, narrow: false };
    }
    return null;
  }

  /** Whether every round passes through a block. */
  #always(block: Block): boolean {
    if (block === this.#first) return true;
    return ![...this.#reached(block)].some((b) => successors(b).includes(this.#header));
  }

  /** Blocks that a round can get to without passing through `avoiding`. */
  #reached(avoiding: Block): ReadonlySet<Block> {
    const known = this.#without.get(avoiding);
    if (known) return known;
    const seen = new Set<Block>();
    const work = avoiding === this.#first ? [] : [this.#first];
    for (let b = work.pop(); b; b = work.pop()) {
      seen.add(b);
      for (const next of successors(b)) {
        if (next !== avoiding && !seen.has(next) && this.#blocks.includes(next)) work.push(next);
      }
    }
    this.#without.set(avoiding, seen);
    return seen;
  }
}

/** What an instruction adds to its 32-bit register, or null. */
function addedTo32(insn: Insn): number | null {
  const [, src] = insn.ops;
  const by = src?.k === 'imm' ? Number(BigInt.asIntN(32, src.value)) : null;
  switch (insn.mnemonic) {
    case 'Inc':
      return 1;
    case 'Dec':
      return -1;
    case 'Add':
      return by;
    case 'Sub':
      return by === null ? null : -by;
    default:
      return null;
  }
}

function sum(a: Linear, b: Linear, factor: number): Linear {
  const terms = [...a.terms];
  for (const t of b.terms) terms.push({ reg: t.reg, factor: t.factor * factor });
  return { constant: a.constant + b.constant * factor, terms };
}
