// SPDX-License-Identifier: GPL-2.0-or-later
/** What two versions of a text have in common, by lines. */

export interface ChangedLines {
  /** Lines equal at the start and, apart from those, at the end. */
  readonly before: number;
  readonly after: number;
  readonly oldLines: readonly string[];
  readonly newLines: readonly string[];
}

/** The one stretch of lines outside of which the texts are equal. */
export function changedLines(oldText: string, newText: string): ChangedLines {
  const oldLines = oldText.split('\n');
  const newLines = newText.split('\n');
  const shorter = Math.min(oldLines.length, newLines.length);
  let before = 0;
  while (before < shorter && oldLines[before] === newLines[before]) before++;
  let after = 0;
  while (
    after < shorter - before &&
    oldLines[oldLines.length - 1 - after] === newLines[newLines.length - 1 - after]
  ) {
    after++;
  }
  return { before, after, oldLines, newLines };
}

/** Tells where lines (1-based) of the old text are in the new one; null for those changed. */
export function lineMapper(oldText: string, newText: string): (line: number) => number | null {
  if (oldText === newText) return (line) => line;
  const { before, after, oldLines, newLines } = changedLines(oldText, newText);
  return (line) => {
    if (line <= before) return line;
    const fromEnd = oldLines.length - line;
    return fromEnd < after ? newLines.length - fromEnd : null;
  };
}

/** As `lineMapper`, for one line. */
export function mapLine(oldText: string, newText: string, line: number): number | null {
  return lineMapper(oldText, newText)(line);
}
