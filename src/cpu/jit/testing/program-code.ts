// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The code of random whole programs: straight code of any forms, loops in loops, branches, calls,
 * jump tables, memory. It ends by itself, at an int3 or by a fault.
 */
import { ORACLE_CODE_ROOM, ORACLE_DATA } from '../../testing/oracle.ts';
import type { Insn } from '../decode.ts';
import { flagEffects, undefinedResult } from './cases.ts';
import { inMemory, inRegisters, type Form } from './forms.ts';
import type { Random } from './random.ts';

/** rbx: middle of the data; rsp: the stack; r14, r15: loop counters. */
const RESERVED = (1 << 3) | (1 << 4) | (1 << 14) | (1 << 15);
const RBX = 3;
/** What rbx holds, all the time. */
export const MIDDLE = ORACLE_DATA + 0x200;
/** Room for what follows a piece: the ends of loops, subroutines. */
const MOST_BYTES = ORACLE_CODE_ROOM - 400;

/** A stretch of code that can become nops without anything else losing its sense. */
export interface Unit {
  readonly at: number;
  readonly length: number;
}

export interface ProgramCode {
  readonly bytes: Uint8Array;
  readonly units: readonly Unit[];
}

class Builder {
  readonly bytes: number[] = [];
  readonly units: Unit[] = [];
  readonly #forms: readonly Form[];
  readonly random: Random;

  constructor(forms: readonly Form[], random: Random) {
    this.#forms = forms;
    this.random = random;
  }

  get full(): boolean {
    return this.bytes.length > MOST_BYTES;
  }

  put(...bytes: readonly number[]): void {
    this.bytes.push(...bytes);
  }

  put32(value: number): void {
    this.put(value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255);
  }

  /** A 32-bit distance to be filled in by `land`. */
  distance(): number {
    this.put32(0);
    return this.bytes.length;
  }

  land(from: number, to = this.bytes.length): void {
    const value = to - from;
    [0, 8, 16, 24].forEach((by, i) => (this.bytes[from - 4 + i] = (value >> by) & 255));
  }

