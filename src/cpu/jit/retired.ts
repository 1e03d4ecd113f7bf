// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Translations whose pages went away, kept for when the same code comes back: a program that is
 * started again has the same bytes at the same place, and its regions need not be translated again.
 */

/** As much as is kept; the oldest go first. */
const MOST = 1024;
const MOST_BYTES = 8 * 2 ** 20;

interface Kept {
  readonly root: number;
  readonly wasmBytes: number;
}

export class Retired<T extends Kept> {
  /** By root; the oldest first. */
  readonly #kept = new Map<number, T>();
  #bytes = 0;

  get size(): number {
    return this.#kept.size;
  }

  clear(): void {
    this.#kept.clear();
    this.#bytes = 0;
  }

  add(t: T): void {
    this.#remove(t.root);
    this.#kept.set(t.root, t);
    this.#bytes += t.wasmBytes;
    for (const root of this.#kept.keys()) {
      if (this.#kept.size <= MOST && this.#bytes <= MOST_BYTES) break;
      this.#remove(root);
    }
  }

  /** The one rooted there if it is still what it should be; it is kept no longer. */
  take(root: number, fits: (t: T) => boolean): T | null {
    const t = this.#kept.get(root);
    if (!t || !fits(t)) return null;
    this.#remove(root);
    return t;
  }

  #remove(root: number): void {
    const t = this.#kept.get(root);
    if (t && this.#kept.delete(root)) this.#bytes -= t.wasmBytes;
  }
}
