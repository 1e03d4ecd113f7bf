// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The truthfulness guard: what an instruction is, before Unicorn may execute it.
 *
 * This Unicorn executes some instructions wrongly and without a word (VEX-coded ones as their
 * legacy namesakes, lzcnt as bsr …). So nothing runs on it but what has been compared with real
 * silicon (`guard.test.ts`); a few more are served in software; everything else stops.
 */
import {
  Code,
  CpuidFeature,
  Decoder,
  DecoderOptions,
  EncodingKind,
  FlowControl,
  Formatter,
  FormatterSyntax,
  Instruction,
  MemorySizeExt,
  Mnemonic,
  OpKind,
  RegisterExt,
} from 'iced-x86';
import {
  addressesStack,
  effectiveAddress,
  hasMemoryOperand,
  type EffectiveAddress,
} from './effective-address.ts';
import { lowBitChanges, type RegisterChange } from './low-bits.ts';

/** Features whose instructions Unicorn executes as silicon does. */
const TRUSTED: ReadonlySet<number> = new Set([
  CpuidFeature.INTEL8086,
  CpuidFeature.INTEL186,
  CpuidFeature.INTEL286,
  CpuidFeature.INTEL386,
  CpuidFeature.INTEL486,
  CpuidFeature.X64,
  CpuidFeature.CMOV,
  CpuidFeature.CX8,
  CpuidFeature.MULTIBYTENOP,
  CpuidFeature.PAUSE,
  CpuidFeature.CLFSH,
  CpuidFeature.SSE,
  CpuidFeature.SSE2,
  CpuidFeature.SSE3,
  CpuidFeature.SYSCALL,
]);

/** Instructions of trusted features that are not right in Unicorn and not served in software. */
const DISTRUSTED: ReadonlySet<Mnemonic> = new Set([
  Mnemonic.Rcpps, // 12-bit approximations, silicon's table differs
  Mnemonic.Rcpss,
  Mnemonic.Rsqrtps,
  Mnemonic.Rsqrtss,
  Mnemonic.Iret,
  Mnemonic.Iretd,
  Mnemonic.Iretq,
  Mnemonic.Int,
  Mnemonic.Int1,
  Mnemonic.Lar,
  Mnemonic.Lsl,
  Mnemonic.Verr,
  Mnemonic.Verw,
  Mnemonic.Sysenter,
  Mnemonic.Enter,
  Mnemonic.Lfs,
  Mnemonic.Lgs,
  Mnemonic.Lss,
  Mnemonic.Sgdt,
  Mnemonic.Sidt,
  Mnemonic.Sldt,
  Mnemonic.Smsw,
  Mnemonic.Str,
]);

/** Refused to programs without I/O rights. */
const IO: ReadonlySet<Mnemonic> = new Set([
  Mnemonic.In,
  Mnemonic.Out,
  Mnemonic.Insb,
  Mnemonic.Insw,
  Mnemonic.Insd,
  Mnemonic.Outsb,
  Mnemonic.Outsw,
  Mnemonic.Outsd,
  Mnemonic.Cli,
  Mnemonic.Sti,
  Mnemonic.Hlt,
]);

const LEGACY_PREFIXES: ReadonlySet<number> = new Set([
  0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3,
]);

/** Served by `software.ts`. */
const SOFTWARE: ReadonlySet<Mnemonic> = new Set([
  Mnemonic.Popcnt,
  Mnemonic.Lzcnt,
  Mnemonic.Tzcnt,
  Mnemonic.Cpuid,
  Mnemonic.Rdtsc,
  Mnemonic.Ldmxcsr,
  Mnemonic.Stmxcsr,
  Mnemonic.Loope, // in Unicorn flags are lost when the count ends the loop
  Mnemonic.Loopne,
]);

/**
 * Of zero they leave their register alone; in Unicorn its upper half is lost, but not with 64-bit
 * operands, which the search for set bits of our own kernels uses.
 */
const BIT_SCANS: ReadonlySet<Code> = new Set([
  Code.Bsf_r16_rm16,
  Code.Bsf_r32_rm32,
  Code.Bsr_r16_rm16,
  Code.Bsr_r32_rm32,
]);

