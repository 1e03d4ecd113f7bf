// SPDX-License-Identifier: GPL-2.0-or-later
/** How hot the lines of the sources are. */
import type { ProfileLine } from '../../protocol/profile.ts';
import { formatCounted, formatShare } from '../../shared/format.ts';

/** 1: was executed at all; 6: as hot as the hottest line, or nearly. */
export type HeatLevel = 1 | 2 | 3 | 4 | 5 | 6;

export interface HeatMark {
  /** 1-based, in the text as it is shown. */
  readonly line: number;
  readonly level: HeatLevel;
  readonly text: string;
}

/** Of the hottest line's instructions so much makes each level above the first. */
export const HEAT_STEPS: readonly (readonly [HeatLevel, number])[] = [
  [6, 0.5],
  [5, 0.2],
  [4, 0.05],
  [3, 0.01],
  [2, 0.001],
];

export function heatLevel(count: number, hottest: number): HeatLevel {
  return HEAT_STEPS.find(([, part]) => count >= part * hottest)?.[0] ?? 1;
}

/**
 * The marks of one file.
 * @param total instructions of the whole profile
 * @param shown where a line of the program's sources is in the text shown; null: nowhere
 */
export function heatOf(
  lines: readonly ProfileLine[],
  total: number,
  file: string,
  shown: (line: number) => number | null,
): HeatMark[] {
  const hottest = lines.reduce((most, { count }) => Math.max(most, count), 0);
  const marks: HeatMark[] = [];
  for (const each of lines) {
    const line = each.file === file ? shown(each.line) : null;
    if (line === null) continue;
    const level = heatLevel(each.count, hottest);
    marks.push({ line, level, text: heatText(each, total) });
  }
  return marks;
}

function heatText({ count, times }: ProfileLine, total: number): string {
  const instructions = `${formatCounted(count, 'instruction')}, ${formatShare(count, total)} of all`;
  return `Executed ${formatCounted(times, 'time')}: ${instructions}`;
}
