// SPDX-License-Identifier: GPL-2.0-or-later
/** The sources as they stand in the repository, so that no test holds a line number. */
import { readFileSync } from 'node:fs';

/**
 * The number, from 1, of the one line of `asm/<file>` that holds `text`.
 * @param after the line is sought behind the line that holds this.
 * @throws Error unless there is exactly one such line (the first behind `after`).
 */
export function lineOf(file: string, text: string, after?: string): number {
  const lines = readFileSync(new URL(`../../asm/${file}`, import.meta.url), 'utf8').split('\n');
  const from = after === undefined ? 0 : lines.findIndex((line) => line.includes(after)) + 1;
  const found = lines.flatMap((line, i) => (i >= from && line.includes(text) ? [i + 1] : []));
  const line = found[0];
  if (line === undefined || (after === undefined && found.length > 1)) {
    throw new Error(`asm/${file} has ${found.length} lines with “${text}”`);
  }
  return line;
}
