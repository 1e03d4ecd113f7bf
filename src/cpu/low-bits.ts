// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What instructions do to the low four bits of the general registers: enough to know at the head of
 * a block whether the operands within it that must be aligned will be.
 */
import type { Instruction } from 'iced-x86';
import {
  InstructionInfoFactory,
  Mnemonic,
  OpKind,
  Register,
  RegisterExt,
  type OpAccess,
} from 'iced-x86';
import { effectiveAddress } from './effective-address.ts';
import { WRITES } from './operand-access.ts';

const info = new InstructionInfoFactory();

/** How a general register's low four bits come from those at an earlier point (`reg` -1: none). */
export interface RegisterChange {
  readonly register: number;
  /** New value = old value of `from` + `add`, modulo 16; null when unknown. */
  readonly value: { readonly from: number; readonly add: number } | null;
}

const IMMEDIATES: ReadonlySet<OpKind> = new Set([
  OpKind.Immediate8,
  OpKind.Immediate8to32,
  OpKind.Immediate8to64,
  OpKind.Immediate16,
  OpKind.Immediate32,
  OpKind.Immediate32to64,
  OpKind.Immediate64,
]);

/** What an instruction does to the low four bits of the general registers. */
export function lowBitChanges(i: Instruction): RegisterChange[] {
  const found = new Map<number, RegisterChange['value']>();
  const used = info.info(i);
  for (const item of used.usedRegisters() as {
    register: Register;
    access: OpAccess;
    free(): void;
  }[]) {
    if (RegisterExt.isGPR(item.register) && WRITES.has(item.access)) {
      found.set(RegisterExt.number(RegisterExt.fullRegister(item.register)), null);
    }
    item.free();
  }
  used.free();
  const RSP = 4;
  if (i.isStackInstruction && i.stackPointerIncrement !== 0 && found.has(RSP)) {
    found.set(RSP, { from: RSP, add: i.stackPointerIncrement });
  }
  const target = i.opCount > 0 && i.opKind(0) === OpKind.Register ? i.opRegister(0) : Register.None;
  if (RegisterExt.isGPR64(target) || RegisterExt.isGPR32(target)) {
    const register = RegisterExt.number(target);
    const value = arithmetic(i, register);
    if (value) found.set(register, value);
  }
  return Array.from(found, ([register, value]) => ({ register, value }));
}

function arithmetic(i: Instruction, register: number): RegisterChange['value'] {
  const immediate = (): number | null =>
    i.opCount > 1 && IMMEDIATES.has(i.opKind(1)) ? Number(BigInt.asUintN(4, i.immediate(1))) : null;
  const source = (): number | null =>
    i.opCount > 1 && i.opKind(1) === OpKind.Register ? RegisterExt.number(i.opRegister(1)) : null;
  const constant = immediate();
  switch (i.mnemonic) {
    case Mnemonic.Inc:
      return { from: register, add: 1 };
    case Mnemonic.Dec:
      return { from: register, add: -1 };
    case Mnemonic.Add:
      return constant === null ? null : { from: register, add: constant };
    case Mnemonic.Sub:
      return constant === null ? null : { from: register, add: -constant };
    case Mnemonic.And:
      if (constant === 0) return { from: -1, add: 0 };
      return constant === 15 ? { from: register, add: 0 } : null;
    case Mnemonic.Xor:
      return source() === register ? { from: -1, add: 0 } : null;
    case Mnemonic.Mov: {
      if (constant !== null) return { from: -1, add: constant };
      const from = source();
      return from === null || i.opKind(1) !== OpKind.Register ? null : { from, add: 0 };
    }
    case Mnemonic.Lea: {
      const ea = effectiveAddress(i);
      const add = Number(BigInt.asUintN(4, ea.displacement));
      return ea.index < 0 ? { from: ea.base, add } : null;
    }
    default:
      return null;
  }
}
