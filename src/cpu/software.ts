// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * A few instructions in plain TypeScript, for engines that cannot execute them truthfully.
 * They work on the state at home in `GuestMemory`, which must be exact when they are called.
 */
import {
  Code,
  Decoder,
  DecoderOptions,
  MemorySizeExt,
  Mnemonic,
  OpKind,
  RegisterExt,
  type Instruction,
} from 'iced-x86';
import { unsignedOf } from '../shared/little-endian.ts';
import { addr } from '../shared/brand.ts';
import { FLAG, type CpuState } from '../shared/cpu-state.ts';
import type { GuestMemory } from '../machine/memory.ts';
import { PROT, PROT_MAPPED } from '../machine/layout.ts';
import type { Fault } from './cpu.ts';
import { executeFloat } from './float/execute.ts';
import { addressesStack, effectiveAddress, type EffectiveAddress } from './effective-address.ts';
import { LONGEST_INSTRUCTION } from './operand-access.ts';

/** MXCSR bits that exist on every x86-64 with SSE2 (Intel SDM vol. 1, 10.2.3). */
const MXCSR_BITS = 0xffff;
const MXCSR_MASKS = 0x1f80;

/** The linear address an operand names. */
export function linearAddress(ea: EffectiveAddress, state: CpuState): bigint {
  let sum = ea.displacement;
  if (ea.base >= 0) sum += state.gpr(ea.base);
  if (ea.index >= 0) sum += state.gpr(ea.index) * BigInt(ea.scale);
  sum = BigInt.asUintN(ea.narrow ? 32 : 64, sum);
  if (ea.segment === 'fs') sum += state.fsBase;
  if (ea.segment === 'gs') sum += state.gsBase;
  return BigInt.asUintN(64, sum);
}

/** The fault that an access to memory would raise, or null when it is allowed. */
export function accessFault(
  memory: GuestMemory,
  rip: bigint,
  address: bigint,
  length: number,
  access: 'read' | 'write',
): Fault | null {
  const top = BigInt.asIntN(64, address) >> 47n;
  if (top !== 0n && top !== -1n) return { signal: 'SIGSEGV', code: 'general-protection', rip };
  for (const at of [address, address + BigInt(length - 1)]) {
    const prot = at < BigInt(memory.size) ? memory.protectionAt(Number(at)) : 0;
    const wanted = access === 'write' ? PROT.write : PROT.read | PROT.write | PROT.exec;
    if ((prot & wanted) !== 0) continue;
    const page = at === address ? address : at & ~0xfffn;
    const code =
      prot & PROT_MAPPED ? (`${access}-protected` as const) : (`unmapped-${access}` as const);
    return { signal: 'SIGSEGV', code, rip, address: page };
  }
  return null;
}

/**
 * Executes the instruction at rip and moves rip behind it.
 * @param bytes the instruction's bytes.
 * @returns the fault that it raised, with the state unchanged, or null.
 */
export function executeInSoftware(memory: GuestMemory, bytes: Uint8Array): Fault | null {
  const decoder = new Decoder(64, bytes.subarray(0, LONGEST_INSTRUCTION), DecoderOptions.None);
  decoder.ip = memory.state.rip;
  const instruction = decoder.decode();
  const fault = execute(memory, instruction);
  if (!fault) memory.state.rip = loopTarget(memory.state, instruction) ?? instruction.nextIP;
  instruction.free();
  decoder.free();
  return fault;
}

/**
 * Executes the SSE floating-point instruction at rip with the rounding and the exception flags of
 * MXCSR, and moves rip behind it.
 * @param bytes the instruction's bytes.
 * @returns false, with nothing changed, when it is none or would fault.
 */
