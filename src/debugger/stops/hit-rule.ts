// SPDX-License-Identifier: GPL-2.0-or-later
/** Which hits of a stop count: `= 5`, `>= 100`, `> 3`, `% 10`. */
import { err, ok, type Result } from '../../shared/result.ts';

/** Whether the `n`-th hit (from 1) is meant. */
export type HitRule = (n: number) => boolean;

export interface RuleProblem {
  /** 1-based. */
  readonly column: number;
  readonly message: string;
}

const FORM = /^\s*(=|==|>=|>|%)?\s*(\d+)\s*$/;

/** @param text empty for every hit; a bare number means exactly that one. */
export function parseHitRule(text: string): Result<HitRule, RuleProblem> {
  if (text.trim() === '') return ok(() => true);
  const match = FORM.exec(text);
  if (match === null) {
    const column = text.length - text.trimStart().length + 1;
    const message =
      'Hits are written = 5 (the fifth), >= 100 (from then on) or % 10 (every tenth).';
    return err({ column, message });
  }
  const number = Number(match[2]);
  if (number === 0 && match[1] !== '>' && match[1] !== '>=') {
    return err({ column: text.indexOf('0') + 1, message: 'Hits are counted from 1.' });
  }
  switch (match[1]) {
    case '>=':
      return ok((n) => n >= number);
    case '>':
      return ok((n) => n > number);
    case '%':
      return ok((n) => n % number === 0);
    default:
      return ok((n) => n === number);
  }
}
