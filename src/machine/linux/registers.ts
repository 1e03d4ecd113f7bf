// SPDX-License-Identifier: GPL-2.0-or-later
import { GPR, STATE } from '../../shared/cpu-state.ts';
import { STATE_OFFSET } from '../layout.ts';
import type { GuestMemory } from '../memory.ts';

/** Registers of the six arguments, in order (System V ABI, A.2.1). */
const ARGUMENTS = [GPR.rdi, GPR.rsi, GPR.rdx, GPR.r10, GPR.r8, GPR.r9];
const WORD = 2 ** 32;

/**
 * The registers of a system call as plain numbers, without bigints on the way. Values past 2^53
 * are rounded; no pointer, length or offset that large is valid, and none becomes valid by it.
 */
export class SyscallRegisters {
  readonly #memory: GuestMemory;
  #words: Uint32Array;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
    this.#words = wordsOf(memory);
  }

  /** The number of the call: the low half of rax as a signed number, as the kernel takes it. */
  get number(): number {
    return word(this.#fresh(), GPR.rax * 2) | 0;
  }

  /** An argument as an unsigned 64-bit number: a pointer or a size. */
  u64(index: number): number {
    const at = slot(index);
    const words = this.#fresh();
    return word(words, at) + word(words, at + 1) * WORD;
  }

  /** An argument with all of its 64 bits, unsigned; for showing it. */
  exact(index: number): bigint {
    return this.#memory.state.gpr(ARGUMENTS[index] ?? 0);
  }

  /** An argument as a signed 64-bit number: an offset. */
  s64(index: number): number {
    const at = slot(index);
    const words = this.#fresh();
    return word(words, at) + (word(words, at + 1) | 0) * WORD;
  }

  /** The low half of an argument as an unsigned number: flags. */
  u32(index: number): number {
    return word(this.#fresh(), slot(index));
  }

  /** The low half of an argument as a signed number: an `int`, for example a file descriptor. */
  s32(index: number): number {
    return this.u32(index) | 0;
  }

  /** Sets rax. */
  setResult(value: number): void {
    const words = this.#fresh();
    words[GPR.rax * 2] = value >>> 0;
    words[GPR.rax * 2 + 1] = Math.floor(value / WORD) >>> 0;
  }

  #fresh(): Uint32Array {
    if (this.#words.buffer !== this.#memory.bytes.buffer) this.#words = wordsOf(this.#memory);
    return this.#words;
  }
}

function wordsOf(memory: GuestMemory): Uint32Array {
  return new Uint32Array(memory.bytes.buffer, STATE_OFFSET + STATE.gpr, 32);
}

function slot(index: number): number {
  return (ARGUMENTS[index] ?? 0) * 2;
}

function word(words: Uint32Array, index: number): number {
  return words[index] ?? 0;
}
