// SPDX-License-Identifier: GPL-2.0-or-later
/** One breakpoint: when an arrival at its instruction counts, and what comes of it. */
import type { BreakpointSpec, StopProblem } from '../../protocol/breakpoints.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import { compileCondition, type Condition } from '../../shared/expression/expression.ts';
import { Scope } from '../../shared/expression/scope.ts';
import { compileTemplate, type Template } from '../../shared/expression/template.ts';
import type { GuestEnv } from './guest-env.ts';
import { HitJournal } from './hit-journal.ts';
import { parseHitRule, type HitRule } from './hit-rule.ts';

/** What an arrival comes to. */
export type Arrival =
  | { readonly kind: 'pass' }
  | { readonly kind: 'log'; readonly text: string }
  /** `text` when there is more to say than where. */
  | { readonly kind: 'stop'; readonly text: string | null };

const PASS: Arrival = { kind: 'pass' };
const STOP: Arrival = { kind: 'stop', text: null };

interface Parts {
  readonly condition: Condition | null;
  readonly stops: HitRule;
  readonly log: Template | null;
}

export class BreakRule {
  readonly spec: BreakpointSpec;
  readonly journal: HitJournal;
  readonly #parts: Parts;

  private constructor(spec: BreakpointSpec, journal: HitJournal, parts: Parts) {
    this.spec = spec;
    this.journal = journal;
    this.#parts = parts;
  }

  /** @param before the rule of the same id so far; its hits are kept if they are hits of this. */
  static make(
    spec: BreakpointSpec,
    before: BreakRule | null,
    index: DebugIndex | null,
  ): BreakRule | StopProblem {
    const { id } = spec;
    const scope = new Scope(index, spec.address);
    const stops = parseHitRule(spec.hits ?? '');
    if (!stops.ok) return { id, field: 'hits', ...stops.error };
    let condition: Condition | null = null;
    if (spec.condition !== undefined && spec.condition.trim() !== '') {
      const compiled = compileCondition(spec.condition, scope);
      if (!compiled.ok) return { id, field: 'condition', ...compiled.error };
      condition = compiled.value;
    }
    let log: Template | null = null;
    if (spec.log !== undefined && spec.log !== '') {
      const compiled = compileTemplate(spec.log, scope, (at) => index?.describe(at) ?? null);
      if (!compiled.ok) return { id, field: 'log', ...compiled.error };
      log = compiled.value;
    }
    const same =
      before?.spec.address === spec.address &&
      (before.spec.condition ?? '') === (spec.condition ?? '');
    const journal = same ? before.journal : new HitJournal();
    return new BreakRule(spec, journal, { condition, stops: stops.value, log });
  }

  /** What arriving here at instruction count `at` comes to. @param quiet leaves no trace. */
  arrive(at: number, env: GuestEnv, quiet: boolean): Arrival {
    const { condition, stops, log } = this.#parts;
    const number = this.journal.numberOf(at);
    env.hits = number;
    const holds = condition === null ? true : condition.holds(env);
    if (holds === false) return PASS;
    const isNew = !quiet && this.journal.note(at);
    if (holds !== true) {
      // Silence would hide it: whoever sets a condition wants to know that it is of no use.
      return { kind: 'stop', text: `Its condition cannot be evaluated here: ${holds.message}` };
    }
    if (!stops(number)) return PASS;
    if (log === null) return condition === null ? STOP : { kind: 'stop', text: condition.text };
    return isNew ? { kind: 'log', text: log(env) } : PASS;
  }
}
