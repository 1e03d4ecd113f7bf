// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * When a stop was hit, by instruction count: so that a hit has the same number whenever it is come
 * by, forward or in a replay.
 */

/** Hits remembered one by one; older ones are only counted. */
const MOST = 1 << 20;

export class HitJournal {
  #at = new Float64Array(16);
  #length = 0;
  /** Hits that were let go of, all before the remembered ones. */
  #dropped = 0;

  /** Hits up to and including instruction count `at`. */
  upTo(at: number): number {
    return this.#dropped + this.#rank(at);
  }

  /** Whether there was a hit at this very instruction count. */
  has(at: number): boolean {
    return this.#at[this.#rank(at) - 1] === at;
  }

  /** The number of a hit at `at`, from 1; whether or not it is known. */
  numberOf(at: number): number {
    return this.upTo(at) + (this.has(at) ? 0 : 1);
  }

  /** Notes a hit. @returns whether it is new. */
  note(at: number): boolean {
    const rank = this.#rank(at);
    if (rank > 0 && this.#at[rank - 1] === at) return false;
    this.#makeRoom();
    const place = Math.min(rank, this.#length);
    this.#at.copyWithin(place + 1, place, this.#length);
    this.#at[place] = at;
    this.#length++;
    return true;
  }

  /** Forgets what lies behind `at`: the program goes another way from there. */
  forgetAfter(at: number): void {
    this.#length = this.#rank(at);
  }

  #makeRoom(): void {
    if (this.#length === MOST) {
      this.#at.copyWithin(0, MOST / 2);
      this.#length = MOST / 2;
      this.#dropped += MOST / 2;
    } else if (this.#length === this.#at.length) {
      const grown = new Float64Array(this.#length * 2);
      grown.set(this.#at);
      this.#at = grown;
    }
  }

  /** How many of the remembered hits are at or before `at`. */
  #rank(at: number): number {
    if (this.#length === 0 || at >= (this.#at[this.#length - 1] ?? 0)) return this.#length;
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#at[middle] ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
