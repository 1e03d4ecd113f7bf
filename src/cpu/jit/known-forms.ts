// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What instructions of one form have in common: mnemonic, flags, what happens to which operand.
 *
 * To ask iced-x86 for all of it takes some fifty calls into its WebAssembly; of most instructions
 * only the operands themselves differ from another's that has been seen before. That goes for those
 * whose effects all stand in their operands (`IMPLIED`), and are found again by what iced's account
 * of the effects depends on: its `Code`, the kind of the operands, whether two of them are the same
 * register (`xor eax, eax` does not read it), immediates of 0 and -1, and prefixes.
 */
import { MemorySizeExt, OpKind, Register, type Code, type Instruction } from 'iced-x86';
import { describe, factsOf } from './describe.ts';
import type { Insn, Operand } from './decode.ts';

const RSP = 1 << 4;

/** By mnemonic: general registers that are read and written without being an operand. */
const IMPLIED = new Map<string, number>();

function imply(registers: number, names: string): void {
  for (const name of names.split(' ')) IMPLIED.set(name, registers);
}

imply(RSP, 'Push Pop Call Ret');
imply(0, 'Mov Movzx Movsx Movsxd Lea Nop Endbr64 Bswap Prefetcht0 Prefetcht1 Prefetcht2');
imply(0, 'Add Adc Sub Sbb Cmp And Or Xor Test Inc Dec Neg Not Imul');
imply(0, 'Jmp Jo Jno Jb Jae Je Jne Jbe Ja Js Jns Jp Jnp Jl Jge Jle Jg');
imply(0, 'Seto Setno Setb Setae Sete Setne Setbe Seta Sets Setns Setp Setnp Setl Setge Setle Setg');
imply(0, 'Cmovb Cmovae Cmove Cmovne Cmovbe Cmova Cmovs Cmovns Cmovl Cmovge Cmovle Cmovg');
imply(0, 'Movsd_xmm Movss Movapd Movaps Movupd Movups Movdqa Movdqu Movd Movq Movhpd Movlpd');
imply(0, 'Addsd Subsd Mulsd Divsd Sqrtsd Minsd Maxsd Addss Subss Mulss Divss Sqrtss Minss Maxss');
imply(0, 'Addpd Subpd Mulpd Divpd Sqrtpd Minpd Maxpd Addps Subps Mulps Divps Sqrtps Minps Maxps');
imply(0, 'Andpd Andps Andnpd Andnps Orpd Orps Xorpd Xorps Pand Pandn Por Pxor Paddd Paddq Psubd');
imply(0, 'Unpcklpd Unpckhpd Unpcklps Unpckhps Shufpd Shufps Pshufd Movhlps Movlhps');
imply(0, 'Ucomisd Ucomiss Comisd Comiss Cvtsi2sd Cvtsi2ss Cvttsd2si Cvtsd2si Cvtss2sd Cvtsd2ss');

/** What all instructions of a form share. */
interface Form {
  /** An instruction of it. */
  readonly example: Insn;
  readonly implied: number;
  /** Whether its operands do not even count as used. */
  readonly idle: boolean;
  readonly direct: boolean;
}

/** By iced's `Code`: operands, and forms by what else they depend on; null: ask iced each time. */
interface Known {
  /** Number of operands, and bytes of the one in memory. */
  readonly count: number;
  readonly size: number;
  readonly forms: Map<number, Form>;
}

const OTHER: Operand = { k: 'other' };
/** Legacy prefixes that change what an instruction does, or that iced reports. */
const UNUSUAL: ReadonlySet<number> = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67, 0xf0]);
/** Those that choose among instructions, too: a form of its own each. */
const CHOOSING = [0, 0x66, 0xf2, 0xf3];

export class KnownForms {
  readonly #known = new Map<Code, Known | null>();

  /**
   * @param code the instruction's, which is valid.
   * @param bytes hold its bytes at `at`.
   * @param ip its address.
   */
  describe(ins: Instruction, code: Code, bytes: Uint8Array, at: number, ip: number): Insn {
    const known = this.#known.get(code);
    const prefix = prefixAt(bytes, at);
    if (known === null || prefix < 0) return describe(ins);
    if (!known) return this.#first(ins, code, prefix);
    const ops: Operand[] = [];
    for (let i = 0; i < known.count; i++) ops.push(operand(ins, i, known.size));
    const key = keyOf(ops, prefix);
    const form = known.forms.get(key);
    if (form) return like(form, ins, ip, ops);
    const insn = describe(ins);
    known.forms.set(key, formOf(insn));
    return insn;
  }

  /** The first of its `Code`. */
  #first(ins: Instruction, code: Code, prefix: number): Insn {
    const insn = describe(ins);
    const count = insn.ops.length;
    const plain = IMPLIED.has(insn.mnemonic) && !isSpecial(insn) && count <= 3;
    const known: Known | null = plain
      ? { count, size: MemorySizeExt.size(ins.memorySize), forms: new Map() }
      : null;
    known?.forms.set(keyOf(insn.ops, prefix), formOf(insn));
    this.#known.set(code, known);
    return insn;
  }
}

/**
 * Imul with one operand leaves its product in rdx and rax, what `ret n` adds to rsp is n's affair,
 * and of registers that are none of ours it is not known whether they are the same.
 */
function isSpecial({ mnemonic, ops, target }: Insn): boolean {
  if ((mnemonic === 'Imul' || mnemonic === 'Ret') && ops.length === 1) return true;
  return target < 0 && ops.some((o) => o.k === 'other');
}

