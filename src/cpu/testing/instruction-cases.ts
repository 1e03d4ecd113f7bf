// SPDX-License-Identifier: GPL-2.0-or-later
/** Random single instructions with random operands, for comparing an engine with silicon. */
import { Code, Decoder, DecoderOptions, FlowControl, Mnemonic, type Instruction } from 'iced-x86';
import { FLAG, type CpuState } from '../../shared/cpu-state.ts';
import { newState, ORACLE_CODE, ORACLE_DATA, type OracleCase } from './oracle.ts';

/** A seeded generator (splitmix32): the same seed gives the same cases everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer in 0 … `limit` - 1. */
  below(limit: number): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % limit;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  u64(): bigint {
    return (BigInt(this.below(2 ** 32)) << 32n) | BigInt(this.below(2 ** 32));
  }
}

export interface InstructionCase extends OracleCase {
  readonly text: string;
  readonly mnemonic: string;
  /** Flags that the instruction leaves undefined, as rflags bits. */
  readonly undefinedFlags: number;
}

const PREFIXES = [[], [], [0x66], [0xf2], [0xf3]] as const;
const ALL_FLAGS = FLAG.CF | FLAG.PF | FLAG.AF | FLAG.ZF | FLAG.SF | FLAG.DF | FLAG.OF;

/** Never given to the real CPU: what leaves the sandbox, or answers differently every time. */
const FORBIDDEN: ReadonlySet<Mnemonic> = new Set([
  Mnemonic.Syscall,
  Mnemonic.Sysenter,
  Mnemonic.Int,
  Mnemonic.Int1,
  Mnemonic.Rdtsc,
  Mnemonic.Rdtscp,
  Mnemonic.Cpuid,
  Mnemonic.Rdrand,
  Mnemonic.Rdseed,
  Mnemonic.Rdpid,
  Mnemonic.Popf,
  Mnemonic.Popfq,
]);

const SPECIAL_DOUBLES = [
  0n,
  0x8000000000000000n,
  0x3ff0000000000000n,
  0xbff8000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x7ff8000000000001n,
  0x7ff0000000000001n,
  0x41dfffffffc00000n,
  0x43e0000000000000n,
  0x7fefffffffffffffn,
  0x0010000000000000n,
  0x3f8000003f800000n,
  0x7f800000ff800000n,
  0x7fc0000180000000n,
];

/** 64 bits that are often interesting: small, extreme, pointers, floating-point. */
function value(random: Random): bigint {
  switch (random.below(6)) {
    case 0:
      return BigInt(random.below(256));
    case 1:
      return random.pick([0n, 1n, -1n, 1n << 31n, 1n << 63n, (1n << 63n) - 1n, 0x7fffffffn]);
    case 2:
      return random.pick(SPECIAL_DOUBLES);
    case 3: // a double of moderate size
      return (BigInt(0x3f0 + random.below(0x20)) << 52n) | (random.u64() >> 12n);
    default:
      return random.u64();
  }
}

function fill(random: Random, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    view.setBigUint64(at, BigInt.asUintN(64, value(random)), true);
  }
}

/** Registers: all of them pointers into the data page, or all of them values. */
function randomState(random: Random, pointers: boolean): CpuState {
  const state = newState();
  for (let i = 0; i < 16; i++) {
    const pointer = BigInt(
      ORACLE_DATA + 0x400 + random.below(0x80) * 16 + (random.below(8) ? 0 : 3),
    );
    state.setGpr(i, pointers || i === 4 ? pointer : value(random));
  }
  fill(random, state.bytes.subarray(0x100));
  state.rflags = 0x202 | (random.below(2 ** 16) & ALL_FLAGS & ~FLAG.DF);
  return state;
}

/**
 * A case with the given opcode, prefixes and operands being random.
 * @param opcode 0 … 0xff for one-byte opcodes, 0x100 … 0x1ff for those behind 0x0f.
 * @returns null when the bytes make no instruction fit for a test.
 */
export function instructionCase(
  random: Random,
  opcode: number,
  fit: (instruction: Instruction) => boolean,
): InstructionCase | null {
  const bytes: number[] = [...random.pick(PREFIXES)];
  if (random.below(2)) bytes.push(0x40 + random.below(16));
  if (opcode >= 0x100) bytes.push(0x0f);
  bytes.push(opcode & 0xff);
  const memory = random.below(2) === 1;
  // mod 3: registers; mod 0 and 1: memory at a register, with a small displacement
  const mod = memory ? random.below(2) << 6 : 0xc0;
  bytes.push(mod | random.below(64));
  if (memory && random.below(2)) bytes.push(random.below(128) & 0x70);
  while (bytes.length < 15) bytes.push(random.below(256));
  const decoder = new Decoder(64, Uint8Array.from(bytes), DecoderOptions.None);
  decoder.ip = BigInt(ORACLE_CODE);
  const instruction = decoder.decode();
  try {
    if (
      instruction.code === Code.INVALID ||
      FORBIDDEN.has(instruction.mnemonic) ||
      instruction.flowControl !== FlowControl.Next ||
      !fit(instruction)
    ) {
      return null;
    }
    const data = new Uint8Array(4096);
    fill(random, data);
    return {
      code: Uint8Array.from(bytes.slice(0, instruction.length)),
      state: randomState(random, memory || instruction.isStringInstruction),
      data,
      text: instruction.toString(),
      mnemonic: Mnemonic[instruction.mnemonic],
      undefinedFlags: flagBits(instruction.rflagsUndefined),
    };
  } finally {
    instruction.free();
    decoder.free();
  }
}

/** From iced's numbering of flags to rflags bits. */
function flagBits(iced: number): number {
  const order = [FLAG.OF, FLAG.SF, FLAG.ZF, FLAG.AF, FLAG.CF, FLAG.PF] as const;
  return order.reduce((bits, flag, i) => ((iced >> i) & 1 ? bits | flag : bits), 0);
}
