// SPDX-License-Identifier: GPL-2.0-or-later
/** The command line of `npm run fuzz`. */
import { parseArgs } from 'node:util';
import { err, ok, type Result } from '../shared/result.ts';

export interface FuzzOptions {
  /** What all random choices follow from; null: a new one. */
  readonly seed: bigint | null;
  readonly instances: number;
  /** Mnemonics to fuzz; null: all of them, and whole programs. */
  readonly only: RegExp | null;
  readonly withUnicorn: boolean;
  readonly turbofan: boolean;
}

export const USAGE = `usage: npm run fuzz -- [option…]

Compares the JIT with the real CPU: random instances of every instruction form that it translates,
alone and in sequences, from random states, and random whole programs. What differs is made small
and printed as JSON. The status is 1 when anything differed.

  --instances N    how many (default: 10000000)
  --seed N         the same seed gives the same instances, on any machine (default: the time)
  --only REGEXP    forms whose mnemonics match, and no programs
  --with-unicorn   Unicorn too
  --turbofan       compile with the host's optimising compiler from the start: the short life of
                   what is fuzzed would leave it to the baseline compiler
  --help           this text
`;

/** @returns `help`, the options, or what is wrong with them. */
export function parseFuzzArguments(argv: readonly string[]): Result<FuzzOptions | 'help', string> {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        seed: { type: 'string' },
        instances: { type: 'string', default: '10000000' },
        only: { type: 'string' },
        'with-unicorn': { type: 'boolean', default: false },
        turbofan: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    return err(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
  if (values.help) return ok('help');
  const { seed, instances, only, turbofan } = values;
  if (seed !== undefined && !/^\d+$/.test(seed)) {
    return err(`--seed wants a whole number, not “${seed}”`);
  }
  if (!/^[1-9]\d*$/.test(instances) || !Number.isSafeInteger(Number(instances))) {
    return err(`--instances wants a whole number from 1 up, not “${instances}”`);
  }
  const pattern = only === undefined ? ok(null) : expression(only);
  if (!pattern.ok) return pattern;
  return ok({
    seed: seed === undefined ? null : BigInt(seed),
    instances: Number(instances),
    only: pattern.value,
    withUnicorn: values['with-unicorn'],
    turbofan,
  });
}

function expression(text: string): Result<RegExp, string> {
  try {
    return ok(new RegExp(text, 'i'));
  } catch {
    return err(`--only wants a regular expression, not “${text}”`);
  }
}
