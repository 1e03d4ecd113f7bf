// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Which functions a program may come to, found before it runs: those it calls, and those whose
 * addresses it mentions or keeps in tables. What is found in vain costs a translation, what is
 * missed is translated when it is first executed.
 */
import { PROT, PROT_MAPPED } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { Operand } from './decode.ts';
import type { CodeSource, Shape } from './shape.ts';

interface Code extends CodeSource {
  /** Null for a function that has AVX. */
  narrowShapeOf(ip: number): Shape | null;
}

/** Bytes behind a constant's address that are searched for addresses of code, in pieces. */
const TABLE = 2048;
const PIECE = 512;

/** Functions, the nearest to `entry` (by calls) first. Left out are those for CPUs that have AVX. */
export function* functionsAhead(
  memory: GuestMemory,
  code: Code,
  entry: number,
): Generator<number, void> {
  const found = new Set([entry]);
  const tables = new Tables(memory);
  // what is added while it is gone through is gone through as well
  for (const ip of found) {
    const shape = code.narrowShapeOf(ip);
    if (!shape) continue;
    yield ip;
    for (const insn of shape.insns.values()) {
      const { ops } = insn;
      if (insn.mnemonic === 'Call' && insn.target >= 0) note(insn.target, shape, found);
      else for (const op of ops) mention(memory, tables, op, shape, found);
    }
  }
}

/** Notes addresses of code that an operand contains, or finds in a table. */
function mention(
  memory: GuestMemory,
  tables: Tables,
  op: Operand,
  shape: Shape,
  found: Set<number>,
): void {
  const inMemory = op.k === 'mem' && op.base < 0;
  if (!inMemory && op.k !== 'imm') return;
  const at = op.k === 'imm' ? Number(op.value) : op.disp;
  const prot = memory.protectionAt(at);
  if ((prot & PROT.exec) !== 0) note(at, shape, found);
  else if (inMemory && (prot & PROT_MAPPED) !== 0 && (prot & PROT.write) === 0) {
    for (const target of tables.from(at)) note(target, shape, found);
  }
}

/** A function may begin there, unless it is a part of this one. */
function note(target: number, shape: Shape, found: Set<number>): void {
  if (!shape.insns.has(target)) found.add(target);
}

/** Constants of the program, each searched once. */
class Tables {
  readonly #memory: GuestMemory;
  readonly #searched = new Set<number>();

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** Addresses of code from `start` on that have not been found yet. */
  from(start: number): number[] {
    const found: number[] = [];
    const last = Math.min(start + TABLE, this.#memory.size) - PIECE;
    for (let piece = start - (start % PIECE); piece <= last; piece += PIECE) {
      if (this.#searched.has(piece)) continue;
      this.#searched.add(piece);
      this.#search(piece, found);
    }
    return found;
  }

  #search(piece: number, found: number[]): void {
    const words = new Uint32Array(this.#memory.memory.buffer, piece, PIECE / 4);
    for (let i = 0; i < words.length; i += 2) {
      const at = words[i] ?? 0;
      if (words[i + 1] === 0 && (this.#memory.protectionAt(at) & PROT.exec) !== 0) found.push(at);
    }
  }
}
