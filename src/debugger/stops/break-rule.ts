// SPDX-License-Identifier: GPL-2.0-or-later
/** One breakpoint: when an arrival at its instruction counts, and what comes of it. */
import type { BreakpointSpec, StopProblem } from '../../protocol/breakpoints.ts';
import { HitJournal } from './hit-journal.ts';
import { parseHitRule, type HitRule } from './hit-rule.ts';

export class BreakRule {
  readonly spec: BreakpointSpec;
  readonly journal: HitJournal;
  readonly #stops: HitRule;

  private constructor(spec: BreakpointSpec, journal: HitJournal, stops: HitRule) {
    this.spec = spec;
    this.journal = journal;
    this.#stops = stops;
  }

  /** @param before the rule of the same id so far; its hits are kept if they are hits of this. */
  static make(spec: BreakpointSpec, before: BreakRule | null): BreakRule | StopProblem {
    const stops = parseHitRule(spec.hits ?? '');
    if (!stops.ok) return { id: spec.id, field: 'hits', ...stops.error };
    const same = before !== null && before.spec.address === spec.address;
    return new BreakRule(spec, same ? before.journal : new HitJournal(), stops.value);
  }

  /** Whether arriving here at instruction count `at` stops. @param quiet leaves no trace. */
  arrive(at: number, quiet: boolean): boolean {
    const number = this.journal.numberOf(at);
    if (!quiet) this.journal.note(at);
    return this.#stops(number);
  }
}
