// SPDX-License-Identifier: GPL-2.0-or-later
/** What happens to the machine while somebody outside acts on it: taken down, and done again. */
import { MAX_RAM, PROT_MAPPED } from '../../machine/layout.ts';
import type { AddressSpace } from '../../machine/address-space.ts';
import type { GuestMemory, MemoryObserver } from '../../machine/memory.ts';
import { addr, type Addr } from '../../shared/brand.ts';
import { GPR } from '../../shared/cpu-state.ts';
import type { Entry, MemoryOp } from './tape.ts';

/** From this size on it is worth telling of a copy. */
const LARGE = 16 * 1024;

/** Listens to memory, and between `begin` and `end` notes every change of it. */
export class EffectRecorder implements MemoryObserver {
  readonly #memory: GuestMemory;
  readonly #copied: (start: number, bytes: Uint8Array) => void;
  readonly #stop: () => void;
  #ops: MemoryOp[] | null = null;

  /** @param copied is told of larger copies of RAM that are made here, and never change */
  constructor(memory: GuestMemory, copied: (start: number, bytes: Uint8Array) => void) {
    this.#memory = memory;
    this.#copied = copied;
    this.#stop = memory.observe(this);
  }

  dispose(): void {
    this.#stop();
  }

  begin(): void {
    this.#ops = [];
  }

  /** @returns the changes since `begin`, in order. */
  end(): readonly MemoryOp[] {
    const ops = this.#ops ?? [];
    this.#ops = null;
    return ops;
  }

  /** Stops taking down for a while. @returns what `resume` takes. */
  suspend(): MemoryOp[] | null {
    const ops = this.#ops;
    this.#ops = null;
    return ops;
  }

  resume(suspended: MemoryOp[] | null): void {
    this.#ops = suspended;
  }

  written(start: Addr, length: number, source: Uint8Array | null): void {
    if (this.#ops === null || length === 0) return;
    const bytes = source ?? this.#memory.bytes.slice(start, start + length);
    if (source === null && length >= LARGE) this.#copied(start, bytes);
    this.#ops.push({ kind: 'write', start, bytes });
  }

  remapped(start: Addr, length: number): void {
    if (this.#ops === null || length === 0) return;
    const prot = this.#memory.protectionAt(start);
    if (prot === 0) this.#ops.push({ kind: 'unmap', start, length });
    else this.#ops.push({ kind: 'protect', start, length, prot: prot & ~PROT_MAPPED });
  }
}

/** Does to the machine what an entry of the tape says. */
export function applyEntry(entry: Entry, memory: GuestMemory, space: AddressSpace): void {
  const { effect, rax } = entry;
  const { instructions } = memory.state;
  if (effect?.end == null && effect?.edit == null) memory.state.setGpr(GPR.rax, rax);
  if (effect === null) return;
  for (const op of effect.ops) applyOp(op, memory);
  const { state } = memory; // RAM may have grown
  if (effect.edit !== null) {
    state.bytes.set(effect.edit.after);
    state.instructions = instructions;
  }
  if (effect.bases !== null) {
    state.fsBase = effect.bases.fs;
    state.gsBase = effect.bases.gs;
  }
  if (effect.space !== null) space.restore(effect.space);
}

function applyOp(op: MemoryOp, memory: GuestMemory): void {
  const start = addr(op.start);
  switch (op.kind) {
    case 'write':
      memory.write(start, op.bytes, true);
      break;
    case 'protect':
      memory.grow(Math.min(op.start + op.length, MAX_RAM));
      memory.protect(start, op.length, op.prot);
      break;
    case 'unmap':
      memory.unmap(start, op.length);
      break;
  }
}
