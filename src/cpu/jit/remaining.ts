// SPDX-License-Identifier: GPL-2.0-or-later
/** How far it is from an instruction to the end of its translated block. */

interface Blocks {
  /** Addresses of instructions, block by block. */
  readonly blocks: readonly (readonly number[])[];
}

/** Translations that are kept unlisted. */
const MOST = 1024;

export class Remaining {
  readonly #byIp = new Map<number, number>();
  /** Few are ever asked about: their instructions are listed only then. */
  #unlisted: Blocks[] = [];

  add(translation: Blocks): void {
    this.#unlisted.push(translation);
    if (this.#unlisted.length > MOST) this.#list();
  }

  /** Instructions from `ip` to the end of its block, itself included; 0 when none is known. */
  at(ip: number): number {
    if (this.#unlisted.length > 0) this.#list();
    return this.#byIp.get(ip) ?? 0;
  }

  clear(): void {
    this.#byIp.clear();
    this.#unlisted = [];
  }

  #list(): void {
    for (const { blocks } of this.#unlisted) {
      for (const block of blocks) {
        block.forEach((ip, i) => this.#byIp.set(ip, block.length - i));
      }
    }
    this.#unlisted = [];
  }
}
