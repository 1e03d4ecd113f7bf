// SPDX-License-Identifier: GPL-2.0-or-later
/** The stack of a function at one of its instructions, and what an instruction makes of it. */
import {
  Mnemonic,
  OpKind,
  Register,
  RegisterExt,
  type Instruction,
  type InstructionInfoFactory,
  type UsedRegister,
} from 'iced-x86';
import { WRITES } from '../../cpu/operand-access.ts';

/** Registers that a function must leave as it found them, by the System V ABI. */
export const CALLEE_SAVED = ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15'] as const;
export type CalleeSaved = (typeof CALLEE_SAVED)[number];

const BY_REGISTER: ReadonlyMap<Register, CalleeSaved> = new Map([
  [Register.RBX, 'rbx'],
  [Register.RBP, 'rbp'],
  [Register.R12, 'r12'],
  [Register.R13, 'r13'],
  [Register.R14, 'r14'],
  [Register.R15, 'r15'],
]);

/** The stack at one instruction, before it executes. Depths are bytes below the return address. */
export interface StackShape {
  /** rsp = address of the return address - depth; null when it does not follow from the code. */
  readonly depth: number | null;
  /** rbp = address of the return address - this, once rbp is a frame pointer; else null. */
  readonly framePointer: number | null;
  /** Where callers' values lie: register → depth of its slot. */
  readonly saved: ReadonlyMap<CalleeSaved, number>;
  /** Callee-saved registers that hold something else now. */
  readonly changed: ReadonlySet<CalleeSaved>;
}

/** The stack where a function begins. */
export const ENTRY: StackShape = {
  depth: 0,
  framePointer: null,
  saved: new Map(),
  changed: new Set(),
};

/**
 * The shape after an instruction that does not call.
 * @returns also callee-saved registers that it changes and nobody has saved
 */
export function afterInstruction(
  i: Instruction,
  factory: InstructionInfoFactory,
  shape: StackShape,
): { after: StackShape; spoilt: readonly CalleeSaved[] } {
  const saved = new Map(shape.saved);
  const changed = new Set(shape.changed);
  const spoilt: CalleeSaved[] = [];
  let { depth, framePointer } = shape;
  const own = i.opCount > 0 && i.opKind(0) === OpKind.Register ? i.opRegister(0) : Register.None;
  const named = BY_REGISTER.get(own);

  if (i.mnemonic === Mnemonic.Push) {
    depth = depth === null ? null : depth + 8;
    if (named !== undefined && depth !== null && !changed.has(named) && !saved.has(named)) {
      saved.set(named, depth);
    }
    return { after: { depth, framePointer, saved, changed }, spoilt };
  }
  const stored = storedRegister(i);
  if (stored !== null && depth !== null) {
    const slot = depth - stored.offset;
    if (slot > 0 && !changed.has(stored.register) && !saved.has(stored.register)) {
      saved.set(stored.register, slot);
    }
    return { after: { depth, framePointer, saved, changed }, spoilt };
  }
  const written = registersWritten(i, factory);
  const from = i.mnemonic === Mnemonic.Pop ? 0 : loadOffset(i);
  const slot = from === null || depth === null ? null : depth - from;
  if (i.mnemonic === Mnemonic.Leave && framePointer !== null) depth = framePointer - 8;
  else if (own === Register.RSP) depth = moved(i, depth, framePointer);
  else if (depth !== null && i.isStackInstruction) depth -= i.stackPointerIncrement;
  else if (written.includes(Register.RSP)) depth = null;

  if (i.mnemonic === Mnemonic.Mov && own === Register.RBP && i.op1Register === Register.RSP) {
    framePointer = shape.depth;
    changed.add('rbp');
    return { after: { depth, framePointer, saved, changed }, spoilt };
  }
  for (const register of written) {
    const name = BY_REGISTER.get(register);
    if (name === undefined) continue;
    if (name === 'rbp') framePointer = null;
    const home = saved.get(name);
    const back = home !== undefined && slot === home && own === register;
    if (back || (i.mnemonic === Mnemonic.Leave && name === 'rbp')) {
      changed.delete(name); // the caller's value is back
    } else {
      changed.add(name);
      if (home === undefined) spoilt.push(name);
    }
  }
  return { after: { depth, framePointer, saved, changed }, spoilt };
}

/** The registers that the instruction writes, each by its full name. */
function registersWritten(i: Instruction, factory: InstructionInfoFactory): Register[] {
  const info = factory.info(i);
  const used = info.usedRegisters() as UsedRegister[];
  const written = used.filter((each) => WRITES.has(each.access)).map((each) => each.register);
  for (const each of used) each.free();
  info.free();
  return written.map((register) => RegisterExt.fullRegister(register));
}

/** `mov [rsp + n], rbx`: which register, and n; else null. */
function storedRegister(i: Instruction): { register: CalleeSaved; offset: number } | null {
  if (i.mnemonic !== Mnemonic.Mov || i.opKind(0) !== OpKind.Memory) return null;
  if (i.opKind(1) !== OpKind.Register) return null;
  const register = BY_REGISTER.get(i.opRegister(1));
  if (register === undefined || i.memoryBase !== Register.RSP) return null;
  if (i.memoryIndex !== Register.None) return null;
  return { register, offset: Number(i.memoryDisplacement) };
}

/** n of `mov rbx, [rsp + n]`; else null. */
function loadOffset(i: Instruction): number | null {
  if (i.mnemonic !== Mnemonic.Mov || i.opCount < 2 || i.opKind(1) !== OpKind.Memory) return null;
  if (i.memoryBase !== Register.RSP || i.memoryIndex !== Register.None) return null;
  return Number(i.memoryDisplacement);
}

/** The depth after an instruction whose target is rsp. */
function moved(i: Instruction, depth: number | null, framePointer: number | null): number | null {
  const immediate = i.opCount === 2 && isImmediate(i.opKind(1)) ? Number(i.immediate(1)) : null;
  if (i.mnemonic === Mnemonic.Mov && i.op1Register === Register.RBP) return framePointer;
  if (i.mnemonic === Mnemonic.Lea && i.memoryIndex === Register.None) {
    const by = Number(BigInt.asIntN(64, i.memoryDisplacementU64));
    if (i.memoryBase === Register.RSP && depth !== null) return depth - by;
    if (i.memoryBase === Register.RBP && framePointer !== null) return framePointer - by;
  }
  if (immediate === null || depth === null) return null;
  if (i.mnemonic === Mnemonic.Sub) return depth + immediate;
  if (i.mnemonic === Mnemonic.Add) return depth - immediate;
  return null;
}

function isImmediate(kind: OpKind): boolean {
  return (
    kind === OpKind.Immediate8 ||
    kind === OpKind.Immediate32 ||
    kind === OpKind.Immediate8to64 ||
    kind === OpKind.Immediate32to64
  );
}