export function executeFloatInSoftware(memory: GuestMemory, bytes: Uint8Array): boolean {
  const decoder = new Decoder(64, bytes.subarray(0, LONGEST_INSTRUCTION), DecoderOptions.None);
  const { state } = memory;
  decoder.ip = state.rip;
  const instruction = decoder.decode();
  const done = executeFloat(memory, instruction, (length) => {
    const address = linearAddress(effectiveAddress(instruction), state);
    const misaligned = length === 16 && (address & 15n) !== 0n;
    if (misaligned || accessFault(memory, state.rip, address, length, 'read')) return null;
    return Number(address);
  });
  if (done) state.rip = instruction.nextIP;
  instruction.free();
  decoder.free();
  return done;
}

function execute(memory: GuestMemory, i: Instruction): Fault | null {
  const { state } = memory;
  switch (i.mnemonic) {
    case Mnemonic.Popcnt:
    case Mnemonic.Lzcnt:
    case Mnemonic.Tzcnt:
    case Mnemonic.Bsf:
    case Mnemonic.Bsr:
      return countBits(memory, i);
    case Mnemonic.Cpuid:
      cpuid(state);
      return null;
    case Mnemonic.Rdtsc: {
      // A clock that counts instructions: monotonic, and the same in every run.
      const ticks = BigInt(state.instructions);
      state.setGpr(0, ticks & 0xffffffffn);
      state.setGpr(2, ticks >> 32n);
      return null;
    }
    case Mnemonic.Stmxcsr: {
      const address = linearAddress(effectiveAddress(i), state);
      const fault = operandFault(memory, i, address, 4, 'write');
      if (fault) return fault;
      const word = new Uint8Array(4);
      new DataView(word.buffer).setUint32(0, state.mxcsr, true);
      memory.expectStores(Number(address), word.length);
      memory.write(addr(address), word);
      return null;
    }
    case Mnemonic.Ldmxcsr:
      return loadMxcsr(memory, i);
    case Mnemonic.Loope:
    case Mnemonic.Loopne:
      return null; // nothing but a jump
    default:
      throw new Error(`no software for ${Mnemonic[i.mnemonic]}`);
  }
}

/** As `accessFault`, for an instruction's memory operand: what goes by the stack is SIGBUS. */
function operandFault(
  memory: GuestMemory,
  i: Instruction,
  address: bigint,
  length: number,
  access: 'read' | 'write',
): Fault | null {
  const fault = accessFault(memory, i.ip, address, length, access);
  const stack = fault?.code === 'general-protection' && addressesStack(i);
  return stack ? { ...fault, signal: 'SIGBUS' } : fault;
}

function loadMxcsr(memory: GuestMemory, i: Instruction): Fault | null {
  const { state } = memory;
  const address = linearAddress(effectiveAddress(i), state);
  const fault = operandFault(memory, i, address, 4, 'read');
  if (fault) return fault;
  const at = Number(address);
  const value = Number(unsignedOf(memory.bytes.subarray(at, at + 4)));
  if ((value & ~MXCSR_BITS) !== 0) {
    return { signal: 'SIGSEGV', code: 'general-protection', rip: i.ip };
  }
  if ((value & MXCSR_MASKS) !== MXCSR_MASKS) {
    const detail = 'ldmxcsr that unmasks floating-point exceptions';
    return { signal: 'SIGILL', code: 'unsupported', rip: i.ip, detail };
  }
  state.mxcsr = value;
  return null;
}

/** Executes loope and loopne. @returns where they jump, or null when they do not. */
function loopTarget(state: CpuState, i: Instruction): bigint | null {
  if (i.mnemonic !== Mnemonic.Loope && i.mnemonic !== Mnemonic.Loopne) return null;
  const RCX = 1;
  const narrow = Code[i.code].endsWith('ECX');
  const count = BigInt.asUintN(narrow ? 32 : 64, state.gpr(RCX) - 1n);
  state.setGpr(RCX, count);
  const zero = (state.rflags & FLAG.ZF) !== 0;
  return count !== 0n && zero === (i.mnemonic === Mnemonic.Loope) ? i.nearBranchTarget : null;
}

