// SPDX-License-Identifier: GPL-2.0-or-later
/** Which bytes differ from what was seen at the stop before: kept by blocks, bounded. */

const BLOCK = 256;
const BLOCKS = 512;

interface Block {
  /** The stop at which `now` was read. */
  stop: number;
  now: Uint8Array;
  /** The bytes at the stop before, or null when they were not looked at then. */
  before: Uint8Array | null;
}

export class MemoryChanges {
  readonly #blocks = new Map<number, Block>();

  /** Takes note of bytes read at a stop. `address` and the length are multiples of 256. */
  record(stop: number, address: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += BLOCK) {
      const key = address + at;
      const now = bytes.slice(at, at + BLOCK);
      const known = this.#blocks.get(key);
      this.#blocks.delete(key);
      let before: Uint8Array | null = null;
      if (known?.stop === stop) before = known.before;
      else if (known?.stop === stop - 1) before = known.now;
      this.#blocks.set(key, { stop, now, before });
    }
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= BLOCKS) break;
      this.#blocks.delete(oldest);
    }
  }

  /** The byte at the stop before `stop` when it differs, else null. */
  before(stop: number, address: number): number | null {
    const block = this.#blocks.get(address - (address % BLOCK));
    if (block?.stop !== stop || block.before === null) return null;
    const old = block.before[address % BLOCK];
    return old === undefined || old === block.now[address % BLOCK] ? null : old;
  }

  clear(): void {
    this.#blocks.clear();
  }
}
