// SPDX-License-Identifier: GPL-2.0-or-later
/** What names stand for: labels and tensors of the program. */
import type { DebugIndex } from '../debug-index.ts';
import type { DebugTensor } from '../debug-info.ts';
import { FUNCTION_NAMES } from './functions.ts';
import { REGISTER_NAMES } from './registers.ts';

/** Beside registers: what the debugger itself knows. `nan` and `inf` are floats. */
export const SPECIAL_NAMES = ['hits', 'old', 'new', 'nan', 'inf', 'true', 'false'] as const;

export class Scope {
  readonly #index: DebugIndex | null;
  readonly #tensors: ReadonlyMap<string, DebugTensor>;
  /** The label that local ones (`.loop`) belong to. */
  readonly #around: string | null;

  /** @param at an address in the function whose local labels are meant; null for none. */
  constructor(index: DebugIndex | null, at: number | null = null) {
    this.#index = index;
    this.#tensors = new Map(index?.info.tensors.map((tensor) => [tensor.name, tensor]));
    const symbol = at === null ? null : (index?.symbolAt(at) ?? null);
    this.#around = symbol?.name.split('.')[0] ?? null;
  }

  tensor(name: string): DebugTensor | null {
    return this.#tensors.get(name) ?? null;
  }

  /** The address of a label; `.loop` is one of the function around. */
  label(name: string): number | null {
    const full = name.startsWith('.') && this.#around !== null ? this.#around + name : name;
    return this.#index?.symbol(full)?.address ?? null;
  }

  /** A known name that looks like `name`, or null. */
  guess(name: string): string | null {
    const wanted = name.toLowerCase();
    let best: string | null = null;
    let least = wanted.length < 4 ? 2 : 3;
    const labels = this.#index?.info.symbols.map((symbol) => symbol.name) ?? [];
    for (const known of [
      ...this.#tensors.keys(),
      ...REGISTER_NAMES,
      ...SPECIAL_NAMES,
      ...FUNCTION_NAMES,
      ...labels,
    ]) {
      if (Math.abs(known.length - wanted.length) >= least) continue;
      const away = distance(wanted, known.toLowerCase());
      if (away < least) [best, least] = [known, away];
    }
    return best;
  }
}

/** Edits from one word to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