/** Number of the one prefix of an instruction, 0 for none, -1 where it is not that simple. */
function prefixAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (UNUSUAL.has(first)) return -1;
  const which = CHOOSING.indexOf(first, 1);
  let next = at + (which > 0 ? 1 : 0);
  if (isRex(bytes[next] ?? 0)) next++;
  else if (which < 0) return 0;
  const opcode = bytes[next] ?? 0;
  if (UNUSUAL.has(opcode) || CHOOSING.includes(opcode, 1) || isRex(opcode)) return -1;
  return Math.max(which, 0);
}

function isRex(byte: number): boolean {
  return (byte & 0xf0) === 0x40;
}

/** An operand of an instruction without unusual prefixes; `size`: bytes of memory, if it is that. */
function operand(ins: Instruction, i: number, size: number): Operand {
  const kind = i === 0 ? ins.op0Kind : i === 1 ? ins.op1Kind : ins.op2Kind;
  switch (kind) {
    case OpKind.Register:
      return factsOf(i === 0 ? ins.op0Register : i === 1 ? ins.op1Register : ins.op2Register)
        .operand;
    case OpKind.Memory:
      return memory(ins, size);
    case OpKind.Immediate8:
      return { k: 'imm', value: BigInt(ins.immediate8) };
    case OpKind.Immediate32:
      return { k: 'imm', value: BigInt(ins.immediate32) };
    case OpKind.Immediate8to32:
      return { k: 'imm', value: BigInt(ins.immediate8to32) };
    case OpKind.Immediate8to64:
      return { k: 'imm', value: BigInt.asIntN(64, ins.immediate8to64) };
    case OpKind.Immediate32to64:
      return { k: 'imm', value: BigInt.asIntN(64, ins.immediate32to64) };
    case OpKind.Immediate64:
    case OpKind.Immediate8to16:
    case OpKind.Immediate16:
    case OpKind.Immediate8_2nd:
      return { k: 'imm', value: BigInt.asIntN(64, ins.immediate(i)) };
    default:
      return OTHER;
  }
}

function memory(ins: Instruction, size: number): Operand {
  const baseReg = ins.memoryBase;
  const indexReg = ins.memoryIndex;
  const disp = Number(BigInt.asIntN(64, ins.memoryDisplacement));
  if (!Number.isSafeInteger(disp)) return OTHER;
  // a displacement from rip is the address itself
  const absolute = baseReg === Register.None || baseReg === Register.RIP;
  const base = absolute ? -1 : factsOf(baseReg).gpr;
  const index = indexReg === Register.None ? -1 : factsOf(indexReg).gpr;
  if ((!absolute && base < 0) || (indexReg !== Register.None && index < 0)) return OTHER;
  const scale = index < 0 ? 1 : ins.memoryIndexScale;
  return { k: 'mem', base, index, scale, disp, size, seg: null, addr32: false };
}

/** What the effects depend on besides the `Code`, as a number. */
function keyOf(ops: readonly Operand[], prefix: number): number {
  let key = prefix;
  const [first, second] = ops;
  const same =
    (first?.k === 'gpr' &&
      second?.k === 'gpr' &&
      first.reg === second.reg &&
      first.high === second.high) ||
    (first?.k === 'xmm' && second?.k === 'xmm' && first.reg === second.reg);
  if (same) key |= 4;
  for (let i = 0; i < ops.length; i++) {
    const o = ops[i];
    if (o?.k === 'imm') key |= o.value === 0n ? 8 : o.value === -1n ? 16 : 0;
    else if (o?.k === 'mem') key |= 32 << i;
  }
  return key;
}

function formOf(insn: Insn): Form {
  const { mnemonic, target } = insn;
  const implied = IMPLIED.get(mnemonic) ?? 0;
  return { example: insn, implied, idle: mnemonic === 'Nop', direct: target >= 0 };
}

/** The instruction `ins` at `ip`, which is of a known form. */
function like(form: Form, ins: Instruction, ip: number, ops: readonly Operand[]): Insn {
  const { mnemonic, reads, writes, rep, flagsRead, flagsWrite, privileged, fallsThrough, stack } =
    form.example;
  let gprWritten = form.implied;
  let gprUsed = form.implied;
  let xmmWritten = 0;
  let xmmUsed = 0;
  for (let i = 0; i < ops.length && !form.idle; i++) {
    const o = ops[i];
    if (o?.k === 'gpr') {
      gprUsed |= 1 << o.reg;
      if (writes[i]) gprWritten |= 1 << o.reg;
    } else if (o?.k === 'xmm') {
      xmmUsed |= 1 << o.reg;
      if (writes[i]) xmmWritten |= 1 << o.reg;
    } else if (o?.k === 'mem') {
      if (o.base >= 0) gprUsed |= 1 << o.base;
      if (o.index >= 0) gprUsed |= 1 << o.index;
    }
  }
  return {
    ip,
    next: ip + ins.length,
    mnemonic,
    ops,
    reads,
    writes,
    rep,
    lock: false,
    wideLengths: false,
    careful: false,
    target: form.direct ? Number(ins.nearBranchTarget) : -1,
    flagsRead,
    flagsWrite,
    gprWritten,
    gprUsed,
    xmmWritten,
    xmmUsed,
    privileged,
    fallsThrough,
    stack,
  };
}
