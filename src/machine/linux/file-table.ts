// SPDX-License-Identifier: GPL-2.0-or-later
import type { OpenFile } from '../files.ts';
import { MAX_FILES } from './constants.ts';

/** What a file descriptor stands for. */
export interface Description {
  /** Standard streams have no file behind them. */
  readonly target: OpenFile | 'stdin' | 'stdout' | 'stderr';
  readonly readable: boolean;
  readonly writable: boolean;
  readonly append: boolean;
  /** Offset of the next read or write of a file. */
  position: number;
}

/** File descriptors 0 … MAX_FILES - 1. */
export class FileTable {
  readonly #slots: (Description | undefined)[] = [];
  /** No descriptor below this one is free. */
  #lowest = 0;

  get(fd: number): Description | undefined {
    return this.#slots[fd];
  }

  /** Whether `insert` would find room. */
  get full(): boolean {
    this.#seek();
    return this.#lowest >= MAX_FILES;
  }

  /** Gives the description the lowest free descriptor. @returns null when all are in use. */
  insert(description: Description): number | null {
    if (this.full) return null;
    this.#slots[this.#lowest] = description;
    return this.#lowest;
  }

  remove(fd: number): Description | undefined {
    const description = this.#slots[fd];
    if (description === undefined) return undefined;
    this.#slots[fd] = undefined;
    this.#lowest = Math.min(this.#lowest, fd);
    return description;
  }

  /** All descriptors in use, ascending. */
  entries(): { readonly fd: number; readonly description: Description }[] {
    return this.#slots.flatMap((description, fd) =>
      description === undefined ? [] : [{ fd, description }],
    );
  }

  /** Replaces the whole table. */
  replace(entries: Iterable<{ readonly fd: number; readonly description: Description }>): void {
    this.#slots.length = 0;
    this.#lowest = 0;
    for (const { fd, description } of entries) this.#slots[fd] = description;
  }

  /** Takes all descriptions out, for the end of the process. */
  clear(): Description[] {
    this.#lowest = 0;
    return this.#slots.splice(0).filter((d) => d !== undefined);
  }

  #seek(): void {
    while (this.#lowest < MAX_FILES && this.#slots[this.#lowest] !== undefined) this.#lowest++;
  }
}