  /**
   * One random instruction that leaves the reserved registers, and those of the mask `avoid`, alone;
   * on memory by rbx, now and then, or always by another base.
   */
  instruction(avoid = 0, base = RBX): void {
    for (let tries = 0; ; tries++) {
      const form = this.random.pick(this.#forms);
      // by another base only memory will do, if the forms have it
      const memory = base === RBX ? this.random.chance(0.4) : tries < 1000;
      const reach = base === RBX ? 512 : 64;
      const made = memory
        ? inMemory(form, this.random, base, this.random.below(reach / 8) * 16 - reach)
        : inRegisters(form, this.random);
      if (!made || !this.#fit(made.insn, avoid)) continue;
      const at = this.bytes.length;
      this.put(...made.bytes);
      // what is undefined must not be looked at: a comparison defines all flags
      if (flagEffects(Uint8Array.from(made.bytes)).some((e) => e.undefined !== 0)) {
        this.put(0x48, 0x39, 0xc0 | this.random.below(64));
      }
      this.units.push({ at, length: this.bytes.length - at });
      return;
    }
  }

  #fit(insn: Insn, avoid: number): boolean {
    if (undefinedResult(insn) || insn.stack !== 0) return false;
    if ((insn.gprWritten & (RESERVED | avoid)) !== 0) return false;
    if (/^(Movs|Stos|Lods|Scas|Cmps)[bwdq]$|^(Std|Enter|Leave|Popfq)$/.test(insn.mnemonic))
      return false;
    return !/^I?div$/i.test(insn.mnemonic) || this.random.chance(0.1);
  }

  straight(most: number, avoid = 0): void {
    for (let i = this.random.below(most) + 1; i > 0 && !this.full; i--) this.instruction(avoid);
  }
}

type Piece = (b: Builder, depth: number, calls: number[]) => void;

function branch(b: Builder, depth: number, calls: number[]): void {
  b.put(0x0f, 0x80 | b.random.below(16));
  const to = b.distance();
  body(b, depth + 1, calls, 3);
  b.land(to);
}

function either(b: Builder, depth: number, calls: number[]): void {
  b.put(0x0f, 0x80 | b.random.below(16));
  const otherwise = b.distance();
  body(b, depth + 1, calls, 2);
  b.put(0xe9);
  const end = b.distance();
  b.land(otherwise);
  body(b, depth + 1, calls, 2);
  b.land(end);
}

/** Counts down r15 outside and r14 inside; deeper ones are straight code. */
function countedLoop(b: Builder, depth: number, calls: number[]): void {
  if (depth > 1) return b.straight(4);
  const register = depth === 0 ? 7 : 6;
  b.put(0x41, 0xb8 | register);
  b.put32(b.random.pick([1, 2, 3, 7, 20, depth === 0 ? 60 : 9]));
  const top = b.bytes.length;
  body(b, depth + 1, calls, 3);
  b.put(0x41, 0xff, 0xc8 | register, 0x0f, 0x85);
  b.land(b.distance(), top);
}

/**
 * Walks through memory by rsi, up or down, by a step or with an index in rcx that counts down or
 * up; now and then out of the data.
 */
function walk(b: Builder, depth: number): void {
  const { random } = b;
  const [RCX, RSI] = [1, 6];
  const avoid = (1 << RCX) | (1 << RSI);
  const rounds = random.pick(depth === 0 ? [2, 8, 16, 40, 100] : [1, 2, 3, 8, 16]);
  const step = random.pick([1, 2, 4, 8, 16, -1, -4, -8, -16, 0]);
  const up = random.chance(0.5); // the count, from 0 or from `rounds`
  b.put(0xbe);
  b.put32(MIDDLE - (random.chance(0.9) ? Math.trunc((step * rounds) / 2) : 0));
  b.put(0xb9);
  b.put32(up ? 0 : rounds);
  const top = b.bytes.length;
  for (let i = random.below(3); i > 0; i--) b.instruction(avoid);
  b.instruction(avoid, RSI);
  if (random.chance(0.5)) b.put(0x48, 0x03, 0x04, random.pick([0x0b, 0xcb])); // add rax, [rbx + rcx]
  if (random.chance(0.5)) b.put(0x48, 0x89, 0x54, 0xce, 0x10); // mov [rsi + rcx*8 + 16], rdx
  for (let i = random.below(2); i > 0; i--) b.instruction(avoid);
  b.put(0x48, 0x83, 0xc6, step & 255); // add rsi, step
  const wide = random.pick([[], [0x48]]);
  b.put(...wide, 0xff, 0xc1 | (up ? 0 : 8)); // inc, dec of ecx or rcx
  if (up) b.put(...wide, 0x83, 0xf9, rounds);
  b.put(0x0f, up ? random.pick([0x82, 0x85, 0x8c]) : 0x85); // jb, jne, jl; jnz
  b.land(b.distance(), top);
}

/** `loop`, `loope` or `loopne` around code that leaves rcx alone; jrcxz before it, now and then. */
function loopInstruction(b: Builder): void {
  const RCX = 1 << 1;
  b.put(0xb9);
  b.put32(b.random.below(9));
  const skip = b.random.chance(0.7);
  if (skip) b.put(0xe3, 0);
  else b.put(0x80, 0xc9, 0x01); // or cl, 1: zero would be 2^64 rounds
  const top = b.bytes.length;
  for (let i = 0; i < 3 && b.bytes.length - top < 60; i++) b.instruction(RCX);
  b.put(0xe0 | b.random.below(3), 0);
  b.bytes[b.bytes.length - 1] = (top - b.bytes.length) & 255;
  if (skip) b.bytes[top - 1] = b.bytes.length - top;
}

function stack(b: Builder, depth: number, calls: number[]): void {
  const register = b.random.below(8);
  b.put(0x50 | register);
  body(b, depth + 1, calls, 1);
  b.put(0x58 | b.random.pick([0, 1, 2, 5, 6, 7]));
}

function call(b: Builder, _depth: number, calls: number[]): void {
  b.put(0xe8);
  calls.push(b.distance());
}

/** Through a register: lea rax, [rip + …]; call rax. */
function indirectCall(b: Builder, _depth: number, calls: number[]): void {
  b.put(0x48, 0x8d, 0x05);
  calls.push(b.distance());
  b.put(0xff, 0xd0);
}

/** One of four ways, by a table behind the jump. */
function jumpTable(b: Builder): void {
  b.put(0x83, 0xe1, 0x03); // and ecx, 3
  b.put(0x48, 0x8d, 0x15); // lea rdx, [table]
  const table = b.distance();
  b.put(0x48, 0x63, 0x0c, 0x8a, 0x48, 0x01, 0xd1, 0xff, 0xe1); // movsxd rcx, [rdx + rcx*4]; add rcx, rdx; jmp rcx
  b.land(table);
  const start = b.bytes.length;
  b.put(...Array<number>(16).fill(0));
  const ends: number[] = [];
  for (let way = 0; way < 4; way++) {
    const at = b.bytes.length - start;
    b.bytes[start + way * 4] = at & 255;
    b.bytes[start + way * 4 + 1] = at >> 8;
    b.straight(2);
    b.put(0xe9);
    ends.push(b.distance());
  }
  for (const end of ends) b.land(end);
}

/** A string instruction with its registers set up, in either direction. */
function strings(b: Builder): void {
  const { random } = b;
  const at = (register: number): void => {
    b.put(0xb8 | register);
    b.put32(MIDDLE + random.below(256) - 128);
  };
  at(6);
  at(7);
  b.put(0xb9);
  b.put32(random.below(14));
  b.put(random.chance(0.3) ? 0xfd : 0xfc); // std, cld
  const opcode = random.pick([0xa4, 0xa6, 0xaa, 0xac, 0xae]) | random.below(2);
  b.put(...random.pick([[], [0xf2], [0xf3]]), ...random.pick([[], [0x48]]), opcode);
  b.put(0xfc);
}

const PIECES: readonly Piece[] = [
  (b) => b.straight(8),
  (b) => b.straight(8),
  branch,
  either,
  countedLoop,
  countedLoop,
  walk,
  walk,
  loopInstruction,
  stack,
  call,
  indirectCall,
  jumpTable,
  strings,
];

function body(b: Builder, depth: number, calls: number[], pieces: number): void {
  for (let i = 0; i < pieces && !b.full; i++) {
    const piece = depth > 3 ? PIECES[0] : b.random.pick(PIECES);
    piece?.(b, depth, calls);
  }
}

/** Makes the code of a program from instructions of the given forms. */
export function makeProgramCode(forms: readonly Form[], random: Random): ProgramCode {
  const b = new Builder(forms, random);
  const calls: number[] = [];
  body(b, 0, calls, 3 + random.below(8));
  b.put(0xcc);
  // subroutines call none
  const subroutines = [0, 1, 2].map(() => {
    const start = b.bytes.length;
    for (let i = random.below(5) + 1; i > 0 && b.bytes.length < ORACLE_CODE_ROOM - 40; i--) {
      b.instruction();
    }
    b.put(0xc3);
    return start;
  });
  for (const from of calls) b.land(from, random.pick(subroutines));
  return { bytes: Uint8Array.from(b.bytes), units: b.units };
}
