// SPDX-License-Identifier: GPL-2.0-or-later
/** The engine that executes what is not translated, as one that shares RAM with compiled code. */
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import { addr, type Addr } from '../../shared/brand.ts';
import type { Engine, RunResult } from '../cpu.ts';

/** MXCSR's sticky exception flags: they do not change what instructions compute. */
export const MXCSR_STICKY = 0x3f;

export class Fallback {
  readonly engine: Engine;
  readonly #memory: GuestMemory;
  /** Compiled code has run since the fallback was last told. */
  #unpublished = false;
  #publishing = false;
  /** Where compiled code may store; null when mappings have changed. */
  #writable: { start: Addr; length: number }[] | null = null;
  /** `storePages` at that time. */
  #storePages = 0;
  #executed = 0;

  constructor(memory: GuestMemory, engine: Engine) {
    this.#memory = memory;
    this.engine = engine;
  }

  /** Instructions executed here, for statistics. */
  get executed(): number {
    return this.#executed;
  }

  /** Whether what memory tells its observers now is only for the fallback. */
  get publishing(): boolean {
    return this.#publishing;
  }

  /** Compiled code runs, and may write to any writable page. */
  noteCompiled(): void {
    this.#unpublished = true;
  }

  remapped(): void {
    this.#writable = null;
  }

  /** @param raises whether the sticky flags that it raises are to be seen. */
  run(count: number, raises: boolean): RunResult {
    this.#publish();
    const before = this.#memory.state.mxcsr;
    const result = this.engine.run(count);
    this.#executed += result.executed;
    // where compiled code does not raise the sticky flags, it must not show either where the
    // fallback happened to run (docs/JIT.md)
    const { state } = this.#memory;
    const raised = (before & ~state.mxcsr) === 0 && ((before ^ state.mxcsr) & ~MXCSR_STICKY) === 0;
    if (raised && !raises) state.mxcsr = before;
    return result;
  }

  /** The fallback may keep copies of pages: tells it of all that may have been written to. */
  #publish(): void {
    if (!this.#unpublished) return;
    this.#unpublished = false;
    this.#publishing = true;
    if (this.#storePages !== this.#memory.storePages) this.#writable = null;
    this.#writable ??= this.#findWritable();
    for (const { start, length } of this.#writable) this.#memory.noteWritten(start, length);
    this.#publishing = false;
  }

  /** The writable pages that instructions may store to, neighbours together. */
  #findWritable(): { start: Addr; length: number }[] {
    this.#storePages = this.#memory.storePages;
    const found: { start: Addr; length: number }[] = [];
    for (const { start, end, prot } of this.#memory.regions()) {
      if ((prot & PROT.write) === 0) continue;
      for (let at: number = start; at < end; at += PAGE_SIZE) {
        if (!this.#memory.mayHoldStores(at / PAGE_SIZE)) continue;
        const last = found.at(-1);
        if (last !== undefined && last.start + last.length === at) last.length += PAGE_SIZE;
        else found.push({ start: addr(at), length: PAGE_SIZE });
      }
    }
    return found;
  }
}
