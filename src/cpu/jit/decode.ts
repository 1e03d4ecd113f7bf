// SPDX-License-Identifier: GPL-2.0-or-later
/** Guest instructions as plain objects: iced-x86's decoder, and what the translator asks of it. */
import { Code, Decoder, DecoderOptions, Instruction } from 'iced-x86';
import { KnownForms } from './known-forms.ts';

export interface GprOperand {
  readonly k: 'gpr';
  /** Hardware number, 0 … 15. */
  readonly reg: number;
  readonly size: 1 | 2 | 4 | 8;
  /** ah, ch, dh, bh: bits 8 … 15 of registers 0 … 3. */
  readonly high: boolean;
}

export interface XmmOperand {
  readonly k: 'xmm';
  readonly reg: number;
}

export interface ImmOperand {
  readonly k: 'imm';
  /** Sign-extended to 64 bits. */
  readonly value: bigint;
}

export interface MemOperand {
  readonly k: 'mem';
  /** Register numbers, or -1. */
  readonly base: number;
  readonly index: number;
  readonly scale: number;
  /** Displacement; the whole address when there is no register (rip-relative ones are resolved). */
  readonly disp: number;
  /** Bytes accessed. */
  readonly size: number;
  readonly seg: 'fs' | 'gs' | null;
  /** Address arithmetic wraps at 32 bits (67 prefix). */
  readonly addr32: boolean;
}

/** Operands of kinds that the translator has no use for (mmx, segment, far pointers …). */
export interface OtherOperand {
  readonly k: 'other';
}

export type Operand = GprOperand | XmmOperand | ImmOperand | MemOperand | OtherOperand;

/** How an instruction treats the six status flags, taken as one. */
export type FlagUse = 'none' | 'kill' | 'partial';

export interface Insn {
  readonly ip: number;
  readonly next: number;
  /** iced's name of the mnemonic, such as `Movzx`; `Movsd_xmm` is the SSE instruction. */
  readonly mnemonic: string;
  readonly ops: readonly Operand[];
  /** Memory access of each operand (only meaningful for `mem`). */
  readonly reads: readonly boolean[];
  readonly writes: readonly boolean[];
  readonly rep: 'none' | 'rep' | 'repne';
  readonly lock: boolean;
  /** The lengths of explicit strings (pcmpestri, pcmpestrm) are 64-bit numbers. */
  readonly wideLengths: boolean;
  /** Floating point that has to heed the modes of MXCSR and raise its exception flags. */
  readonly careful: boolean;
  /** Direct branch or call target, when there is one. */
  readonly target: number;
  readonly flagsRead: boolean;
  readonly flagsWrite: FlagUse;
  /** Bit masks of the general registers that change, and that are touched at all. */
  readonly gprWritten: number;
  readonly gprUsed: number;
  readonly xmmWritten: number;
  readonly xmmUsed: number;
  readonly privileged: boolean;
  /** Execution goes on behind it (after a call or system call too). */
  readonly fallsThrough: boolean;
  /** What the instruction adds to rsp by itself: -8 for push, 8 for pop … */
  readonly stack: number;
}

/** What of the instructions decoded so far goes for others of the same form too. */
const forms = new KnownForms();
let shared: Instruction | null = null;

/**
 * Decodes straight on from `ip`.
 * @param bytes guest memory from `ip` on; a truncated last instruction is not decoded.
 * @param accept called with each instruction; decoding ends when it returns false.
 */
export function decodeRun(bytes: Uint8Array, ip: number, accept: (insn: Insn) => boolean): void {
  const decoder = new Decoder(64, bytes, DecoderOptions.None);
  decoder.ip = BigInt(ip);
  // one object for all of them: to make and free it costs as much as decoding
  const ins = (shared ??= new Instruction());
  for (let at = 0; decoder.canDecode;) {
    decoder.decodeOut(ins);
    const code = ins.code;
    if (code === Code.INVALID) break;
    const insn = forms.describe(ins, code, bytes, at, ip + at);
    if (!accept(insn)) break;
    at = insn.next - ip;
  }
  decoder.free();
}
