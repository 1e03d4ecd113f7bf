// SPDX-License-Identifier: GPL-2.0-or-later
/** Where the machine is to stop: lines, which the project keeps, and bare instructions. */
import { SvelteSet } from 'svelte/reactivity';
import type { DebugIndex, SourceLine } from '../shared/debug-index.ts';

/** Breakpoints on source lines; the project's, which keeps them and moves them with edits. */
export interface LineBreakpoints {
  readonly all: readonly SourceLine[];
  /** @returns the line that was set or cleared, or null when there is no code near. */
  toggle(file: string, line: number): number | null;
}

export class Breakpoints {
  /** Instructions that no line stands for. */
  readonly #addresses = new SvelteSet<number>();
  #lines = $state.raw<LineBreakpoints | null>(null);

  /** Sets who keeps the line breakpoints. */
  useLines(lines: LineBreakpoints): void {
    this.#lines = lines;
  }

  /** @returns the line that was set or cleared, or null when there is no code near. */
  toggleLine(file: string, line: number): number | null {
    return this.#lines?.toggle(file, line) ?? null;
  }

  /** Sets or clears one on an instruction; on its source line when it is the line's first. */
  toggleAddress(address: number, index: DebugIndex | null): void {
    const place = index?.lineAt(address) ?? null;
    const first = place === null ? null : index?.addressesOf(place.file, place.line)[0];
    if (place !== null && first === address && this.#lines !== null) {
      this.#lines.toggle(place.file, place.line);
    } else if (!this.#addresses.delete(address)) {
      this.#addresses.add(address);
    }
  }

  /** What the machine is told: ascending, each once. */
  addresses(index: DebugIndex | null): readonly number[] {
    const ofLines = (this.#lines?.all ?? []).flatMap(
      ({ file, line }) => index?.addressesOf(file, line)[0] ?? [],
    );
    return [...this.#addresses, ...ofLines]
      .sort((a, b) => a - b)
      .filter((address, i, all) => address !== all[i - 1]);
  }
}
