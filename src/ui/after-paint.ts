// SPDX-License-Identifier: GPL-2.0-or-later
/** What may come one frame later: it does not hold up the frame that shows what has changed. */

export class AfterPaint {
  #turn = 0;

  /** Runs `task` behind the next frame; of several before then, only the latest. */
  run(task: () => void): void {
    const turn = ++this.#turn;
    requestAnimationFrame(() => {
      // A task of its own, behind the frame that this callback stands at the head of.
      setTimeout(() => {
        if (turn === this.#turn) task();
      });
    });
  }

  /** What waits is not wanted any more. */
  cancel(): void {
    this.#turn++;
  }
}
