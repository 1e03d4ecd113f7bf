// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The tape: everything that came into the machine from outside, in order, each at its instruction
 * number: what system calls did to it, and what the debugger changed. With it and the state at the
 * beginning, the run can be had again.
 *
 * A call that only returns a number takes 22 bytes; whatever else a call does is in its `Effect`.
 */
import type { SpaceState } from '../../machine/address-space.ts';
import type { Description } from '../../machine/linux/file-table.ts';
import type { SyscallOutcome } from '../../machine/process.ts';

/** A change of memory, to be done again in order. */
export type MemoryOp =
  | { readonly kind: 'write'; readonly start: number; readonly bytes: Uint8Array }
  | {
      readonly kind: 'protect';
      readonly start: number;
      readonly length: number;
      readonly prot: number;
    }
  | { readonly kind: 'unmap'; readonly start: number; readonly length: number };

/** A file descriptor after a call that may have changed it. */
export interface SlotChange {
  readonly fd: number;
  /** Null: closed. */
  readonly description: Description | null;
  readonly position: number;
}

export interface Effect {
  readonly ops: readonly MemoryOp[];
  /** The address space, when the call changed it. */
  readonly space: SpaceState | null;
  /** FS and GS base, when the call changed them. */
  readonly bases: { readonly fs: bigint; readonly gs: bigint } | null;
  readonly slot: SlotChange | null;
  readonly output: { readonly fd: 1 | 2; readonly length: number } | null;
  /** Bytes of stdin taken since the start, when the call took some. */
  readonly stdin: number | null;
  /** How the process ended by this call. */
  readonly end: Exclude<SyscallOutcome, { kind: 'done' }> | null;
  /** For an edit: the CPU state block before and after it. */
  readonly edit: { readonly before: Uint8Array; readonly after: Uint8Array } | null;
}

/** `number` of an entry that is an edit of the debugger's. */
export const EDIT = -1;

export interface Entry {
  /** Instructions executed, the `syscall` instruction included. */
  readonly at: number;
  /** Of the system call; `EDIT` for an edit. */
  readonly number: number;
  /** rax after it. */
  readonly rax: bigint;
  readonly effect: Effect | null;
}

const COLUMN_BYTES = 22;
const EFFECT_BYTES = 240;
const OP_BYTES = 80;

/** Entries are numbered from the start of the recording, whether still there or not. */
export class Tape {
  #at = new Float64Array(64);
  #rax = new BigUint64Array(64);
  #number = new Int16Array(64);
  #effects = new Map<number, Effect>();
  /** Number of the first entry that is still there, and where its columns begin. */
  #first = 0;
  #offset = 0;
  #length = 0;
  #bytes = 0;

  /** Number of the first entry that is still there. */
  get first(): number {
    return this.#first;
  }

  /** Number of the entry that comes next. */
  get length(): number {
    return this.#length;
  }

  /** Memory in use. */
  get bytes(): number {
    return this.#bytes;
  }

  push({ at, number, rax, effect }: Entry): void {
    const i = this.#slot(this.#length);
    if (i === this.#at.length) {
      this.#resize();
      this.push({ at, number, rax, effect });
      return;
    }
    this.#at[i] = at;
    this.#rax[i] = rax;
    this.#number[i] = number;
    if (effect !== null) this.#effects.set(this.#length, effect);
    this.#bytes += COLUMN_BYTES + cost(effect);
    this.#length++;
  }

  /** Instruction number of an entry; Infinity behind the end. */
  at(index: number): number {
    return index < this.#length ? (this.#at[this.#slot(index)] ?? Infinity) : Infinity;
  }

  /** System call of an entry, or `EDIT`. */
  number(index: number): number {
    return this.#number[this.#slot(index)] ?? EDIT;
  }

  effect(index: number): Effect | null {
    return this.#effects.get(index) ?? null;
  }

  entry(index: number): Entry {
    return {
      at: this.at(index),
      number: this.number(index),
      rax: this.#rax[this.#slot(index)] ?? 0n,
      effect: this.effect(index),
    };
  }

  /** Number of the first entry at or behind an instruction. */
  find(at: number): number {
    let low = this.#first;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The latest entry before `before` whose effect satisfies; null when there is none. */
  lastWith(before: number, wanted: (effect: Effect) => boolean): number | null {
    for (let i = Math.min(before, this.#length) - 1; i >= this.#first; i--) {
      const effect = this.#effects.get(i);
      if (effect !== undefined && wanted(effect)) return i;
    }
    return null;
  }

  /** An independent copy of the entries before `end`. */
  fork(end: number): Tape {
    const copy = new Tape();
    const count = end - this.#first;
    const room = Math.max(64, count * 2);
    copy.#at = copied(new Float64Array(room), this.#at, this.#offset, count);
    copy.#rax = copied(new BigUint64Array(room), this.#rax, this.#offset, count);
    copy.#number = copied(new Int16Array(room), this.#number, this.#offset, count);
    copy.#first = this.#first;
    copy.#length = end;
    copy.#bytes = count * COLUMN_BYTES;
    for (const [index, effect] of this.#effects) {
      if (index >= end) continue;
      copy.#effects.set(index, effect);
      copy.#bytes += cost(effect);
    }
    return copy;
  }

  /** Lets go of the entries before `index`. */
  forget(index: number): void {
    for (let i = this.#first; i < index; i++) {
      this.#bytes -= COLUMN_BYTES + cost(this.effect(i));
      this.#effects.delete(i);
    }
    this.#offset += Math.max(0, index - this.#first);
    this.#first = Math.max(this.#first, index);
  }

  #slot(index: number): number {
    return index - this.#first + this.#offset;
  }

  #resize(): void {
    const count = this.#length - this.#first;
    const room = Math.max(64, count * 2);
    this.#at = copied(new Float64Array(room), this.#at, this.#offset, count);
    this.#rax = copied(new BigUint64Array(room), this.#rax, this.#offset, count);
    this.#number = copied(new Int16Array(room), this.#number, this.#offset, count);
    this.#offset = 0;
  }
}

function copied<T extends Float64Array | BigUint64Array | Int16Array>(
  into: T,
  from: T,
  start: number,
  count: number,
): T {
  (into as Float64Array).set(from.subarray(start, start + count) as Float64Array);
  return into;
}

function cost(effect: Effect | null): number {
  if (effect === null) return 0;
  let bytes = EFFECT_BYTES + 2 * (effect.edit?.after.length ?? 0);
  for (const op of effect.ops) bytes += OP_BYTES + (op.kind === 'write' ? op.bytes.length : 0);
  return bytes;
}
