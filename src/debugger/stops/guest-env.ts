// SPDX-License-Identifier: GPL-2.0-or-later
/** The guest as expressions see it. */
import type { GuestMemory } from '../../machine/memory.ts';
import { PROT } from '../../machine/layout.ts';
import type { CpuState } from '../../shared/cpu-state.ts';
import type { Env } from '../../shared/expression/code.ts';

export class GuestEnv implements Env {
  readonly #memory: GuestMemory;
  #ram: DataView;
  hits = 0;
  old: DataView | undefined;
  now: DataView | undefined;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
    this.#ram = new DataView(memory.memory.buffer);
  }

  get cpu(): CpuState {
    return this.#memory.state;
  }

  get ram(): DataView {
    const { buffer } = this.#memory.memory;
    if (this.#ram.buffer !== buffer) this.#ram = new DataView(buffer); // RAM has grown
    return this.#ram;
  }

  readable(address: number, length: number): boolean {
    return this.#memory.allows(address, length, PROT.none);
  }
}

/** Also notes what an evaluation has looked at. */
export class TracingEnv extends GuestEnv {
  /** What was read since `clear`. */
  reads: { readonly address: number; readonly length: number }[] = [];
  /** Whether a register was looked at, or memory that is not there. */
  beyond = false;

  clear(): void {
    this.reads = [];
    this.beyond = false;
  }

  override get cpu(): CpuState {
    this.beyond = true;
    return super.cpu;
  }

  override readable(address: number, length: number): boolean {
    const there = super.readable(address, length);
    if (there) this.reads.push({ address, length });
    else this.beyond = true; // it may come to be
    return there;
  }
}
