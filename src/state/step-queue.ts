// SPDX-License-Identifier: GPL-2.0-or-later
import type { StopReason } from '../protocol/machine.ts';

/** Most steps under way and waiting; a key held down asks for more than can be served. */
const MOST = 3;

/** A step asked for while another is under way comes after it: no key press is lost. */
export class StepQueue {
  #count = 0;
  #last: Promise<StopReason | null> | null = null;

  /**
   * @param step begins the step; @returns why it stopped, or null when it was not begun: too many
   *   wait already, or the one before ended otherwise than after its step.
   */
  async add(step: () => Promise<StopReason | null>): Promise<StopReason | null> {
    if (this.#count >= MOST) return null;
    this.#count++;
    const mine = this.#after(this.#last, step);
    this.#last = mine;
    const reason = await mine;
    this.#count--;
    if (this.#last === mine) this.#last = null;
    return reason;
  }

  async #after(
    before: Promise<StopReason | null> | null,
    step: () => Promise<StopReason | null>,
  ): Promise<StopReason | null> {
    if (before !== null && (await before)?.kind !== 'step') return null;
    return step();
  }
}
