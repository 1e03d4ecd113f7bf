// SPDX-License-Identifier: GPL-2.0-or-later
/** How iced says that an instruction uses an operand, as the two questions one asks of it. */
import { OpAccess } from 'iced-x86';

/** Bytes of the longest x86 instruction. */
export const LONGEST_INSTRUCTION = 15;

/** The operand is read, or may be. */
export const READS: ReadonlySet<OpAccess> = new Set([
  OpAccess.Read,
  OpAccess.CondRead,
  OpAccess.ReadWrite,
  OpAccess.ReadCondWrite,
]);

/** The operand is written, or may be. */
export const WRITES: ReadonlySet<OpAccess> = new Set([
  OpAccess.Write,
  OpAccess.CondWrite,
  OpAccess.ReadWrite,
  OpAccess.ReadCondWrite,
]);
