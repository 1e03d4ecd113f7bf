// SPDX-License-Identifier: GPL-2.0-or-later
/** What is known of translated blocks: how many instructions, and whether they need care. */
import { GPR } from '../../shared/cpu-state.ts';
import type { GuardedInstruction } from '../guard.ts';
import type { RegisterChange } from '../low-bits.ts';

/** (registers + constant) must be a multiple of 16 at the block's entry. */
export interface AlignmentCheck {
  readonly base: number;
  readonly index: number;
  readonly scale: number;
  readonly constant: number;
}

export interface Block {
  /** Bytes. */
  readonly size: number;
  /**
   * Unicorn does not tell how long a block is that filled its translation buffer. Such a block is
   * taken to go on to the next jump; it may really end before, which shows when the next begins.
   */
  readonly open: boolean;
  readonly instructions: readonly GuardedInstruction[];
  /** The instructions are all there is to it: they are complete, and only the machine can change them. */
  readonly fixed: boolean;
  readonly count: number;
  /** The block ends with a rep instruction, which starts it anew for every round. */
  readonly endsWithRep: boolean;
  readonly last: number;
  readonly checks: readonly AlignmentCheck[];
  /** Has a leave, whose load must not fault at the fast gait: rbp is as at the block's entry. */
  readonly leaves: boolean;
  /** To be executed instruction by instruction for what it contains. */
  readonly special: boolean;
  /** To be executed instruction by instruction for a breakpoint in it. */
  broken: boolean;
}

type Origin = NonNullable<RegisterChange['value']>;

/**
 * The instructions up to and with the first one that is not simply followed by the next: where a
 * translated block ends at the latest.
 */
export function straight(instructions: readonly GuardedInstruction[]): GuardedInstruction[] {
  const end = instructions.findIndex(({ endsBlock, kind }) => endsBlock || kind !== 'plain');
  return instructions.slice(0, end < 0 ? undefined : end + 1);
}

/** Whether the block ends with a jump into its own middle. */
function entersItself(instructions: readonly GuardedInstruction[], size: number): boolean {
  const start = instructions[0]?.address ?? 0;
  const target = instructions.at(-1)?.target ?? null;
  return target !== null && target > start && target < start + size;
}

/** Sums up the instructions of one block. @param special reason for care beyond the instructions. */
export function makeBlock(
  instructions: readonly GuardedInstruction[],
  size: number,
  special: boolean,
  open = false,
): Block {
  const checks: AlignmentCheck[] = [];
  // Where each register's low four bits come from, in terms of the registers at entry.
  const origins: (Origin | null)[] = Array.from({ length: 16 }, (_, i) => ({ from: i, add: 0 }));
  const origin = (register: number): Origin | null =>
    register < 0 ? { from: -1, add: 0 } : (origins[register] ?? null);
  // Having arrived in the middle of an open block, one could not tell a jump from its early end.
  let careful = special || (open && entersItself(instructions, size));
  let leaves = false;
  let framed = true;
  for (const instruction of instructions) {
    if (instruction.kind !== 'plain' && instruction.kind !== 'rep') careful = true;
    if (instruction.leaves) {
      leaves = true;
      if (!framed) careful = true;
    }
    if (instruction.changes.some(({ register }) => register === GPR.rbp)) framed = false;
    const ea = instruction.aligned;
    if (ea) {
      const base = origin(ea.base);
      const index = origin(ea.index);
      if (base && index && ea.segment === 'none') {
        checks.push({
          base: base.from,
          index: index.from,
          scale: ea.scale,
          constant: Number(BigInt.asUintN(4, ea.displacement)) + base.add + index.add * ea.scale,
        });
      } else {
        careful = true;
      }
    }
    const next = instruction.changes.map(({ register, value }) => {
      const from = value === null ? null : origin(value.from);
      return {
        register,
        value: value && from ? { from: from.from, add: from.add + value.add } : null,
      };
    });
    for (const { register, value } of next) origins[register] = value;
  }
  const last = instructions.at(-1);
  return {
    size,
    open,
    instructions,
    fixed: !special,
    count: instructions.length,
    endsWithRep: last?.kind === 'rep',
    last: last?.address ?? -1,
    checks,
    leaves,
    special: careful,
    broken: false,
  };
}

/**
 * The longest piece of the block, from `address` on, that can be executed in one go up to whatever
 * follows it: no jumps, nothing special, no breakpoint, at most `most` instructions.
 */
export function pieceOf(
  block: Block,
  address: number,
  most: number,
  breakpoints: ReadonlySet<number>,
): GuardedInstruction[] {
  const from = block.instructions.findIndex((instruction) => instruction.address === address);
  if (from < 0 || !block.fixed) return [];
  const rest = block.instructions.slice(from, from + most);
  const end = rest.findIndex(
    ({ kind, endsBlock, leaves, address: at }) =>
      kind !== 'plain' || endsBlock || leaves || breakpoints.has(at),
  );
  return end < 0 ? rest : rest.slice(0, end);
}

/** How many instructions of the block lie before `address`. */
export function countBefore(block: Block, address: number): number {
  const index = block.instructions.findIndex((instruction) => instruction.address === address);
  return index < 0 ? block.count : index;
}
