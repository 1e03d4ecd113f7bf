// SPDX-License-Identifier: GPL-2.0-or-later
/** A fuzzing campaign: batches of random cases, compared with the silicon, failures made small. */
import { hexBytes } from '../../../shared/format.ts';
import { STATE } from '../../../shared/cpu-state.ts';
import type { Oracle } from '../../testing/oracle.ts';
import { DATA_BYTES, makeSample, makeSnippet, type Sample, type Snippet } from './cases.ts';
import type { Form } from './forms.ts';
import type { Random } from './random.ts';
import { differences, type Bench } from './three-way.ts';

export interface Failure {
  readonly engine: string;
  readonly text: string;
  readonly code: string;
  readonly state: string;
  readonly data: string;
  readonly differences: readonly string[];
}

interface Case {
  readonly snippet: Snippet;
  readonly sample: Sample;
}

export interface BatchOptions {
  readonly snippets: number;
  /** States that each snippet is run from. */
  readonly samples: number;
  /** Instructions in a snippet. */
  readonly length: number;
}

/**
 * The oracle's own image occupies low addresses on silicon, which are unmapped in our machine: a
 * case that happened to point there proves nothing.
 */
function touchesOracle(found: readonly string[]): boolean {
  return found.some((d) => d === 'signal 11, silicon 5');
}

/** Runs one batch. @returns the number of cases and those in which an engine differed. */
export function runBatch(
  oracle: Oracle,
  benches: readonly { readonly name: string; readonly bench: Bench }[],
  forms: readonly Form[],
  random: Random,
  options: BatchOptions,
): { cases: number; failures: Failure[] } {
  const cases: Case[] = [];
  for (let made = 0; made < options.snippets;) {
    const snippet = makeSnippet(forms, options.length, random);
    if (!snippet) continue;
    made++;
    for (let i = 0; i < options.samples; i++)
      cases.push({ snippet, sample: makeSample(snippet, random) });
  }
  const silicon = oracle.run(
    cases.map(({ snippet, sample }) => ({
      code: snippet.code,
      state: sample.state,
      data: sample.data,
    })),
    DATA_BYTES,
  );
  const failures: Failure[] = [];
  cases.forEach((c, i) => {
    const want = silicon[i];
    if (!want) return;
    for (const { name, bench } of benches) {
      const found = differences(c.snippet, bench.run(c.snippet, c.sample), want);
      if (found.length > 0 && !touchesOracle(found)) failures.push(describe(name, c, found));
    }
  });
  return { cases: cases.length, failures };
}

function describe(engine: string, { snippet, sample }: Case, found: readonly string[]): Failure {
  return {
    engine,
    text: snippet.insns.map((i) => i.mnemonic.toLowerCase()).join('; '),
    code: hexBytes(snippet.code),
    state: hexBytes(sample.state.bytes),
    data: hexBytes(sample.data),
    differences: found,
  };
}

/**
 * Makes a failing case smaller: registers that do not matter become zero, one after the other.
 * @param fails runs a state and says whether it still fails.
 */
export function shrink(state: Uint8Array, fails: (state: Uint8Array) => boolean): Uint8Array {
  let best = state;
  const fields: { at: number; size: number }[] = [];
  for (let i = 0; i < 16; i++) if (i !== 4) fields.push({ at: STATE.gpr + i * 8, size: 8 });
  for (let i = 0; i < 32; i++) fields.push({ at: STATE.xmm + i * 8, size: 8 });
  for (const { at, size } of fields) {
    const smaller = best.slice();
    smaller.fill(0, at, at + size);
    if (fails(smaller)) best = smaller;
  }
  return best;
}
