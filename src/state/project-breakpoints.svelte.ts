// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Breakpoints by source line. The editor moves them along as lines come and go; each assembly
 * resolves them to addresses anew.
 */
import { ascending, emptyMap, withEntry, withoutKey } from './collections.ts';
import type { DebugIndex } from '../shared/debug-index.ts';
import type { Store } from './store.ts';

const KEY = 'breakpoints';

export interface Breakpoint {
  readonly file: string;
  /** 1-based, in the text as the editor has it now. */
  readonly line: number;
  /** Its first instruction in the current program, null when the line makes none (any more). */
  readonly address: number | null;
}

export class Breakpoints {
  readonly #store: Store;
  #lines = $state.raw(emptyMap<string, readonly number[]>());
  #index = $state.raw<DebugIndex | null>(null);

  readonly #all = $derived.by((): readonly Breakpoint[] =>
    [...this.#lines].flatMap(([file, lines]) =>
      lines.map((line) => ({
        file,
        line,
        address: this.#index?.addressesOf(file, line)[0] ?? null,
      })),
    ),
  );

  readonly #addresses = $derived.by((): readonly number[] =>
    ascending(this.#all.flatMap((b) => (b.address === null ? [] : [b.address]))),
  );

  constructor(store: Store) {
    this.#store = store;
    for (const [file, lines] of store.get(KEY, [], isLines)) {
      this.#lines = withEntry(this.#lines, file, lines);
    }
  }

  get all(): readonly Breakpoint[] {
    return this.#all;
  }

  /** What the machine is given: ascending, each once. */
  get addresses(): readonly number[] {
    return this.#addresses;
  }

  inFile(file: string): readonly number[] {
    return this.#lines.get(file) ?? [];
  }

  /** Resolves all lines in a newly assembled program. */
  resolve(index: DebugIndex): void {
    this.#index = index;
  }

  /**
   * Sets or removes the breakpoint of a line. A line without code hands it to the next that has.
   * @returns the line concerned, or null when no code follows within reach.
   */
  toggle(file: string, line: number): number | null {
    const here = this.inFile(file);
    if (here.includes(line)) {
      this.#put(
        file,
        here.filter((l) => l !== line),
      );
      return line;
    }
    const target = this.#index ? this.#index.codeLineFrom(file, line) : line;
    if (target === null) return null;
    if (target !== line && here.includes(target)) return target;
    this.#put(file, [...here, target]);
    return target;
  }

  /** The editor's account of where a file's breakpoints are after an edit. */
  move(file: string, lines: readonly number[]): void {
    const next = ascending(lines);
    const before = this.inFile(file);
    if (next.length === before.length && next.every((l, i) => l === before[i])) return;
    this.#put(file, next);
  }

  clear(): void {
    this.#lines = emptyMap();
    this.#keep();
  }

  #put(file: string, lines: readonly number[]): void {
    this.#lines =
      lines.length === 0
        ? withoutKey(this.#lines, file)
        : withEntry(this.#lines, file, ascending(lines));
    this.#keep();
  }

  #keep(): void {
    this.#store.set(KEY, [...this.#lines]);
  }
}

function isLines(value: unknown): value is [string, number[]][] {
  return (
    Array.isArray(value) &&
    value.every((entry: unknown) => {
      if (!Array.isArray(entry)) return false;
      const [file, lines] = entry as unknown[];
      return typeof file === 'string' && Array.isArray(lines) && lines.every(Number.isInteger);
    })
  );
}