/** 16-byte memory operands that may lie anywhere. */
const UNALIGNED: ReadonlySet<Mnemonic> = new Set([
  Mnemonic.Movups,
  Mnemonic.Movupd,
  Mnemonic.Movdqu,
  Mnemonic.Lddqu,
  Mnemonic.Pcmpestri,
  Mnemonic.Pcmpestrm,
  Mnemonic.Pcmpistri,
  Mnemonic.Pcmpistrm,
]);

export interface GuardedInstruction {
  readonly address: number;
  readonly length: number;
  readonly kind:
    | 'plain'
    /** A string instruction with a rep prefix: one instruction, many rounds. */
    | 'rep'
    | 'software'
    | 'unsupported'
    /** Not for user programs: a general protection fault. */
    | 'privileged'
    /** No instruction at all, or ud2. */
    | 'invalid';
  /** For people, when unsupported. */
  readonly detail: string;
  readonly pushesFlags: boolean;
  /** leave: in Unicorn rsp has changed already when its load faults. */
  readonly leaves: boolean;
  /** Addresses memory through the stack segment: a bad address is SIGBUS, not SIGSEGV. */
  readonly usesStack: boolean;
  /** The memory operand of a push, pop or call, and whether it is accessed before the stack. */
  readonly besidesStack: { readonly operand: EffectiveAddress; readonly first: boolean } | null;
  /** The memory operand that must be a multiple of 16, if there is one. */
  readonly aligned: EffectiveAddress | null;
  readonly changes: readonly RegisterChange[];
  readonly endsBlock: boolean;
  readonly flow: 'call' | 'return' | null;
  /** Where a direct jump goes; null for any other instruction. */
  readonly target: number | null;
}

const OPTIONS = DecoderOptions.None;
const formatter = new Formatter(FormatterSyntax.Nasm);
const instruction = new Instruction();

/** Decodes instructions one after the other from `bytes`, whose first lies at `address`. */
export function guard(bytes: Uint8Array, address: number, most = Infinity): GuardedInstruction[] {
  const decoder = new Decoder(64, bytes, OPTIONS);
  decoder.ip = BigInt(address);
  const found: GuardedInstruction[] = [];
  while (decoder.canDecode && found.length < most) {
    const start = decoder.position;
    decoder.decodeOut(instruction);
    found.push(examine(instruction, bytes.subarray(start, decoder.position)));
    if (instruction.code === Code.INVALID) break;
  }
  decoder.free();
  return found;
}

function examine(i: Instruction, bytes: Uint8Array): GuardedInstruction {
  const features = Array.from(i.cpuidFeatures());
  const { mnemonic } = i;
  let kind: GuardedInstruction['kind'] = 'plain';
  let detail = '';
  if (i.code === Code.INVALID || i.mnemonic === Mnemonic.Ud2) {
    kind = 'invalid';
  } else if (SOFTWARE.has(mnemonic) || BIT_SCANS.has(i.code)) {
    kind = 'software';
  } else if (IO.has(mnemonic)) {
    kind = 'privileged';
  } else if (
    i.encoding !== EncodingKind.Legacy ||
    isOddlyEncoded(i, bytes) ||
    DISTRUSTED.has(mnemonic) ||
    !features.every((feature) => TRUSTED.has(feature)) ||
    touchesForeignRegisters(i) ||
    isFar(i)
  ) {
    kind = 'unsupported';
    detail = `${formatter.format(i)} (${describeFeatures(features, i)})`;
  } else if (i.isPrivileged) {
    kind = 'privileged';
  } else if (i.isStringInstruction && (i.hasRepPrefix || i.hasRepnePrefix)) {
    kind = 'rep';
  }
  return {
    address: Number(i.ip),
    length: i.length,
    kind,
    detail,
    leaves: mnemonic === Mnemonic.Leave,
    usesStack: addressesStack(i),
    besidesStack:
      i.isStackInstruction && hasMemoryOperand(i)
        ? { operand: effectiveAddress(i), first: i.stackPointerIncrement < 0 }
        : null,
    pushesFlags: mnemonic === Mnemonic.Pushfq || mnemonic === Mnemonic.Pushf,
    aligned: kind === 'plain' ? alignedOperand(i) : null,
    changes: lowBitChanges(i),
    endsBlock: i.flowControl !== FlowControl.Next,
    flow: flowOf(i),
    target: directTarget(i),
  };
}

