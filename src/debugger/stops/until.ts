// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Running until an expression comes to hold. As long as that depends on memory alone, only writing
 * there can bring it about, and the engine runs at speed with watches on what was read. As soon as a
 * register has a say, it is asked after every instruction.
 */
import type { Watch } from '../../cpu/cpu.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { StopReason } from '../../protocol/machine.ts';
import { addr, isAddr } from '../../shared/brand.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import { compileCondition, type Condition } from '../../shared/expression/expression.ts';
import { Scope } from '../../shared/expression/scope.ts';
import type { Goal } from '../goal.ts';
import { TracingEnv } from './guest-env.ts';

/** More places than this are not watched; then every instruction is asked about. */
const MOST_WATCHES = 16;

class Until {
  readonly #condition: Condition;
  readonly #env: TracingEnv;
  readonly #memory: GuestMemory;
  /** The instruction count at which it was last asked, and the answers. */
  #at: number;
  #held: boolean;
  #came = false;
  #watches: readonly Watch[] | null = null;
  /** Whether `#watches` have changed since they were last taken. */
  changed = true;

  constructor(condition: Condition, memory: GuestMemory) {
    this.#condition = condition;
    this.#env = new TracingEnv(memory);
    this.#memory = memory;
    this.#at = memory.state.instructions;
    this.#held = this.#ask();
  }

  /** What can bring it about; null: anything can. */
  get watches(): readonly Watch[] | null {
    this.changed = false;
    return this.#watches;
  }

  /** Whether it holds now and did not an instruction ago. May be asked again at the same place. */
  comes(): boolean {
    const at = this.#memory.state.instructions;
    if (at === this.#at) return this.#came;
    const before = this.#held;
    this.#at = at;
    this.#held = this.#ask();
    this.#came = this.#held && !before;
    return this.#came;
  }

  /** What cannot be evaluated does not hold. */
  #ask(): boolean {
    const env = this.#env;
    env.clear();
    const holds = this.#condition.holds(env) === true;
    const some = !env.beyond && env.reads.length > 0 && env.reads.length <= MOST_WATCHES;
    this.#look(some ? env.reads : null);
    return holds;
  }

  #look(reads: TracingEnv['reads'] | null): void {
    const known = this.#watches;
    const same =
      reads === null
        ? known === null
        : known?.length === reads.length &&
          reads.every(({ address, length }, i) => {
            const watch = known[i];
            return watch?.start === address && watch.length === length;
          });
    if (same) return;
    this.changed = true;
    this.#watches =
      reads?.flatMap(({ address, length }) =>
        isAddr(address) ? [{ start: addr(address), length, access: 'write' as const }] : [],
      ) ?? null;
  }
}

/** The goal of `until`; with an expression that is none, one that has failed. */
export function goalUntil(text: string, memory: GuestMemory, index: DebugIndex | null): Goal {
  const condition = compileCondition(text, new Scope(index, Number(memory.state.rip)));
  const none = { addresses: new Set<never>(), arrived: () => false };
  if (!condition.ok) {
    const { column, message } = condition.error;
    const failed = { kind: 'condition', text: `${text}: column ${column}: ${message}` } as const;
    return { ...none, reason: failed, failed };
  }
  const reason: StopReason = { kind: 'condition', text };
  const until = new Until(condition.value, memory);
  return {
    ...none,
    reason,
    each: () => (until.comes() ? reason : null),
    watches: () => until.watches,
    changed: () => until.changed,
  };
}
