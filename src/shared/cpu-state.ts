// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The architectural state of the guest CPU as one block of bytes.
 *
 * The block's home is guest RAM at `STATE_OFFSET` (see `machine/layout.ts`), where engines read and
 * write it in place; a snapshot that crosses the worker boundary is a copy of the same bytes, read
 * through the same view. All fields are little-endian.
 *
 * | offset | field                                             |
 * | ------ | ------------------------------------------------- |
 * |   0x00 | 16 × u64 general registers, in hardware numbering |
 * |   0x80 | u64 rip                                           |
 * |   0x88 | u64 rflags                                        |
 * |   0x90 | u32 mxcsr, u32 zero                               |
 * |   0x98 | u64 fs base                                       |
 * |   0xa0 | u64 gs base                                       |
 * |   0xa8 | u64 instructions retired since the process start  |
 * |  0x100 | 16 × 16 bytes xmm0 … xmm15                        |
 */
import { u64, type U64 } from './brand.ts';

export const STATE_SIZE = 0x200;

export const STATE = {
  gpr: 0x00,
  rip: 0x80,
  rflags: 0x88,
  mxcsr: 0x90,
  fsBase: 0x98,
  gsBase: 0xa0,
  instructions: 0xa8,
  xmm: 0x100,
} as const;

/** General registers in hardware numbering: the index is the number in ModRM and REX. */
export const GPR_NAMES = [
  'rax',
  'rcx',
  'rdx',
  'rbx',
  'rsp',
  'rbp',
  'rsi',
  'rdi',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
] as const;

export type GprName = (typeof GPR_NAMES)[number];

/** Index of each general register in the block. */
export const GPR = Object.fromEntries(GPR_NAMES.map((name, i) => [name, i])) as Record<
  GprName,
  number
>;

/** rflags bits by their Intel SDM names (vol. 1, 3.4.3). */
export const FLAG = {
  CF: 1 << 0,
  PF: 1 << 2,
  AF: 1 << 4,
  ZF: 1 << 6,
  SF: 1 << 7,
  TF: 1 << 8,
  IF: 1 << 9,
  DF: 1 << 10,
  OF: 1 << 11,
} as const;

export type FlagName = keyof typeof FLAG;

/** rflags of a new Linux process: IF and the always-one bit 1. */
export const INITIAL_RFLAGS = 0x202;

/** MXCSR of a new Linux process: all exceptions masked, round to nearest. */
export const INITIAL_MXCSR = 0x1f80;

/** A view on a state block; it owns nothing and may be made anew at any time. */
export class CpuState {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer, offset, STATE_SIZE);
    this.#bytes = new Uint8Array(buffer, offset, STATE_SIZE);
  }

  /** The block itself (512 bytes), not a copy. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** An independent copy of the block, fit to be transferred. */
  copy(): ArrayBuffer {
    return this.#bytes.slice().buffer;
  }

  gpr(index: number): U64 {
    return this.#view.getBigUint64(STATE.gpr + index * 8, true) as U64;
  }

  setGpr(index: number, value: bigint): void {
    this.#view.setBigUint64(STATE.gpr + index * 8, u64(value), true);
  }

  get rip(): U64 {
    return this.#view.getBigUint64(STATE.rip, true) as U64;
  }

  set rip(value: bigint) {
    this.#view.setBigUint64(STATE.rip, u64(value), true);
  }

  get rflags(): number {
    return this.#view.getUint32(STATE.rflags, true);
  }

  set rflags(value: number) {
    this.#view.setBigUint64(STATE.rflags, BigInt(value >>> 0), true);
  }

  get mxcsr(): number {
    return this.#view.getUint32(STATE.mxcsr, true);
  }

  set mxcsr(value: number) {
    this.#view.setUint32(STATE.mxcsr, value, true);
  }

  get fsBase(): U64 {
    return this.#view.getBigUint64(STATE.fsBase, true) as U64;
  }

  set fsBase(value: bigint) {
    this.#view.setBigUint64(STATE.fsBase, u64(value), true);
  }

  get gsBase(): U64 {
    return this.#view.getBigUint64(STATE.gsBase, true) as U64;
  }

  set gsBase(value: bigint) {
    this.#view.setBigUint64(STATE.gsBase, u64(value), true);
  }

  /** Instructions retired since the process start; exact, and below 2^53. */
  get instructions(): number {
    return Number(this.#view.getBigUint64(STATE.instructions, true));
  }

  set instructions(value: number) {
    this.#view.setBigUint64(STATE.instructions, BigInt(value), true);
  }

  /** The 16 bytes of one xmm register, lane 0 first; a view, not a copy. */
  xmm(index: number): Uint8Array {
    return this.#bytes.subarray(STATE.xmm + index * 16, STATE.xmm + index * 16 + 16);
  }
}
