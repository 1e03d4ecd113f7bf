// SPDX-License-Identifier: GPL-2.0-or-later
/** Where the memory operand of an instruction lies, in terms of registers. */
import type { Instruction } from 'iced-x86';
import { OpKind, Register, RegisterExt } from 'iced-x86';

/** base + index × scale + displacement; registers in hardware numbering, -1 for none. */
export interface EffectiveAddress {
  readonly base: number;
  readonly index: number;
  readonly scale: number;
  /** With rip already added in where it is the base. */
  readonly displacement: bigint;
  readonly segment: 'none' | 'fs' | 'gs';
  /** Address-size prefix: the sum is cut to 32 bits. */
  readonly narrow: boolean;
}

/** The memory operand of an instruction as a sum of registers. */
export function effectiveAddress(i: Instruction): EffectiveAddress {
  const number = (register: Register): number =>
    register === Register.None || register === Register.RIP || register === Register.EIP
      ? -1
      : RegisterExt.number(register);
  return {
    base: number(i.memoryBase),
    index: number(i.memoryIndex),
    scale: i.memoryIndexScale,
    // iced gives the target address itself for rip-relative operands
    displacement: BigInt.asIntN(64, i.memoryDisplacement),
    segment:
      i.memorySegment === Register.FS ? 'fs' : i.memorySegment === Register.GS ? 'gs' : 'none',
    narrow: [i.memoryBase, i.memoryIndex].some(
      (register) => RegisterExt.isGPR32(register) || register === Register.EIP,
    ),
  };
}

/** Whether the stack segment is the default for the memory operand, which 64-bit mode goes by. */
export function addressesStack(i: Instruction): boolean {
  if (i.isStackInstruction && !hasMemoryOperand(i)) return true;
  const base = i.memoryBase === Register.None ? -1 : RegisterExt.number(i.memoryBase);
  const STACK_REGISTERS = [4, 5]; // rsp, rbp
  const isGpr = RegisterExt.isGPR64(i.memoryBase) || RegisterExt.isGPR32(i.memoryBase);
  const overridden = i.segmentPrefix === Register.FS || i.segmentPrefix === Register.GS;
  return isGpr && STACK_REGISTERS.includes(base) && !overridden;
}

export function hasMemoryOperand(i: Instruction): boolean {
  for (let op = 0; op < i.opCount; op++) if (i.opKind(op) === OpKind.Memory) return true;
  return false;
}
