// SPDX-License-Identifier: GPL-2.0-or-later
/** Moments worth finding again: the program's own events, stops at breakpoints. */

export interface Mark {
  /** Instructions executed. */
  readonly at: number;
  readonly name: string;
}

const COST = 10;

/** Most marks kept; of more, every second one goes. */
const MOST = 200_000;

/** Moments in ascending order, each with one of a few names. */
export class Marks {
  #at = new Float64Array(256);
  #name = new Uint16Array(256);
  #names: string[];
  #count = 0;

  constructor(names: readonly string[] = []) {
    this.#names = [...names];
  }

  get bytes(): number {
    return this.#count * COST;
  }

  get count(): number {
    return this.#count;
  }

  /** Notes a moment behind all others; one that is noted already, or lies before, is left out. */
  add(at: number, name: string): void {
    let id = this.#names.indexOf(name);
    if (id < 0) id = this.#names.push(name) - 1;
    const last = this.#count - 1;
    if (last >= 0 && (this.#at[last] ?? 0) > at) return;
    if (last >= 0 && this.#at[last] === at && this.#name[last] === id) return;
    if (this.#count >= MOST) this.#halve();
    if (this.#count === this.#at.length) this.#resize(this.#count * 2);
    this.#at[this.#count] = at;
    this.#name[this.#count++] = id;
  }

  /** All moments from `from` to `to` inclusive. */
  between(from: number, to: number): Mark[] {
    const found: Mark[] = [];
    for (let i = this.#find(from); i < this.#count; i++) {
      const at = this.#at[i] ?? 0;
      if (at > to) break;
      found.push({ at, name: this.#names[this.#name[i] ?? 0] ?? '' });
    }
    return found;
  }

  /** Adds moments of any time; those that are noted already are left out. */
  merge(found: readonly Mark[]): void {
    const known = new Set(this.between(0, Infinity).map(({ at, name }) => `${at} ${name}`));
    const added = found.filter(({ at, name }) => !known.has(`${at} ${name}`));
    const all = [...this.between(0, Infinity), ...added].sort((a, b) => a.at - b.at);
    this.#count = 0;
    for (const { at, name } of all) this.add(at, name);
  }

  /** The last moment of a name not behind `at`, and the first behind it; null: there is none. */
  around(name: string, at: number): { readonly from: number | null; readonly to: number | null } {
    const id = this.#names.indexOf(name);
    const next = this.#find(at + 1);
    let [before, behind] = [next - 1, next];
    while (before >= 0 && this.#name[before] !== id) before--;
    while (behind < this.#count && this.#name[behind] !== id) behind++;
    const moment = (i: number): number | null =>
      i >= 0 && i < this.#count ? (this.#at[i] ?? null) : null;
    return { from: moment(before), to: moment(behind) };
  }

  /** An independent copy of the moments not behind `at`. */
  fork(at: number): Marks {
    const copy = new Marks(this.#names);
    copy.#count = this.#find(at + 1);
    copy.#resize(Math.max(256, copy.#count * 2));
    copy.#at.set(this.#at.subarray(0, copy.#count));
    copy.#name.set(this.#name.subarray(0, copy.#count));
    return copy;
  }

  /** Lets go of the moments before `at`. */
  forget(at: number): void {
    const from = this.#find(at);
    this.#at.copyWithin(0, from, this.#count);
    this.#name.copyWithin(0, from, this.#count);
    this.#count -= from;
  }

  #find(at: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#at[middle] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #halve(): void {
    let kept = 0;
    for (let i = 0; i < this.#count; i += 2) {
      this.#at[kept] = this.#at[i] ?? 0;
      this.#name[kept++] = this.#name[i] ?? 0;
    }
    this.#count = kept;
  }

  #resize(room: number): void {
    const at = new Float64Array(room);
    const name = new Uint16Array(room);
    at.set(this.#at.subarray(0, Math.min(room, this.#count)));
    name.set(this.#name.subarray(0, Math.min(room, this.#count)));
    this.#at = at;
    this.#name = name;
  }
}
