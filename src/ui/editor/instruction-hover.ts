// SPDX-License-Identifier: GPL-2.0-or-later
/** What the editor says of a mnemonic: what it does, and with which numbers it would do it now. */
import type { Explanation } from '../../protocol/inspect.ts';
import { explanationMarkdown } from '../controls/explanation.ts';
import { mapLine } from './text-lines.ts';

export interface InstructionFacts {
  /** Addresses of a line's instructions in the program that was booted. */
  readonly addressesOf: (file: string, line: number) => readonly number[];
  /** The texts of a file as it was booted and as it is now; null when one of them is not known. */
  readonly texts: (file: string) => { readonly then: string; readonly now: string } | null;
  readonly rip: () => number | null;
  readonly explain: (address: number) => Promise<Explanation | null>;
  readonly describe: (mnemonic: string) => Promise<string | null>;
}

/** Prefixes, which are explained with what they stand before. */
const PREFIXES = new Set(['rep', 'repe', 'repz', 'repne', 'repnz', 'lock']);

/** Of several instructions of a line (a macro's, say) the next one, else the first. */
function addressOn(facts: InstructionFacts, file: string, line: number): number | null {
  const texts = facts.texts(file);
  const then = texts === null ? line : mapLine(texts.now, texts.then, line);
  const addresses = then === null ? [] : facts.addressesOf(file, then);
  const rip = facts.rip();
  return addresses.find((address) => address === rip) ?? addresses[0] ?? null;
}

/**
 * Paragraphs of markdown about a word that may be a mnemonic; none when it is not.
 * On a line that is in the machine they tell the values of this moment.
 */
export async function describeInstruction(
  facts: InstructionFacts,
  file: string,
  line: number,
  word: string,
): Promise<string[]> {
  const name = word.toLowerCase();
  const address = addressOn(facts, file, line);
  const explanation = address === null ? null : await facts.explain(address);
  if (
    explanation !== null &&
    (explanation.mnemonic.split(' ').includes(name) || PREFIXES.has(name))
  ) {
    return explanationMarkdown(explanation);
  }
  const summary = await facts.describe(name);
  return summary === null ? [] : [`**${name}** ${summary}`];
}
