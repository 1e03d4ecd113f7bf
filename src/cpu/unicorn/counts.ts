// SPDX-License-Identifier: GPL-2.0-or-later
/** Counts what Unicorn executes, at the price of one addition a block. */
import type { GuardedInstruction } from '../guard.ts';
import type { ExecutionProfile } from '../profile.ts';
import type { Block } from './blocks.ts';

export class BlockCounts {
  readonly #profile: ExecutionProfile;
  /** How often each block has been executed at the fast gait since the last fold. */
  readonly #runs = new Map<Block, number>();

  constructor(profile: ExecutionProfile) {
    this.#profile = profile;
  }

  /** The block is about to be executed as a whole, but for a rep instruction at its end. */
  ran(block: Block): void {
    this.#runs.set(block, (this.#runs.get(block) ?? 0) + 1);
  }

  /** Instructions `from` to `to` (exclusive) of a block that `ran` have not been executed. */
  takeBack(block: Block, from: number, to: number): void {
    for (let i = from; i < to; i++) this.#add(block.instructions[i], -1);
  }

  /** The first `n` of these have been executed. */
  executed(instructions: readonly GuardedInstruction[], n: number): void {
    for (let i = 0; i < n; i++) this.#add(instructions[i], 1);
  }

  one(address: number): void {
    this.#profile.add(address, 1);
  }

  /** Brings the profile up to date. */
  fold(): void {
    for (const [block, runs] of this.#runs) {
      const n = block.endsWithRep ? block.count - 1 : block.count;
      for (let i = 0; i < n; i++) this.#add(block.instructions[i], runs);
    }
    this.#runs.clear();
  }

  #add(instruction: GuardedInstruction | undefined, n: number): void {
    if (instruction) this.#profile.add(instruction.address, n);
  }
}
