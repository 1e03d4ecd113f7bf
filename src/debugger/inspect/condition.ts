// SPDX-License-Identifier: GPL-2.0-or-later
/** The sixteen conditions of jumps, moves and set instructions, under all their names. */
import { FLAG } from '../../shared/cpu-state.ts';

export interface Condition {
  /** In words, after “when”. */
  readonly words: string;
  /** As flags: `CF = 1 or ZF = 1`. */
  readonly flags: string;
  readonly holds: (rflags: number) => boolean;
}

const set = (rflags: number, flag: number): boolean => (rflags & flag) !== 0;
const less = (f: number): boolean => set(f, FLAG.SF) !== set(f, FLAG.OF);

type Row = readonly [
  names: string,
  words: string,
  flags: string,
  holds: (rflags: number) => boolean,
];

const ROWS: readonly Row[] = [
  ['o', 'the signed result did not fit', 'OF = 1', (f) => set(f, FLAG.OF)],
  ['no', 'the signed result did fit', 'OF = 0', (f) => !set(f, FLAG.OF)],
  ['b c nae', 'below (unsigned), or a carry came', 'CF = 1', (f) => set(f, FLAG.CF)],
  ['ae nb nc', 'not below (unsigned), or no carry came', 'CF = 0', (f) => !set(f, FLAG.CF)],
  ['e z', 'equal, or the result was zero', 'ZF = 1', (f) => set(f, FLAG.ZF)],
  ['ne nz', 'not equal, or the result was not zero', 'ZF = 0', (f) => !set(f, FLAG.ZF)],
  ['be na', 'below or equal (unsigned)', 'CF = 1 or ZF = 1', (f) => set(f, FLAG.CF | FLAG.ZF)],
  ['a nbe', 'above (unsigned)', 'CF = 0 and ZF = 0', (f) => !set(f, FLAG.CF | FLAG.ZF)],
  ['s', 'the result was negative', 'SF = 1', (f) => set(f, FLAG.SF)],
  ['ns', 'the result was not negative', 'SF = 0', (f) => !set(f, FLAG.SF)],
  ['p pe', 'parity even, or not a number', 'PF = 1', (f) => set(f, FLAG.PF)],
  ['np po', 'parity odd, or both were numbers', 'PF = 0', (f) => !set(f, FLAG.PF)],
  ['l nge', 'less (signed)', 'SF ≠ OF', less],
  ['ge nl', 'greater or equal (signed)', 'SF = OF', (f) => !less(f)],
  ['le ng', 'less or equal (signed)', 'ZF = 1 or SF ≠ OF', (f) => set(f, FLAG.ZF) || less(f)],
  ['g nle', 'greater (signed)', 'ZF = 0 and SF = OF', (f) => !set(f, FLAG.ZF) && !less(f)],
];

/** By suffix: `ne`, `nz`, `ae` … */
export const CONDITIONS: ReadonlyMap<string, Condition> = new Map(
  ROWS.flatMap(([names, words, flags, holds]) =>
    names.split(' ').map((name) => [name, { words, flags, holds }] as const),
  ),
);

/** The condition of `jne`, `cmovb`, `setz`; null for other instructions. */
export function conditionOf(mnemonic: string): Condition | null {
  const suffix = /^(?:cmov|set|j)(\w+)$/.exec(mnemonic)?.[1];
  return suffix === undefined ? null : (CONDITIONS.get(suffix) ?? null);
}

/** The flags that matter to a condition, with their values: `CF = 1, ZF = 0`. */
export function flagValues(condition: Condition, rflags: number): string {
  const names = [...new Set(condition.flags.match(/[A-Z]F/g) ?? [])];
  return names
    .map((name) => `${name} = ${set(rflags, FLAG[name as keyof typeof FLAG]) ? 1 : 0}`)
    .join(', ');
}
