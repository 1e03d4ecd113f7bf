// SPDX-License-Identifier: GPL-2.0-or-later
import type { StraceLine } from '../../protocol/machine.ts';

/** The calls that contain every word of the filter, in any case. */
export function filterStrace(
  lines: readonly StraceLine[],
  filter: string,
  failedOnly: boolean,
): readonly StraceLine[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && !failedOnly) return lines;
  return lines.filter((line) => {
    const text = line.text.toLowerCase();
    return (!failedOnly || line.failed) && words.every((word) => text.includes(word));
  });
}

/** Which of `count` rows of equal height are in sight, two more on either side. */
export function visibleRows(
  scroll: number,
  view: number,
  rowHeight: number,
  count: number,
): { readonly first: number; readonly end: number } {
  const first = Math.max(0, Math.floor(scroll / rowHeight) - 2);
  return { first, end: Math.min(count, Math.ceil((scroll + view) / rowHeight) + 2) };
}
