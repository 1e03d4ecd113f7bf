// SPDX-License-Identifier: GPL-2.0-or-later
/** Which regions run a lot, and what their first translations have shown of them. */
import type { GuestMemory } from '../../machine/memory.ts';
import { LIMITS } from './shape.ts';
import type { Translation } from './translation.ts';

export class Heat {
  readonly #memory: GuestMemory;
  readonly #after: number;
  readonly #hot = new Set<number>();
  /** How many instructions slices that ended in the others have executed, by their roots. */
  readonly #heat = new Map<number, number>();
  /** Where indirect calls and jumps last went, by their addresses. */
  readonly #targets = new Map<number, number>();

  /** @param after instructions after which a region is worth its best translation. */
  constructor(memory: GuestMemory, after: number) {
    this.#memory = memory;
    this.#after = after;
  }

  /** Whether the region rooted there has been found to run a lot. */
  isHot(root: number): boolean {
    return this.#hot.has(root);
  }

  /** Where an indirect call or jump last went; null when it has not been executed. */
  expected(ip: number): number | null {
    return this.#targets.get(ip) ?? null;
  }

  /**
   * Notes that a slice of `executed` instructions ended in this region.
   * @returns those that are worth their best translation from now on: it, and whoever calls it and
   *   may take it in.
   */
  note(translation: Translation, executed: number, all: Iterable<Translation>): Translation[] {
    const { root } = translation;
    if (this.#hot.has(root)) return [];
    const heat = (this.#heat.get(root) ?? 0) + executed;
    this.#heat.set(root, heat);
    if (heat < this.#after) return [];
    const small = translation.insns <= LIMITS.inline;
    const callers = [...all].filter((t) => small && !this.#hot.has(t.root) && this.#calls(t, root));
    const hot = [...new Set([translation, ...callers])];
    for (const t of hot) this.#remember(t);
    return hot;
  }

  #calls(t: Translation, target: number): boolean {
    if (t.calls.has(target)) return true;
    const view = new DataView(this.#memory.memory.buffer);
    return [...t.targets.values()].some((home) => Number(view.getBigUint64(home, true)) === target);
  }

  /** Keeps what a region that is to be translated anew has shown of itself. */
  #remember({ root, targets }: Translation): void {
    const view = new DataView(this.#memory.memory.buffer);
    this.#hot.add(root);
    for (const [ip, home] of targets) {
      const target = Number(view.getBigUint64(home, true));
      if (target > 0 && target < this.#memory.size) this.#targets.set(ip, target);
    }
  }
}
