// SPDX-License-Identifier: GPL-2.0-or-later
/** One decoded instruction as a plain object, with all that iced-x86 has to say about it. */
import {
  Code,
  FlowControl,
  InstructionInfoFactory,
  MemorySizeExt,
  Mnemonic,
  type OpAccess,
  OpKind,
  Register,
  RegisterExt,
  type Instruction,
} from 'iced-x86';
import { READS, WRITES } from '../operand-access.ts';
import type { Insn, Operand } from './decode.ts';

/** Ends our names of the SSE instructions `movsd` and `cmpsd`. */
export const SSE_SUFFIX = '_xmm';

interface RegisterFacts {
  readonly operand: Operand;
  readonly gpr: number;
  readonly xmm: number;
}

const NONE: RegisterFacts = { operand: { k: 'other' }, gpr: -1, xmm: -1 };
const HIGH = new Set<Register>([Register.AH, Register.CH, Register.DH, Register.BH]);
const STATUS_FLAGS = 63; // iced's bits for OF SF ZF AF CF PF
const CONDITIONAL_SHIFTS = new Set([
  'Shl', 'Sal', 'Shr', 'Sar', 'Rol', 'Ror', 'Rcl', 'Rcr', 'Shld', 'Shrd',
]); // prettier-ignore

const registerFacts = new Map<Register, RegisterFacts>();

export function factsOf(register: Register): RegisterFacts {
  let facts = registerFacts.get(register);
  if (!facts) registerFacts.set(register, (facts = makeFacts(register)));
  return facts;
}

function makeFacts(register: Register): RegisterFacts {
  if (register >= Register.AL && register <= Register.R15) {
    const high = HIGH.has(register);
    const reg = RegisterExt.number(RegisterExt.fullRegister(register));
    const size = RegisterExt.size(register) as 1 | 2 | 4 | 8;
    return { operand: { k: 'gpr', reg, size, high }, gpr: reg, xmm: -1 };
  }
  if (register >= Register.XMM0 && register <= Register.XMM15) {
    const reg = register - Register.XMM0;
    return { operand: { k: 'xmm', reg }, gpr: -1, xmm: reg };
  }
  return NONE;
}

function gprNumber(register: Register): number {
  return register === Register.None ? -1 : factsOf(register).gpr;
}

const FALLS_THROUGH = new Set<FlowControl>([
  FlowControl.Next,
  FlowControl.Call,
  FlowControl.IndirectCall,
  FlowControl.ConditionalBranch,
]);

let factory: InstructionInfoFactory | null = null;

function segmentOf(ins: Instruction): 'fs' | 'gs' | null {
  const segment = ins.memorySegment;
  return segment === Register.FS ? 'fs' : segment === Register.GS ? 'gs' : null;
}

function memOperand(ins: Instruction): Operand {
  const seg = segmentOf(ins);
  const size = MemorySizeExt.size(ins.memorySize);
  if (ins.isIpRelMemoryOperand) {
    const disp = Number(BigInt.asIntN(64, ins.ipRelMemoryAddress));
    if (!Number.isSafeInteger(disp)) return { k: 'other' };
    return { k: 'mem', base: -1, index: -1, scale: 1, disp, size, seg, addr32: false };
  }
  const baseReg = ins.memoryBase;
  const indexReg = ins.memoryIndex;
  const base = gprNumber(baseReg);
  const index = gprNumber(indexReg);
  if ((baseReg !== Register.None && base < 0) || (indexReg !== Register.None && index < 0)) {
    return { k: 'other' };
  }
  const narrow =
    (base >= 0 && RegisterExt.size(baseReg) === 4) ||
    (index >= 0 && RegisterExt.size(indexReg) === 4);
  const wide = BigInt.asIntN(64, ins.memoryDisplacement);
  const disp = narrow ? Number(BigInt.asIntN(32, wide)) : Number(wide);
  if (!Number.isSafeInteger(disp)) return { k: 'other' };
  const scale = index < 0 ? 1 : ins.memoryIndexScale;
  return { k: 'mem', base, index, scale, disp, size, seg, addr32: narrow };
}

