// SPDX-License-Identifier: GPL-2.0-or-later
/** Finding all instructions of a kind in the code that the debug info knows. */
import { Code, Decoder, DecoderOptions, FlowControl, Instruction } from 'iced-x86';
import { LONGEST_INSTRUCTION } from '../cpu/operand-access.ts';
import { PROT } from '../machine/layout.ts';
import type { GuestMemory } from '../machine/memory.ts';
import type { NextKind } from '../protocol/machine.ts';
import { addr, type Addr } from '../shared/brand.ts';
import type { DebugIndex } from '../shared/debug-index.ts';

function isOf(instruction: Instruction, kind: NextKind): boolean {
  const flow = instruction.flowControl;
  switch (kind) {
    case 'syscall':
      return instruction.code === Code.Syscall;
    case 'return':
      return flow === FlowControl.Return;
    case 'call':
      return (
        instruction.code !== Code.Syscall &&
        (flow === FlowControl.Call || flow === FlowControl.IndirectCall)
      );
    case 'branch':
      return (
        flow === FlowControl.ConditionalBranch ||
        flow === FlowControl.UnconditionalBranch ||
        flow === FlowControl.IndirectBranch
      );
  }
}

/** Whether the instruction at `address` is of a kind. */
export function isInstruction(memory: GuestMemory, address: number, kind: NextKind): boolean {
  if (!memory.allows(address, 1, PROT.exec)) return false;
  const decoder = new Decoder(
    64,
    memory.bytes.slice(address, address + LONGEST_INSTRUCTION),
    DecoderOptions.None,
  );
  const instruction = new Instruction();
  try {
    decoder.ip = BigInt(address);
    decoder.decodeOut(instruction);
    return !instruction.isInvalid && isOf(instruction, kind);
  } finally {
    instruction.free();
    decoder.free();
  }
}

/** The addresses of all instructions of a kind that come from source lines. */
export function instructionsOf(
  memory: GuestMemory,
  index: DebugIndex,
  kind: NextKind,
): ReadonlySet<Addr> {
  const found = new Set<Addr>();
  const { lines } = index.info;
  const instruction = new Instruction();
  try {
    for (let at = 0; at + 1 < lines.length; at += 4) {
      const start = lines[at] ?? 0;
      const length = lines[at + 1] ?? 0;
      if (!index.isCode(start) || !memory.allows(start, length, PROT.exec)) continue;
      const decoder = new Decoder(
        64,
        memory.bytes.slice(start, start + length),
        DecoderOptions.None,
      );
      decoder.ip = BigInt(start);
      while (decoder.canDecode) {
        const address = Number(decoder.ip);
        decoder.decodeOut(instruction);
        if (!instruction.isInvalid && isOf(instruction, kind)) found.add(addr(address));
      }
      decoder.free();
    }
  } finally {
    instruction.free();
  }
  return found;
}
