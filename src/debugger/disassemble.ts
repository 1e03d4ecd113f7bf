// SPDX-License-Identifier: GPL-2.0-or-later
/** Machine code as NASM text, with the symbols of the program where addresses have names. */
import {
  Decoder,
  DecoderOptions,
  FlowControl,
  Formatter,
  FormatterSyntax,
  Instruction,
  OpKind,
} from 'iced-x86';
import { LONGEST_INSTRUCTION } from '../cpu/operand-access.ts';
import type { GuestMemory } from '../machine/memory.ts';
import { PROT_MAPPED } from '../machine/layout.ts';
import type { DisassembledInstruction } from '../protocol/machine.ts';
import { hex, hexBytes } from '../shared/format.ts';

/** Mapped bytes from `address` on, at most `length`; empty when `address` itself is not mapped. */
function mappedBytes(memory: GuestMemory, address: number, length: number): Uint8Array {
  let end = address;
  while (end < address + length && (memory.protectionAt(end) & PROT_MAPPED) !== 0) end++;
  return memory.bytes.slice(address, end);
}

function makeFormatter(): Formatter {
  const formatter = new Formatter(FormatterSyntax.Nasm);
  formatter.hexPrefix = '0x';
  formatter.hexSuffix = '';
  formatter.uppercaseHex = false;
  formatter.branchLeadingZeros = false;
  formatter.spaceAfterOperandSeparator = true;
  formatter.showBranchSize = false;
  return formatter;
}

function isNearBranch(kind: OpKind): boolean {
  return (
    kind === OpKind.NearBranch64 || kind === OpKind.NearBranch32 || kind === OpKind.NearBranch16
  );
}

/** Puts names for the branch target and the rip-relative address of a formatted instruction. */
function withNames(
  text: string,
  instruction: Instruction,
  nameOf: (address: number) => string | null,
): string {
  let named = text;
  if (instruction.opCount > 0 && isNearBranch(instruction.opKind(0))) {
    const name = nameOf(Number(instruction.nearBranchTarget));
    if (name !== null) named = named.replace(/0x[0-9a-f]+/, name);
  }
  if (instruction.isIpRelMemoryOperand) {
    const target = Number(instruction.ipRelMemoryAddress);
    const name = nameOf(target);
    if (name !== null) named = named.replace(/(\[(?:rel )?)[^\]]*\]/, `$1${name}]`);
  }
  return named;
}

/**
 * Up to `count` instructions from `address` on; fewer at the end of mapped memory. Bytes that are
 * no instruction come one by one as `db`.
 * @param nameOf a symbol, with offset, for an address; null where there is none.
 */
export function disassemble(
  memory: GuestMemory,
  address: number,
  count: number,
  nameOf: (address: number) => string | null = () => null,
): DisassembledInstruction[] {
  const code = mappedBytes(memory, address, count * LONGEST_INSTRUCTION);
  const decoder = new Decoder(64, code, DecoderOptions.None);
  const formatter = makeFormatter();
  const instruction = new Instruction();
  const found: DisassembledInstruction[] = [];
  try {
    let offset = 0;
    while (found.length < count && offset < code.length) {
      decoder.position = offset;
      decoder.ip = BigInt(address + offset);
      decoder.decodeOut(instruction);
      const valid = !instruction.isInvalid;
      const length = valid ? instruction.length : 1;
      const bytes = code.slice(offset, offset + length);
      const text = valid
        ? withNames(formatter.format(instruction), instruction, nameOf)
        : `db 0x${hexBytes(bytes)}`;
      found.push({ address: address + offset, bytes, text, jump: jumpOf(instruction) });
      offset += length;
    }
  } finally {
    instruction.free();
    formatter.free();
    decoder.free();
  }
  return found;
}

function jumpOf(instruction: Instruction): number | null {
  const flow = instruction.flowControl;
  if (flow !== FlowControl.UnconditionalBranch && flow !== FlowControl.ConditionalBranch) {
    return null;
  }
  return isNearBranch(instruction.opKind(0)) ? Number(instruction.nearBranchTarget) : null;
}

/** What stepping needs to know of an instruction. */
export interface StepInfo {
  /** Bytes. */
  readonly length: number;
  readonly isCall: boolean;
  /** Where a direct jump or call goes; null for any other instruction. */
  readonly target: number | null;
}

function stepInfo(decoder: Decoder, instruction: Instruction): StepInfo | null {
  decoder.decodeOut(instruction);
  if (instruction.isInvalid) return null;
  const flow = instruction.flowControl;
  const direct = instruction.opCount > 0 && isNearBranch(instruction.opKind(0));
  return {
    length: instruction.length,
    isCall: flow === FlowControl.Call || flow === FlowControl.IndirectCall,
    target: direct ? Number(instruction.nearBranchTarget) : null,
  };
}

/** The instruction at an address; null where there is none. */
export function stepInfoAt(memory: GuestMemory, address: number): StepInfo | null {
  const code = mappedBytes(memory, address, LONGEST_INSTRUCTION);
  if (code.length === 0) return null;
  const decoder = new Decoder(64, code, DecoderOptions.None);
  const instruction = new Instruction();
  try {
    decoder.ip = BigInt(address);
    return stepInfo(decoder, instruction);
  } finally {
    instruction.free();
    decoder.free();
  }
}

/** Bytes of call instructions: from `call rax` to `call [r12 + disp32]`; the usual ones first. */
const CALL_LENGTHS = [5, 2, 3, 6, 7, 4, 8];
const LONGEST_CALL = 8;

/**
 * Whether a call instruction ends exactly at `address`, that is, whether it can be a return
 * address.
 */
export function followsCall(memory: GuestMemory, address: number): boolean {
  const start = Math.max(0, address - LONGEST_CALL);
  const code = memory.bytes.slice(start, address);
  const decoder = new Decoder(64, code, DecoderOptions.None);
  const instruction = new Instruction();
  try {
    return CALL_LENGTHS.some((length) => {
      if (length > code.length) return false;
      decoder.position = code.length - length;
      const info = stepInfo(decoder, instruction);
      return info !== null && info.isCall && info.length === length;
    });
  } finally {
    instruction.free();
    decoder.free();
  }
}

/** For messages: the instruction in backquotes, or that there is none. */
export function describeInstruction(
  memory: GuestMemory,
  address: number,
  nameOf?: (address: number) => string | null,
): string {
  const [instruction] = disassemble(memory, address, 1, nameOf);
  return instruction === undefined || instruction.text.startsWith('db ')
    ? `What lies at ${hex(address)}`
    : `\`${instruction.text}\``;
}
