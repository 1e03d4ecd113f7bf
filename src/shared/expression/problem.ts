// SPDX-License-Identifier: GPL-2.0-or-later
/** What can be wrong with an expression, with the place in its text. */

export interface ExpressionProblem {
  /** 1-based. */
  readonly column: number;
  /** Characters concerned, ≥ 1. */
  readonly length: number;
  /** A sentence or two for people. */
  readonly message: string;
}

/** Ends lexing, parsing, checking or evaluating from any depth; never leaves this folder. */
export class Refused extends Error {
  readonly problem: ExpressionProblem;

  constructor(at: Span, message: string) {
    super(message);
    this.problem = { column: at.start + 1, length: Math.max(1, at.end - at.start), message };
  }
}

/** A stretch of the text: characters from `start` (0-based) to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}
