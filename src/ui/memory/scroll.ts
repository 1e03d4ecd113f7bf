// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Scrolling over more rows than a browser's scroll area can be high (some 16 million pixels):
 * up to a limit rows and pixels correspond exactly, beyond it proportionally.
 */

/** Most pixels of a scroll area. */
export const SCROLL_LIMIT = 8_000_000;

export interface ScrollScale {
  readonly rows: number;
  readonly rowHeight: number;
  /** Height of the visible part, pixels. */
  readonly view: number;
}

/** Height of the scroll area in pixels. */
export function scrollHeight({ rows, rowHeight }: ScrollScale): number {
  return Math.min(rows * rowHeight, SCROLL_LIMIT);
}

/** Whether rows and pixels correspond exactly. */
export function isExact({ rows, rowHeight }: ScrollScale): boolean {
  return rows * rowHeight <= SCROLL_LIMIT;
}

/** The first visible row at a scroll position. */
export function rowAt(scroll: number, scale: ScrollScale): number {
  if (isExact(scale)) return Math.floor(scroll / scale.rowHeight);
  const most = scrollHeight(scale) - scale.view;
  const lastTop = scale.rows - Math.floor(scale.view / scale.rowHeight);
  return Math.round((Math.min(scroll, most) / most) * lastTop);
}

/** The scroll position that shows `row` first. */
export function scrollOf(row: number, scale: ScrollScale): number {
  if (isExact(scale)) return row * scale.rowHeight;
  const most = scrollHeight(scale) - scale.view;
  const lastTop = scale.rows - Math.floor(scale.view / scale.rowHeight);
  return (row / lastTop) * most;
}
