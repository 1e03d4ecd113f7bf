// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Whether a program can see MXCSR's exception flags: whether an `stmxcsr` stands anywhere in memory
 * that it can execute. (Nothing else stores them: fxsave and its kin are refused.)
 *
 * Programs that only look at the modes, by
 *
 *     stmxcsr [m]
 *     mov r, [m]
 *     and r, constant without the flags' bits
 *
 * do not count; else every program that checks its modes at the start would pay for flags.
 */
import { PROT } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import { decodeRun, type Insn, type Operand } from './decode.ts';

const FLAGS = 0x3fn;
/** Enough for the three instructions. */
const ROOM = 45;

export function showsExceptionFlags(memory: GuestMemory): boolean {
  return memory.regions().some(({ start, end, prot }) => {
    if ((prot & PROT.exec) === 0) return false;
    const bytes = memory.bytes.subarray(start, end);
    for (let at = bytes.indexOf(0x0f); at >= 0; at = bytes.indexOf(0x0f, at + 1)) {
      const modrm = bytes[at + 2] ?? 0xff;
      // 0f ae /3 with a memory operand, or what looks like it
      const found = bytes[at + 1] === 0xae && ((modrm >> 3) & 7) === 3 && modrm >> 6 !== 3;
      if (found && !looksOnlyAtModes(bytes, at)) return true;
    }
    return false;
  });
}

function looksOnlyAtModes(bytes: Uint8Array, at: number): boolean {
  // a REX prefix before it changes which registers address the memory
  const start = ((bytes[at - 1] ?? 0) & 0xf0) === 0x40 ? at - 1 : at;
  const insns: Insn[] = [];
  decodeRun(bytes.subarray(start, start + ROOM), start, (insn) => insns.push(insn) < 3);
  const [store, load, mask] = insns;
  const to = load?.ops[0];
  const value = mask?.ops[1];
  return (
    store?.mnemonic === 'Stmxcsr' &&
    load?.mnemonic === 'Mov' &&
    mask?.mnemonic === 'And' &&
    to?.k === 'gpr' &&
    mask.ops[0]?.k === 'gpr' &&
    mask.ops[0].reg === to.reg &&
    value?.k === 'imm' &&
    (value.value & FLAGS) === 0n &&
    sameMemory(store.ops[0], load.ops[1])
  );
}

function sameMemory(a: Operand | undefined, b: Operand | undefined): boolean {
  if (a?.k !== 'mem' || b?.k !== 'mem') return false;
  const key = (m: typeof a): string => [m.base, m.index, m.scale, m.disp, m.seg, m.addr32].join();
  return a.size === b.size && key(a) === key(b);
}
