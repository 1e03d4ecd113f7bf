// SPDX-License-Identifier: GPL-2.0-or-later
/** All instructions that the translator knows. `docs/jit-instructions.md` is generated from it. */
import type { Insn } from '../decode.ts';
import { GUARDS } from './careful.ts';
import { registerControl } from './control.ts';
import { registerInteger } from './integer.ts';
import { registerMulDiv } from './muldiv.ts';
import type { Lifter, Table } from './registry.ts';
import { registerShift } from './shift.ts';
import { registerSseConvert } from './sse-convert.ts';
import { registerSseFloat } from './sse-float.ts';
import { registerSseInteger } from './sse-integer.ts';
import { registerSseMove } from './sse-move.ts';
import { registerSse4 } from './sse4.ts';
import { registerStack } from './stack.ts';
import { registerString } from './string.ts';

const table: Table = new Map();
registerInteger(table);
registerShift(table);
registerMulDiv(table);
registerStack(table);
registerControl(table);
registerString(table);
registerSseMove(table);
registerSseFloat(table);
registerSseConvert(table);
registerSseInteger(table);
registerSse4(table);

for (const [name, guard] of GUARDS) {
  const lifter = table.get(name);
  if (!lifter) throw new Error(`a guard for ${name}, which is not translated`);
  const lift: Lifter['lift'] = (c) => {
    if (c.insn.careful) guard(c);
    lifter.lift(c);
  };
  table.set(name, { ...lifter, lift });
}

export const LIFTERS: ReadonlyMap<string, Lifter> = table;

/** Whether the translator executes this instruction itself. */
export function translatable(insn: Insn): boolean {
  const lifter = LIFTERS.get(insn.mnemonic);
  if (!lifter || insn.privileged) return false;
  if (insn.target < 0 && insn.ops.some((o) => o.k === 'other')) return false;
  return lifter.accepts(insn);
}
