// SPDX-License-Identifier: GPL-2.0-or-later
/** When to show what comes in faster than it can be shown. */

/** Runs `flush` soon, once for many requests; on one of the page's frames, or at once in tests. */
export type Scheduler = (flush: () => void) => void;

/** Time as the page has it. */
export interface PageTime {
  /** Milliseconds. */
  now(): number;
  visible(): boolean;
  onFrame(task: () => void): void;
  after(ms: number, task: () => void): void;
}

const PAGE_TIME: PageTime = {
  now: () => performance.now(),
  visible: () => document.visibilityState === 'visible',
  onFrame: (task) => requestAnimationFrame(task),
  after: (ms, task) => setTimeout(task, ms),
};

/** After a flush the page has this many times its cost for everything else, its user above all. */
const REST = 3;

/** Milliseconds between flushes of a hidden page: it paints no frames, but buffers stay bounded. */
const HIDDEN = 250;

/** Flushes on the next frame; after one that was expensive to show, not before a rest. */
export function unhurried(time: PageTime = PAGE_TIME): Scheduler {
  let rested = 0;
  const onFrame = (flush: () => void): void => {
    if (!time.visible()) {
      time.after(HIDDEN, flush);
      return;
    }
    time.onFrame(() => {
      const began = time.now();
      flush();
      // A task behind the frame: by then it has been laid out and painted.
      time.after(0, () => (rested = time.now() + REST * (time.now() - began)));
    });
  };
  return (flush) => {
    const wait = rested - time.now();
    if (wait > 0) time.after(wait, () => onFrame(flush));
    else onFrame(flush);
  };
}