function operand(ins: Instruction, i: number): Operand {
  const kind = ins.opKind(i);
  if (kind === OpKind.Register) return factsOf(ins.opRegister(i)).operand;
  if (kind === OpKind.Memory) return memOperand(ins);
  if (kind === OpKind.MemorySegRSI || kind === OpKind.MemoryESRDI) {
    const seg = kind === OpKind.MemorySegRSI ? segmentOf(ins) : null;
    const base = kind === OpKind.MemorySegRSI ? 6 : 7;
    const size = MemorySizeExt.size(ins.memorySize);
    return { k: 'mem', base, index: -1, scale: 1, disp: 0, size, seg, addr32: false };
  }
  if (kind >= OpKind.Immediate8 && kind <= OpKind.Immediate32to64) {
    return { k: 'imm', value: BigInt.asIntN(64, ins.immediate(i)) };
  }
  return { k: 'other' };
}

/** Everything about an instruction, asked of iced. */
export function describe(ins: Instruction): Insn {
  factory ??= new InstructionInfoFactory();
  const info = factory.info(ins);
  const plain = Mnemonic[ins.mnemonic];
  // `loop` that counts in ecx (67 prefix) is another instruction to us
  const form = Code[ins.code];
  const narrowFrame = form === 'Leavew' || form.startsWith('Enterw');
  const counts32 = plain.startsWith('Loop') && form.endsWith('ECX');
  const ops: Operand[] = [];
  const reads: boolean[] = [];
  const writes: boolean[] = [];
  for (let i = 0; i < ins.opCount; i++) {
    ops.push(operand(ins, i));
    const access = info.opAccess(i);
    reads.push(READS.has(access));
    writes.push(WRITES.has(access));
  }
  // movsd and cmpsd name a string and an SSE instruction each
  const sse = (plain === 'Movsd' || plain === 'Cmpsd') && ops.some((o) => o.k === 'xmm');
  const mnemonic = counts32
    ? `${plain}32`
    : narrowFrame
      ? `${plain}w`
      : sse
        ? `${plain}${SSE_SUFFIX}`
        : plain;
  let gprWritten = 0;
  let gprUsed = 0;
  let xmmWritten = 0;
  let xmmUsed = 0;
  for (const used of info.usedRegisters() as {
    register: Register;
    access: OpAccess;
    free(): void;
  }[]) {
    const facts = factsOf(used.register);
    if (facts.gpr >= 0) {
      gprUsed |= 1 << facts.gpr;
      if (WRITES.has(used.access)) gprWritten |= 1 << facts.gpr;
    } else if (facts.xmm >= 0) {
      xmmUsed |= 1 << facts.xmm;
      if (WRITES.has(used.access)) xmmWritten |= 1 << facts.xmm;
    }
    used.free();
  }
  const modified = ins.rflagsModified & STATUS_FLAGS;
  const rep = ins.hasRepnePrefix ? 'repne' : ins.hasRepPrefix ? 'rep' : 'none';
  const counted = ops.some((o, i) => i > 0 && o.k === 'gpr' && o.reg === 1 && o.size === 1);
  const conditional =
    (CONDITIONAL_SHIFTS.has(mnemonic) && counted) || (rep !== 'none' && ins.isStringInstruction);
  const kill = modified === STATUS_FLAGS && !conditional;
  const flow = ins.flowControl;
  const direct = ins.opCount > 0 && ins.opKind(0) === OpKind.NearBranch64;
  const described: Insn = {
    ip: Number(ins.ip),
    next: Number(ins.nextIP),
    mnemonic,
    ops,
    reads,
    writes,
    rep,
    lock: ins.hasLockPrefix,
    wideLengths: /^Pcmpestr[im]64/.test(form),
    careful: false,
    target: direct && flow !== FlowControl.Next ? Number(ins.nearBranchTarget) : -1,
    flagsRead: (ins.rflagsRead & STATUS_FLAGS) !== 0,
    flagsWrite: modified === 0 ? 'none' : kill ? 'kill' : 'partial',
    gprWritten,
    gprUsed,
    xmmWritten,
    xmmUsed,
    privileged: ins.isPrivileged,
    fallsThrough: FALLS_THROUGH.has(flow),
    stack: ins.isStackInstruction ? ins.stackPointerIncrement : 0,
  };
  info.free();
  return described;
}
