// SPDX-License-Identifier: GPL-2.0-or-later
/** Writes another assembly's bytes into a program that has begun, where that leads nobody astray. */
import { PROT } from '../machine/layout.ts';
import type { Process } from '../machine/process.ts';
import type { GuestMemory } from '../machine/memory.ts';
import type { CodePatch } from '../protocol/code-patch.ts';
import { addr, isAddr } from '../shared/brand.ts';
import { GPR } from '../shared/cpu-state.ts';
import type { DebugIndex } from '../shared/debug-index.ts';
import { hex } from '../shared/format.ts';

/** @returns why nothing was written, as a sentence, or null. */
export function patchCode(
  memory: GuestMemory,
  process: Process,
  index: DebugIndex | null,
  { writes, gone }: CodePatch,
): string | null {
  const name = (address: number): string => index?.describe(address) ?? hex(address);
  const lost = new Set(gone);
  const rip = Number(memory.state.rip);
  if (lost.has(rip)) {
    return (
      `The program stands at ${name(rip)}, in the middle of what is an instruction now. ` +
      'Step on or back a little first.'
    );
  }
  const caller = returnInto(memory, process.space.layout.stackTop, lost);
  if (caller !== null) {
    return (
      `A call is to return to ${name(caller)}, which is in the middle of an instruction now. ` +
      'Let it return first.'
    );
  }
  for (const { address, bytes } of writes) {
    if (!isAddr(address) || !memory.allows(address, bytes.length, PROT.none)) {
      return `${hex(Math.max(0, address))} is not mapped any more: nothing was written.`;
    }
  }
  for (const { address, bytes } of writes) memory.write(addr(address), bytes);
  return null;
}

/** The first word on the stack that is one of these addresses; null when none is. */
function returnInto(
  memory: GuestMemory,
  stackTop: number,
  addresses: ReadonlySet<number>,
): number | null {
  if (addresses.size === 0) return null;
  const view = new DataView(memory.memory.buffer);
  const rsp = Number(memory.state.gpr(GPR.rsp));
  for (let at = Math.ceil(rsp / 8) * 8; at + 8 <= Math.min(stackTop, memory.size); at += 8) {
    if (view.getUint32(at + 4, true) !== 0) continue;
    const word = view.getUint32(at, true);
    if (addresses.has(word)) return word;
  }
  return null;
}
