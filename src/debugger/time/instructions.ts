// SPDX-License-Identifier: GPL-2.0-or-later
/** What going backwards needs to know of instructions: calls, returns, registers written. */
import {
  Decoder,
  DecoderOptions,
  FlowControl,
  Instruction,
  InstructionInfoFactory,
  Mnemonic,
  OpKind,
  Register,
  RegisterExt,
  type UsedRegister,
} from 'iced-x86';
import { LONGEST_INSTRUCTION, WRITES } from '../../cpu/operand-access.ts';
import { PROT } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import { addr, type Addr } from '../../shared/brand.ts';
import { GPR_NAMES } from '../../shared/cpu-state.ts';

const CALL_LENGTHS = [2, 3, 4, 5, 6, 7, 8];

/** What a system call leaves behind: its answer in rax, the way back in rcx and r11. */
const KERNEL_SETS: ReadonlySet<number> = new Set([Register.RAX, Register.RCX, Register.R11]);

/** A register of which one wants to know who wrote it. */
export interface RegisterPart {
  /** A general register, `rflags` or `xmm0` … `xmm15`. */
  readonly name: string;
  /** Of an xmm register: first byte and number of bytes; default all 16. */
  readonly from?: number;
  readonly bytes?: number;
}

function decodeOne<T>(memory: GuestMemory, at: number, use: (i: Instruction) => T): T | null {
  if (!memory.allows(at, 1, PROT.exec)) return null;
  const decoder = new Decoder(
    64,
    memory.bytes.slice(at, at + LONGEST_INSTRUCTION),
    DecoderOptions.None,
  );
  const instruction = new Instruction();
  try {
    decoder.ip = BigInt(at);
    decoder.decodeOut(instruction);
    return instruction.isInvalid ? null : use(instruction);
  } finally {
    instruction.free();
    decoder.free();
  }
}

/** Whether the instruction at an address returns from a function. */
export function isReturn(memory: GuestMemory, at: number): boolean {
  return decodeOne(memory, at, (i) => i.flowControl === FlowControl.Return) ?? false;
}

/** Addresses of call instructions that end exactly at `next`. */
export function callsBefore(memory: GuestMemory, next: number): Addr[] {
  return CALL_LENGTHS.filter(
    (length) =>
      decodeOne(
        memory,
        next - length,
        (i) =>
          i.length === length &&
          (i.flowControl === FlowControl.Call || i.flowControl === FlowControl.IndirectCall),
      ) ?? false,
  ).map((length) => addr(next - length));
}

/**
 * All instructions in executable memory that write a register, as far as decoding from `starts`
 * (lines of the program, for example) and straight on from each finds them.
 * @param starts addresses at which instructions are known to begin, in any order
 */
export function writersOf(
  memory: GuestMemory,
  part: RegisterPart,
  starts: readonly number[],
): Set<Addr> {
  const found = new Set<Addr>();
  const wanted = registerNamed(part.name);
  const factory = new InstructionInfoFactory();
  const instruction = new Instruction();
  try {
    for (const { start, end, prot } of memory.regions()) {
      if ((prot & PROT.exec) === 0) continue;
      const known = [...new Set([start, ...starts.filter((at) => at > start && at < end)])];
      known.sort((a, b) => a - b);
      known.forEach((from, i) => {
        const to = known[i + 1] ?? end;
        const decoder = new Decoder(64, memory.bytes.slice(from, end), DecoderOptions.None);
        decoder.ip = BigInt(from);
        for (let at = from; at < to; at += instruction.length) {
          decoder.decodeOut(instruction);
          if (instruction.isInvalid || instruction.length === 0) break;
          if (writes(factory, instruction, wanted, part)) found.add(addr(at));
        }
        decoder.free();
      });
    }
  } finally {
    instruction.free();
    factory.free();
  }
  return found;
}

/** The widest form of a register, as a number; null stands for the flags. */
function registerNamed(name: string): number | null {
  const vector = /^xmm(\d+)$/.exec(name);
  if (vector) return Register.ZMM0 + Number(vector[1]);
  const index = (GPR_NAMES as readonly string[]).indexOf(name);
  return index < 0 ? null : Register.RAX + index;
}

function writes(
  factory: InstructionInfoFactory,
  instruction: Instruction,
  wanted: number | null,
  part: RegisterPart,
): boolean {
  if (instruction.mnemonic === Mnemonic.Syscall) {
    return wanted !== null && KERNEL_SETS.has(wanted);
  }
  if (wanted === null) return instruction.rflagsModified !== 0;
  const info = factory.info(instruction);
  try {
    const written = (info.usedRegisters() as UsedRegister[]).some((used) => {
      const { register, access } = used;
      used.free();
      return WRITES.has(access) && (RegisterExt.fullRegister(register) as number) === wanted;
    });
    return written && (part.from === undefined || touches(instruction, part));
  } finally {
    info.free();
  }
}

/** Whether the write reaches the part of the xmm register: scalar instructions leave the upper. */
function touches(instruction: Instruction, { from = 0 }: RegisterPart): boolean {
  const name = Mnemonic[instruction.mnemonic].toLowerCase();
  const loads = instruction.opCount > 1 && instruction.op1Kind === OpKind.Memory;
  if (/^movh(p[sd])$/.test(name) || name === 'movlhps') return from >= 8;
  if (/^movl(p[sd])$/.test(name) || name === 'movhlps') return from < 8;
  if ((name === 'movsd' || name === 'movss') && loads) return true; // zeroes the rest
  if (/sd$/.test(name) && name !== 'movd') return from < 8;
  if (/ss$/.test(name)) return from < 4;
  return true;
}
