// SPDX-License-Identifier: GPL-2.0-or-later
/** What an instruction is about to do: in formulas for people, and as writes that tests compare. */
import { bytesOf, unsignedOf } from '../../shared/little-endian.ts';
import type { CpuState } from '../../shared/cpu-state.ts';
import type { Operand } from './operands.ts';

export type Write =
  | { readonly kind: 'gpr'; readonly index: number; readonly value: bigint }
  | { readonly kind: 'xmm'; readonly index: number; readonly bytes: Uint8Array }
  | { readonly kind: 'memory'; readonly address: number; readonly bytes: Uint8Array }
  | { readonly kind: 'flags'; readonly mask: number; readonly value: number }
  | { readonly kind: 'rip'; readonly value: bigint };

export interface Outcome {
  readonly lines: readonly string[];
  readonly writes: readonly Write[];
}

/** The instruction and the machine it is to run on. */
export interface Situation {
  readonly mnemonic: string;
  readonly operands: readonly Operand[];
  readonly state: CpuState;
  /** Address of the instruction behind it. */
  readonly next: number;
  /** rep, repe or repne stands before it. */
  readonly repeated: boolean;
  /** `name+0x10`, or hexadecimal. */
  readonly name: (address: number) => string;
  /** The bytes at an address, or null. */
  readonly read: (address: number, size: number) => Uint8Array | null;
}

export const NOTHING: Outcome = { lines: [], writes: [] };

/** An operand without its size: `[rsp+8]`, `xmm0`. */
export function placeText(operand: Operand): string {
  return operand.text.replace(/^(byte|word|dword|qword|oword|tword)\s+(rel\s+)?/, '');
}

/** The writes that put `bytes` into an operand; a 32-bit register is extended by zeros. */
export function store(state: CpuState, operand: Operand, bytes: Uint8Array): Write[] {
  if (operand.kind === 'memory') {
    return operand.address === null ? [] : [{ kind: 'memory', address: operand.address, bytes }];
  }
  if (operand.kind === 'xmm') {
    const whole = state.xmm(operand.register).slice();
    whole.set(bytes);
    return [{ kind: 'xmm', index: operand.register, bytes: whole }];
  }
  if (operand.kind !== 'gpr') return [];
  const whole = bytesOf(state.gpr(operand.register), 8);
  if (operand.size === 4) whole.fill(0);
  whole.set(bytes.subarray(0, operand.size), operand.high ? 1 : 0);
  return [{ kind: 'gpr', index: operand.register, value: unsignedOf(whole) }];
}
