// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Where a long run of vector arithmetic is divided.
 *
 * The host executes loads where they stand, but arithmetic as late as it can: of "load four,
 * multiply four, add four, load four more ..." it makes eight loads first, whose results do not fit
 * into its registers together with the sums. A way out of the region between two groups of loads,
 * even one that is never taken, needs the sums as they are there and so has them computed.
 */
import type { Insn } from './decode.ts';

/** So many loads may be pending together. */
const MOST = 4;

export class LoadGroups {
  #loads = 0;
  #loading = false;

  /** Looks at a block's next instruction: whether a new group begins with it. */
  begins(insn: Insn): boolean {
    const [, src] = insn.ops;
    const behindLoad = this.#loading;
    this.#loading = src?.k === 'mem' && src.size === 16 && insn.xmmWritten !== 0;
    if (!this.#loading) return false;
    const begins = this.#loads >= MOST && !behindLoad;
    this.#loads = begins ? 1 : this.#loads + 1;
    return begins;
  }
}
