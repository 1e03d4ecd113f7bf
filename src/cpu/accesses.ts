// SPDX-License-Identifier: GPL-2.0-or-later
/** Which memory an instruction is about to access, told from its bytes and the registers. */
import {
  Decoder,
  DecoderOptions,
  InstructionInfoFactory,
  MemorySizeExt,
  Mnemonic,
  OpKind,
  Register,
  RegisterExt,
  type Instruction,
  type UsedMemory,
} from 'iced-x86';
import { READS, WRITES } from './operand-access.ts';
import type { CpuState } from '../shared/cpu-state.ts';
import type { EffectiveAddress } from './effective-address.ts';
import { linearAddress } from './software.ts';

/** One stretch of memory. */
export interface MemoryAccess {
  readonly address: number;
  /** Bytes; of one element in a repeated string instruction. */
  readonly length: number;
  readonly read: boolean;
  readonly write: boolean;
}

/** The accesses of one instruction in order, reads before writes. */
export interface Accesses {
  readonly list: readonly MemoryAccess[];
  /** Of a repeated string instruction; null for any other. */
  readonly repeat: {
    /** Most rounds: the count register. */
    readonly count: number;
    /** Width of the count register. */
    readonly bits: 32 | 64;
    /** What a round adds to each address. */
    readonly step: number;
  } | null;
}

const BIT_STRINGS: ReadonlySet<Mnemonic> = new Set([
  Mnemonic.Bt,
  Mnemonic.Bts,
  Mnemonic.Btr,
  Mnemonic.Btc,
]);
/** Instructions with a memory operand that they do not access as a program does. */
const HINTS: ReadonlySet<Mnemonic> = new Set([
  Mnemonic.Prefetchnta,
  Mnemonic.Prefetcht0,
  Mnemonic.Prefetcht1,
  Mnemonic.Prefetcht2,
  Mnemonic.Prefetchw,
  Mnemonic.Clflush,
  Mnemonic.Nop,
]);
const NONE: Accesses = { list: [], repeat: null };
const RCX = 1;
const DIRECTION = 0x400;

let factory: InstructionInfoFactory | null = null;

/**
 * The memory that the instruction at rip accesses if it does not fault.
 * @param bytes its bytes, and perhaps more.
 * @param state exact, and with rip at the instruction.
 */
export function memoryAccesses(bytes: Uint8Array, state: CpuState): Accesses {
  const decoder = new Decoder(64, bytes, DecoderOptions.None);
  decoder.ip = state.rip;
  const instruction = decoder.decode();
  const found = instruction.isInvalid ? NONE : accessesOf(instruction, state);
  instruction.free();
  decoder.free();
  return found;
}

function accessesOf(i: Instruction, state: CpuState): Accesses {
  if (HINTS.has(i.mnemonic)) return NONE;
  factory ??= new InstructionInfoFactory();
  const info = factory.info(i);
  const used = info.usedMemory() as UsedMemory[];
  const list: MemoryAccess[] = [];
  for (const memory of used) {
    const access = resolve(memory, i, state);
    if (access && i.mnemonic === Mnemonic.Maskmovdqu) list.push(...masked(access, i, state));
    else if (access) list.push(access);
  }
  const narrow = used.some((memory) => RegisterExt.isGPR32(memory.base));
  for (const memory of used) memory.free();
  info.free();
  list.sort((a, b) => Number(a.write && !a.read) - Number(b.write && !b.read));
  const repeated = i.isStringInstruction && (i.hasRepPrefix || i.hasRepnePrefix);
  return { list, repeat: repeated ? repetition(list, narrow, state) : null };
}

function repetition(
  list: readonly MemoryAccess[],
  narrow: boolean,
  state: CpuState,
): Accesses['repeat'] {
  const size = list[0]?.length ?? 1;
  return {
    count: Number(BigInt.asUintN(narrow ? 32 : 64, state.gpr(RCX))),
    bits: narrow ? 32 : 64,
    step: (state.rflags & DIRECTION) !== 0 ? -size : size,
  };
}

function resolve(memory: UsedMemory, i: Instruction, state: CpuState): MemoryAccess | null {
  const read = READS.has(memory.access);
  const write = WRITES.has(memory.access);
  if (!read && !write) return null;
  const number = (register: Register): number =>
    register === Register.None ? -1 : RegisterExt.number(register);
  const { base, index } = memory;
  const parts: EffectiveAddress = {
    base: number(base),
    index: number(index),
    scale: memory.scale,
    displacement: BigInt.asIntN(64, memory.displacement) + bitOffset(i, state),
    segment: memory.segment === Register.FS ? 'fs' : memory.segment === Register.GS ? 'gs' : 'none',
    narrow: RegisterExt.isGPR32(base) || RegisterExt.isGPR32(index),
  };
  const ea = i.mnemonic === Mnemonic.Xlatb ? { ...parts, index: -1 } : parts;
  let address = linearAddress(ea, state);
  if (i.mnemonic === Mnemonic.Xlatb) address += BigInt.asUintN(8, state.gpr(0));
  // of a repetition the whole size is unknown, and the instruction has that of an element
  const length = MemorySizeExt.size(memory.memorySize) || MemorySizeExt.size(i.memorySize);
  if (length === 0 || address >= 1n << 47n) return null;
  return { address: Number(address), length, read, write };
}

/** Where a bit string instruction with a register as its index finds its word, in bytes. */
function bitOffset(i: Instruction, state: CpuState): bigint {
  const isString = BIT_STRINGS.has(i.mnemonic) && i.opKind(1) === OpKind.Register;
  if (!isString || i.opKind(0) !== OpKind.Memory) return 0n;
  const size = RegisterExt.size(i.op1Register);
  const bit = BigInt.asIntN(size * 8, state.gpr(RegisterExt.number(i.op1Register)));
  return (bit >> BigInt(3 + Math.log2(size))) * BigInt(size);
}

/** maskmovdqu writes the bytes whose mask has its highest bit set. */
function masked(access: MemoryAccess, i: Instruction, state: CpuState): MemoryAccess[] {
  const mask = state.xmm(RegisterExt.number(i.opRegister(2)));
  const found: MemoryAccess[] = [];
  for (let at = 0; at < mask.length; at++) {
    if (((mask[at] ?? 0) & 0x80) === 0) continue;
    const first = at;
    while (((mask[at + 1] ?? 0) & 0x80) !== 0) at++;
    found.push({ ...access, address: access.address + first, length: at + 1 - first });
  }
  return found;
}