function countBits(memory: GuestMemory, i: Instruction): Fault | null {
  const { state } = memory;
  const width = RegisterExt.size(i.op0Register) * 8;
  let source: bigint;
  if (i.opKind(1) === OpKind.Memory) {
    const address = linearAddress(effectiveAddress(i), state);
    const length = MemorySizeExt.size(i.memorySize);
    const fault = operandFault(memory, i, address, length, 'read');
    if (fault) return fault;
    const at = Number(address);
    source = unsignedOf(memory.bytes.subarray(at, at + length));
  } else {
    source = BigInt.asUintN(width, state.gpr(RegisterExt.number(i.op1Register)));
  }
  const [count, flags] = counted(i.mnemonic, source, width);
  state.rflags = (state.rflags & ~flags.written) | flags.set;
  if (count === null) return null; // the destination keeps all its 64 bits
  const target = RegisterExt.number(i.op0Register);
  const kept = width === 16 ? state.gpr(target) & ~0xffffn : 0n;
  state.setGpr(target, kept | BigInt(count));
  return null;
}

/** The result (null for none) and flags of a bit count or bit scan. */
function counted(
  mnemonic: Mnemonic,
  source: bigint,
  width: number,
): [count: number | null, flags: { written: number; set: number }] {
  const ALL = FLAG.OF | FLAG.SF | FLAG.ZF | FLAG.AF | FLAG.CF | FLAG.PF;
  const bits = source.toString(2);
  const trailing = bits.length - 1 - bits.lastIndexOf('1');
  const none = source === 0n;
  if (mnemonic === Mnemonic.Popcnt) {
    const ones = none ? 0 : bits.replaceAll('0', '').length;
    return [ones, { written: ALL, set: none ? FLAG.ZF : 0 }];
  }
  if (mnemonic === Mnemonic.Bsf || mnemonic === Mnemonic.Bsr) {
    const found = mnemonic === Mnemonic.Bsf ? trailing : bits.length - 1;
    return [none ? null : found, { written: FLAG.ZF, set: none ? FLAG.ZF : 0 }];
  }
  const zeros = mnemonic === Mnemonic.Lzcnt ? width - bits.length : trailing;
  const count = none ? width : zeros;
  const set = (none ? FLAG.CF : 0) | (count === 0 ? FLAG.ZF : 0);
  return [count, { written: FLAG.ZF | FLAG.CF, set }];
}

/** CPUID of the machine that the engines make together: what it reports, it executes. */
function cpuid(state: CpuState): void {
  const leaf = Number(state.gpr(0) & 0xffffffffn);
  const [a, b, c, d] = LEAVES.get(leaf) ?? [0, 0, 0, 0];
  [a, c, d, b].forEach((value, index) => {
    state.setGpr(index, BigInt(value >>> 0));
  });
}

const text = (four: string): number =>
  four.charCodeAt(0) |
  (four.charCodeAt(1) << 8) |
  (four.charCodeAt(2) << 16) |
  (four.charCodeAt(3) << 24);

/** eax, ebx, ecx, edx by leaf. */
const LEAVES: ReadonlyMap<number, readonly [number, number, number, number]> = new Map([
  [0, [1, text('Glas'), text('CPU!'), text('sbox')]],
  [
    1,
    [
      0x000006f1,
      0x00000800, // CLFLUSH line of 64 bytes
      (1 << 0) | (1 << 13) | (1 << 23), // SSE3, CMPXCHG16B, POPCNT
      (1 << 4) | (1 << 8) | (1 << 15) | (1 << 19) | (1 << 25) | (1 << 26), // TSC CX8 CMOV CLFSH SSE SSE2
    ],
  ],
  [0x80000000, [0x80000004, 0, 0, 0]],
  [0x80000001, [0, 0, (1 << 0) | (1 << 5), (1 << 11) | (1 << 20) | (1 << 29)]], // LAHF LZCNT; SYSCALL NX LM
  [0x80000002, [text('Glas'), text('sbox'), text(' x86'), text('-64\0')]],
  [0x80000003, [0, 0, 0, 0]],
  [0x80000004, [0, 0, 0, 0]],
]);
