// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Code that a program goes on rewriting. A translation costs milliseconds: one that does not live
 * long is never worth it. After a page's translations have died of rewriting a few times, code on
 * it is left to the fallback for a while, and then gets another chance.
 */
import { PAGE_SIZE } from '../../machine/layout.ts';

/** So many times a page may be rewritten before it has to rest: loaders write code once or twice. */
const PATIENCE = 8;

/** Instructions for which a page rests: in the fallback they take about as long as a translation. */
const REST = 4096;

interface Page {
  rewritten: number;
  /** The instruction count at which the rest ends. */
  until: number;
}

export class RestlessCode {
  readonly #pages = new Map<number, Page>();

  /** Translations from these pages have died, `now` being the instruction count. */
  rewritten(pages: Iterable<number>, now: number): void {
    for (const number of pages) {
      const page = this.#pages.get(number) ?? { rewritten: 0, until: 0 };
      this.#pages.set(number, page);
      if (++page.rewritten > PATIENCE) page.until = now + REST;
    }
  }

  /** Instructions for which code at `rip` is not to be translated from `now` on; 0: none. */
  restAt(rip: number, now: number): number {
    if (this.#pages.size === 0) return 0;
    const until = this.#pages.get(Math.floor(rip / PAGE_SIZE))?.until ?? 0;
    // a process that starts anew, or time travel, sets the count back
    return until - now > REST ? 0 : Math.max(0, until - now);
  }

  /** Another program, or other mappings: nothing is known of its pages. */
  clear(): void {
    this.#pages.clear();
  }
}
