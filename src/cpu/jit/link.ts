// SPDX-License-Identifier: GPL-2.0-or-later
/** From the bytes of a module to a function that can be called. */
import type { GuestMemory } from '../../machine/memory.ts';
import { CALLEES } from './callees.ts';

/** Compiled code: from the number of an entry to why it was left (`exits.ts`). */
export type Execute = (entry: number) => number;

/**
 * Gives modules what they import: memory, and the runtime's functions as globals.
 *
 * For each imported function V8 makes an adapter, in case it is one of JavaScript, and that with
 * each module, on another thread, for which the module waits: eleven imports made a module of 2 KB
 * take 1 ms of processor time, which is now 0.1 ms.
 */
export class Linker {
  readonly #imports: Record<string, WebAssembly.ImportValue>;

  /** @param runtime the runtime module's exports. */
  constructor(memory: GuestMemory, runtime: WebAssembly.Exports) {
    this.#imports = { memory: memory.memory };
    for (const { name } of CALLEES) {
      const exported = runtime[name];
      if (typeof exported !== 'function') throw new Error(`the runtime lacks ${name}`);
      this.#imports[name] = new WebAssembly.Global({ value: 'anyfunc' }, exported);
    }
  }

  link(bytes: Uint8Array<ArrayBuffer>): Execute {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: this.#imports });
    return instance.exports['f'] as Execute;
  }
}
