// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Breakpoints by source line. The editor moves them along as lines come and go; each assembly
 * resolves them to addresses anew.
 */
import { emptyMap, withEntry, withoutKey } from './collections.ts';
import type { DebugIndex } from '../shared/debug-index.ts';
import { detailsOf, PLAIN_STOP, type StopDetails } from './stop-details.ts';
import type { Store } from './store.ts';

const KEY = 'breakpoints';

interface Mark extends StopDetails {
  /** 1-based, in the text as the editor has it now. */
  readonly line: number;
}

export interface Breakpoint extends Mark {
  readonly file: string;
  /** Its first instruction in the current program, null when the line makes none (any more). */
  readonly address: number | null;
}

export class Breakpoints {
  readonly #store: Store;
  #marks = $state.raw(emptyMap<string, readonly Mark[]>());
  #index = $state.raw<DebugIndex | null>(null);

  readonly #all = $derived.by((): readonly Breakpoint[] =>
    [...this.#marks].flatMap(([file, marks]) =>
      marks.map((mark) => ({
        ...mark,
        file,
        address: this.#index?.addressesOf(file, mark.line)[0] ?? null,
      })),
    ),
  );

  constructor(store: Store) {
    this.#store = store;
    for (const [file, kept] of store.get(KEY, [], isKept)) {
      const marks = kept.map((each) =>
        typeof each === 'number'
          ? { ...PLAIN_STOP, line: each } // as earlier versions kept them
          : { ...detailsOf(each), line: each.line },
      );
      this.#marks = withEntry(this.#marks, file, sorted(marks));
    }
  }

  get all(): readonly Breakpoint[] {
    return this.#all;
  }

  inFile(file: string): readonly number[] {
    return this.#in(file).map(({ line }) => line);
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
    const here = this.#in(file);
    if (here.some((mark) => mark.line === line)) {
      this.remove(file, line);
      return line;
    }
    return this.change(file, line, {});
  }

  /**
   * Changes the breakpoint of a line, or sets one. A line without code hands it to the next that has.
   * @returns the line concerned, or null when no code follows within reach.
   */
  change(file: string, line: number, details: Partial<StopDetails>): number | null {
    const here = this.#in(file);
    const known = here.some((mark) => mark.line === line);
    const target = known || !this.#index ? line : this.#index.codeLineFrom(file, line);
    if (target === null) return null;
    const before = here.find((mark) => mark.line === target) ?? { ...PLAIN_STOP, line: target };
    const rest = here.filter((mark) => mark.line !== target);
    this.#put(file, [...rest, { ...before, ...details }]);
    return target;
  }

  remove(file: string, line: number): void {
    this.#put(
      file,
      this.#in(file).filter((mark) => mark.line !== line),
    );
  }

  /** The editor's account of where a file's breakpoints are after an edit, in their order. */
  move(file: string, lines: readonly number[]): void {
    const here = this.#in(file);
    if (lines.length === here.length && lines.every((line, i) => line === here[i]?.line)) return;
    // When lines have been joined, the first of their breakpoints stays.
    const moved = lines.map((line, i) => ({ ...(here[i] ?? PLAIN_STOP), line }));
    this.#put(
      file,
      moved.filter(({ line }, i) => moved.findIndex((mark) => mark.line === line) === i),
    );
  }

  clear(): void {
    this.#marks = emptyMap();
    this.#keep();
  }

  #in(file: string): readonly Mark[] {
    return this.#marks.get(file) ?? [];
  }

  #put(file: string, marks: readonly Mark[]): void {
    this.#marks =
      marks.length === 0
        ? withoutKey(this.#marks, file)
        : withEntry(this.#marks, file, sorted(marks));
    this.#keep();
  }

  #keep(): void {
    this.#store.set(KEY, [...this.#marks]);
  }
}

function sorted(marks: readonly Mark[]): readonly Mark[] {
  return [...marks].sort((a, b) => a.line - b.line);
}

type Kept = number | { readonly line: number };

function isKept(value: unknown): value is [string, Kept[]][] {
  return (
    Array.isArray(value) &&
    value.every((entry: unknown) => {
      if (!Array.isArray(entry)) return false;
      const [file, marks] = entry as unknown[];
      return typeof file === 'string' && Array.isArray(marks) && marks.every(isMark);
    })
  );
}

function isMark(value: unknown): value is Kept {
  if (Number.isInteger(value)) return true;
  return typeof value === 'object' && value !== null && 'line' in value
    ? Number.isInteger(value.line)
    : false;
}
