// SPDX-License-Identifier: GPL-2.0-or-later
/** The argument line: words as a shell makes them, without its expansions. */
import { err, ok, type Result } from '../shared/result.ts';

/** A line to start from, offered beside the argument field. */
export interface ArgumentPreset {
  readonly label: string;
  readonly args: string;
}

export const ARGUMENT_PRESETS: readonly ArgumentPreset[] = [
  { label: 'Classify drawings', args: 'classify' },
  { label: 'Train a little', args: 'train --data data/digits --limit 256 --epochs 2 --seed 1' },
  { label: 'Train 3 epochs', args: 'train --data data/digits --epochs 3' },
  { label: 'Test', args: 'test --data data/digits' },
  { label: 'Train on MNIST', args: 'train --data data/mnist --epochs 1' },
  { label: 'Test on MNIST', args: 'test --data data/mnist' },
  { label: 'Help', args: '--help' },
];

/** The argument line without the weights file: to another network they mean nothing. */
export function withoutWeights(args: string): string {
  return args.replace(/\s*--weights\s+data\/weights\/\S+/g, '').trim();
}

/** Splits at blanks; '…', "…" and \ keep blanks. Fails on a quote without its end. */
export function splitArguments(line: string): Result<string[], string> {
  const words: string[] = [];
  let word = '';
  /** Whether a word has begun; an empty one in quotes counts. */
  let begun = false;
  let quote: '"' | "'" | null = null;
  for (let i = 0; i < line.length; i++) {
    const c = line.charAt(i);
    if (quote !== null) {
      if (c === quote) quote = null;
      else if (c === '\\' && quote === '"' && i + 1 < line.length) word += line.charAt(++i);
      else word += c;
    } else if (c === '"' || c === "'") {
      quote = c;
      begun = true;
    } else if (c === '\\' && i + 1 < line.length) {
      word += line.charAt(++i);
      begun = true;
    } else if (/\s/.test(c)) {
      if (begun) words.push(word);
      word = '';
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  if (quote !== null) return err(`The argument line has a ${quote} without its end.`);
  if (begun) words.push(word);
  return ok(words);
}
