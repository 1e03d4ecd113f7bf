// SPDX-License-Identifier: GPL-2.0-or-later
/** What kind of work an instruction does, in a dozen words. */
import {
  Decoder,
  DecoderOptions,
  FlowControl,
  InstructionInfoFactory,
  Mnemonic,
  OpAccess,
  OpKind,
  RegisterExt,
  type Instruction,
} from 'iced-x86';

export type OpcodeClass =
  | 'load'
  | 'store'
  | 'register move'
  | 'stack'
  | 'address arithmetic'
  | 'integer arithmetic'
  | 'integer multiply and divide'
  | 'compare and test'
  | 'branch'
  | 'call and return'
  | 'string'
  | 'scalar float arithmetic'
  | 'packed float arithmetic'
  | 'float compare'
  | 'conversion'
  | 'vector integer'
  | 'shuffle and vector logic'
  | 'system and other';

export interface Classified {
  /** Lower case, as NASM writes it. */
  readonly mnemonic: string;
  readonly kind: OpcodeClass;
}

/** By mnemonic, in lower case; the first that fits. */
const BY_NAME: readonly (readonly [RegExp, OpcodeClass])[] = [
  [/^(cvt|movmsk|pmovmsk)/, 'conversion'],
  [/^(u?comi|cmp(ps|pd|ss)$)/, 'float compare'],
  [/^(add|sub|mul|div|sqrt|min|max|rcp|rsqrt|round)(sd|ss)$/, 'scalar float arithmetic'],
  [/^(add|sub|mul|div|sqrt|min|max|rcp|rsqrt|round|hadd|hsub|addsub|dp)(pd|ps)$/, 'packed float arithmetic'],
  [/^(imul|mul|div|idiv)$/, 'integer multiply and divide'],
  [/^lea$/, 'address arithmetic'],
  [/^(push|pop|enter|leave)/, 'stack'],
  [/^(cmp|test|bt)$/, 'compare and test'],
  [/^(syscall|cpuid|rdtsc|nop|endbr64|pause|[lms]fence|ldmxcsr|stmxcsr|int3?|ud2|hlt|prefetch.*|clflush)$/, 'system and other'],
]; // prettier-ignore

const VECTOR_LOGIC =
  /^(shuf|unpck|pshuf|punpck|pack|palignr|and|andn|or|xor|pand|por|pxor|blend|insert|extract|pinsr|pextr|pblend|pslldq|psrldq)/;
const MOVES = /^(mov|lddqu|maskmov)/;

let factory: InstructionInfoFactory | null = null;

function usesVectors(i: Instruction): boolean {
  for (let op = 0; op < i.opCount; op++) {
    if (i.opKind(op) === OpKind.Register && RegisterExt.isXMM(i.opRegister(op))) return true;
  }
  return false;
}

/** How an instruction's explicit memory operand is used. */
function memoryUse(i: Instruction): 'load' | 'store' | null {
  factory ??= new InstructionInfoFactory();
  const info = factory.info(i);
  let found: 'load' | 'store' | null = null;
  for (let op = 0; op < i.opCount; op++) {
    if (i.opKind(op) !== OpKind.Memory) continue;
    found = info.opAccess(op) === OpAccess.Write ? 'store' : 'load';
  }
  info.free();
  return found;
}

function kindOf(i: Instruction, name: string): OpcodeClass {
  switch (i.flowControl) {
    case FlowControl.Call:
    case FlowControl.IndirectCall:
    case FlowControl.Return:
      return name === 'syscall' ? 'system and other' : 'call and return';
    case FlowControl.ConditionalBranch:
    case FlowControl.UnconditionalBranch:
    case FlowControl.IndirectBranch:
      return 'branch';
  }
  const vectors = usesVectors(i);
  if (i.isStringInstruction && !vectors) return 'string';
  if (vectors && i.mnemonic === Mnemonic.Cmpsd) return 'float compare';
  for (const [pattern, kind] of BY_NAME) if (pattern.test(name)) return kind;
  if (MOVES.test(name)) return memoryUse(i) ?? 'register move';
  if (vectors) return VECTOR_LOGIC.test(name) ? 'shuffle and vector logic' : 'vector integer';
  return 'integer arithmetic';
}

/** @param bytes of the instruction, and perhaps more. @returns null when they are none. */
export function classify(bytes: Uint8Array, address: number): Classified | null {
  const decoder = new Decoder(64, bytes, DecoderOptions.None);
  decoder.ip = BigInt(address);
  const i = decoder.decode();
  const mnemonic = Mnemonic[i.mnemonic].toLowerCase();
  const found = i.isInvalid ? null : { mnemonic, kind: kindOf(i, mnemonic) };
  i.free();
  decoder.free();
  return found;
}
