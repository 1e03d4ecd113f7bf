// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * One tab stop for many cells, as an attachment on what holds them: `<div {@attach roving}>`.
 * Cells carry `data-cell`; arrow keys go to the nearest one in their direction, Home and End to the
 * first and last of all.
 */
import type { Attachment } from 'svelte/attachments';

type Way = readonly [x: number, y: number];

const WAYS: Readonly<Record<string, Way>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function cellsOf(box: Element): HTMLElement[] {
  return [...box.querySelectorAll<HTMLElement>('[data-cell]')];
}

/** The cell nearest in a direction: along it first, then the least to the side. */
function nearest(
  from: HTMLElement,
  cells: readonly HTMLElement[],
  [dx, dy]: Way,
): HTMLElement | null {
  const origin = from.getBoundingClientRect();
  let best: HTMLElement | null = null;
  let least = Infinity;
  for (const cell of cells) {
    if (cell === from) continue;
    const box = cell.getBoundingClientRect();
    const x = box.left + box.width / 2 - (origin.left + origin.width / 2);
    const y = box.top + box.height / 2 - (origin.top + origin.height / 2);
    const along = x * dx + y * dy;
    const aside = Math.abs(x * dy) + Math.abs(y * dx);
    if (along < 4 || (dx !== 0 && aside > origin.height / 2)) continue;
    const distance = along + (dy !== 0 ? aside * 2 : 0);
    if (distance < least) [best, least] = [cell, distance];
  }
  return best;
}

export const roving: Attachment = (box) => {
  const mark = (current: HTMLElement | undefined): void => {
    for (const cell of cellsOf(box)) cell.tabIndex = cell === current ? 0 : -1;
  };
  const settle = (): void => {
    const cells = cellsOf(box);
    mark(cells.find((cell) => cell.tabIndex === 0) ?? cells[0]);
  };
  const focusin = (event: Event): void => {
    const cell = event.target instanceof HTMLElement ? event.target : null;
    if (cell?.hasAttribute('data-cell') === true) mark(cell);
  };
  const keydown = (event: Event): void => {
    if (!(event instanceof KeyboardEvent) || event.altKey || event.ctrlKey || event.metaKey) return;
    const cell = event.target instanceof HTMLElement ? event.target : null;
    if (cell?.hasAttribute('data-cell') !== true) return;
    const cells = cellsOf(box);
    const way = WAYS[event.key];
    const to =
      way !== undefined
        ? nearest(cell, cells, way)
        : event.key === 'Home'
          ? cells[0]
          : event.key === 'End'
            ? cells.at(-1)
            : undefined;
    if (to === undefined) return;
    event.preventDefault();
    to?.focus();
  };
  settle();
  // Rows come and go; there must always be one tab stop.
  const watch = new MutationObserver(settle);
  watch.observe(box, { childList: true, subtree: true });
  box.addEventListener('focusin', focusin);
  box.addEventListener('keydown', keydown);
  return () => {
    watch.disconnect();
    box.removeEventListener('focusin', focusin);
    box.removeEventListener('keydown', keydown);
  };
};