function flowOf(i: Instruction): GuardedInstruction['flow'] {
  switch (i.flowControl) {
    case FlowControl.Call: // syscall as well
      return i.mnemonic === Mnemonic.Call ? 'call' : null;
    case FlowControl.IndirectCall:
      return 'call';
    case FlowControl.Return:
      return 'return';
    default:
      return null;
  }
}

function directTarget(i: Instruction): number | null {
  const direct = i.opCount > 0 && i.opKind(0) === OpKind.NearBranch64;
  return direct ? Number(i.nearBranchTarget) : null;
}

/** Encodings that no assembler makes, or operands out of range: silicon and Unicorn differ. */
function isOddlyEncoded(i: Instruction, bytes: Uint8Array): boolean {
  let at = 0;
  while (LEGACY_PREFIXES.has(bytes[at] ?? 0)) at++;
  const rex = ((bytes[at] ?? 0) & 0xf0) === 0x40;
  const next = bytes[at + 1] ?? 0;
  // REX counts only right before the opcode; Unicorn honours it anywhere
  if (rex && (LEGACY_PREFIXES.has(next) || (next & 0xf0) === 0x40)) return true;
  switch (i.mnemonic) {
    case Mnemonic.Lahf:
    case Mnemonic.Sahf:
      return rex; // would use spl for ah
    case Mnemonic.Lfence:
    case Mnemonic.Mfence:
    case Mnemonic.Sfence:
      return ((bytes.at(-1) ?? 0) & 7) !== 0; // taken for a memory operand
    case Mnemonic.Leave:
      return i.code !== Code.Leaveq;
    case Mnemonic.Pause:
      return rex; // would exchange r8 and rax
    case Mnemonic.Bswap:
      return RegisterExt.size(i.op0Register) === 2; // undefined
    case Mnemonic.Pextrw:
    case Mnemonic.Pinsrw:
      return i.immediate(2) > 7n; // aborts Unicorn as a whole
    default:
      return false;
  }
}

/** Far transfers and loads of segment registers: the guest's segments are not Linux's. */
function isFar(i: Instruction): boolean {
  switch (i.mnemonic) {
    case Mnemonic.Retf:
      return true;
    case Mnemonic.Call:
    case Mnemonic.Jmp:
      return i.flowControl === FlowControl.Call || i.flowControl === FlowControl.UnconditionalBranch
        ? i.op0Kind === OpKind.FarBranch16 || i.op0Kind === OpKind.FarBranch32
        : i.op0Kind === OpKind.Memory && MemorySizeExt.size(i.memorySize) !== 8;
    default:
      return false;
  }
}

/** MMX, x87, segment, control, debug registers and the like as operands. */
function touchesForeignRegisters(i: Instruction): boolean {
  for (let op = 0; op < i.opCount; op++) {
    if (i.opKind(op) !== OpKind.Register) continue;
    const register = i.opRegister(op);
    if (
      RegisterExt.isMM(register) ||
      RegisterExt.isST(register) ||
      RegisterExt.isSegmentRegister(register)
    ) {
      return true;
    }
  }
  return false;
}

function describeFeatures(features: readonly number[], i: Instruction): string {
  const untrusted = features.filter((feature) => !TRUSTED.has(feature));
  if (untrusted.length > 0) {
    return `needs ${untrusted.map((feature) => CpuidFeature[feature]).join(', ')}`;
  }
  return i.isPrivileged ? 'privileged' : 'not emulated faithfully';
}

function alignedOperand(i: Instruction): EffectiveAddress | null {
  if (UNALIGNED.has(i.mnemonic)) return null;
  for (let op = 0; op < i.opCount; op++) {
    if (i.opKind(op) !== OpKind.Memory || MemorySizeExt.size(i.memorySize) !== 16) continue;
    return i.mnemonic === Mnemonic.Lea ? null : effectiveAddress(i);
  }
  return null;
}
