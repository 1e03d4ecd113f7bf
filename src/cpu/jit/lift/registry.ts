// SPDX-License-Identifier: GPL-2.0-or-later
/** How instruction families register what they translate. */
import type { Insn } from '../decode.ts';
import type { Lift } from '../lift.ts';

export interface Lifter {
  readonly family: string;
  readonly lift: (c: Lift) => void;
  /** Whether this form of the instruction is translated; operands of odd kinds never are. */
  readonly accepts: (insn: Insn) => boolean;
  /** For the table in the documentation: what of the instruction is left to the fallback. */
  readonly except: string;
}

export type Table = Map<string, Lifter>;

export interface Limits {
  readonly accepts?: (insn: Insn) => boolean;
  readonly except?: string;
}

/** A function that adds instructions of one family to `table`. */
export function registrar(table: Table, family: string) {
  return (names: string, lift: (c: Lift, name: string) => void, limits: Limits = {}): void => {
    for (const name of names.trim().split(/\s+/)) {
      if (table.has(name)) throw new Error(`${name} is translated twice`);
      table.set(name, {
        family,
        lift: (c) => lift(c, name),
        accepts: limits.accepts ?? (() => true),
        except: limits.except ?? '',
      });
    }
  };
}

/** The condition code in the name of a jcc, setcc or cmovcc, as iced spells it. */
export const CONDITION_NAMES = 'o no b ae e ne be a s ns p np l ge le g'.split(' ');
