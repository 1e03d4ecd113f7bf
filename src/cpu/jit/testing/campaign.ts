// SPDX-License-Identifier: GPL-2.0-or-later
/** A fuzzing campaign: batches of random cases, compared with the silicon, failures made small. */
import { hexBytes } from '../../../shared/format.ts';
import { CpuState, STATE } from '../../../shared/cpu-state.ts';
import type { Oracle } from '../../testing/oracle.ts';
import {
  DATA_BYTES,
  makeSample,
  makeSnippet,
  snippetOf,
  type Sample,
  type Snippet,
} from './cases.ts';
import type { Form } from './forms.ts';
import type { Random } from './random.ts';
import { differences, type Bench } from './three-way.ts';

export interface Failure extends Case {
  readonly engine: string;
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
      if (found.length > 0) failures.push({ ...c, engine: name, differences: found });
    }
  });
  return { cases: cases.length, failures };
}

/** The failure as one line of JSON. */
export function describe({ engine, snippet, sample, differences: found }: Failure): string {
  return JSON.stringify({
    engine,
    text: snippet.insns.map((i) => i.mnemonic.toLowerCase()).join('; '),
    code: hexBytes(snippet.code),
    state: hexBytes(sample.state.bytes),
    data: hexBytes(sample.data),
    differences: found,
  });
}

/**
 * Makes a failing case smaller: instructions that do not matter go, then registers become zero, one
 * after the other.
 */
export function shrink(oracle: Oracle, bench: Bench, failure: Failure): Failure {
  let best = failure;
  const attempt = (snippet: Snippet, state: CpuState): boolean => {
    const { data } = best.sample;
    const [want] = oracle.run([{ code: snippet.code, state, data }], DATA_BYTES);
    if (!want) return false;
    const sample = { state, data };
    const found = differences(snippet, bench.run(snippet, sample), want);
    if (found.length > 0) best = { ...failure, snippet, sample, differences: found };
    return found.length > 0;
  };
  for (let i = best.snippet.insns.length - 1; i >= 0; i--) {
    const without = withoutInstruction(best.snippet, i);
    if (without) attempt(without, best.sample.state);
  }
  const offsets = Array.from({ length: 16 }, (_, i) => STATE.gpr + i * 8);
  for (let i = 0; i < 32; i++) offsets.push(STATE.xmm + i * 8);
  for (const at of offsets) {
    const state = new CpuState(best.sample.state.copy());
    state.bytes.fill(0, at, at + 8);
    attempt(best.snippet, state);
  }
  return best;
}

/** The snippet without one of its instructions; null when it would read undefined flags, or is empty. */
function withoutInstruction({ code, insns, anyMxcsr }: Snippet, index: number): Snippet | null {
  const lengths = insns.map(({ ip, next }) => next - ip);
  const at = lengths.slice(0, index).reduce((sum, length) => sum + length, 0);
  const rest = insns.filter((_, i) => i !== index);
  if (rest.length === 0) return null;
  const bytes = [...code.subarray(0, at), ...code.subarray(at + (lengths[index] ?? 0))];
  return snippetOf(Uint8Array.from(bytes), rest, anyMxcsr);
}

/** Runs one snippet from many states. @returns the cases in which the engine differed. */
export function runSnippet(
  oracle: Oracle,
  bench: Bench,
  snippet: Snippet,
  random: Random,
  samples: number,
): Failure[] {
  const cases = Array.from({ length: samples }, () => ({
    snippet,
    sample: makeSample(snippet, random),
  }));
  const silicon = oracle.run(
    cases.map(({ sample }) => ({ code: snippet.code, state: sample.state, data: sample.data })),
    DATA_BYTES,
  );
  return cases.flatMap((c, i) => {
    const want = silicon[i];
    const found = want ? differences(snippet, bench.run(snippet, c.sample), want) : [];
    return found.length > 0 ? [{ ...c, engine: 'jit', differences: found }] : [];
  });
}
