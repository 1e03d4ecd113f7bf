// SPDX-License-Identifier: GPL-2.0-or-later
/** Changing the machine's state by hand, at a stop: what was written shows at once. */
import type { MachineHandle } from '../client/machine-client.ts';
import { CpuState, GPR_NAMES, STATE, STATE_SIZE } from '../shared/cpu-state.ts';
import { formatCounted } from '../shared/format.ts';
import type { MachineSnapshots } from './machine-snapshots.svelte.ts';

/** rflags: the bits a debugger may set, and those that are always set. */
const FLAGS_OPEN = 0xcd5n;
const FLAGS_ALWAYS = 0x202n;

export class MachineEdits {
  readonly #client: Pick<MachineHandle, 'writeMemory' | 'writeRegister'>;
  readonly #seen: MachineSnapshots;
  #count = $state(0);

  constructor(
    client: Pick<MachineHandle, 'writeMemory' | 'writeRegister'>,
    seen: MachineSnapshots,
  ) {
    this.#client = client;
    this.#seen = seen;
  }

  /** Counts the edits of the page's life: a change means that memory may have changed. */
  get count(): number {
    return this.#count;
  }

  /** @returns why nothing was written, as a sentence, or null. */
  async memory(address: number, bytes: Uint8Array): Promise<string | null> {
    return this.#write(() => this.#client.writeMemory(address, bytes));
  }

  /**
   * Replaces some bytes of a register; the others stay as they are.
   * @param offset of the first byte, for a lane or a low part.
   * @returns why nothing was written, as a sentence, or null.
   */
  async register(name: string, bytes: Uint8Array, offset = 0): Promise<string | null> {
    const { cpu } = this.#seen;
    const place = registerPlace(name);
    if (cpu === null) return 'There is no program in the machine.';
    if (place === null) return `There is no register named ${name}.`;
    const whole = cpu.bytes.slice(place.at, place.at + place.size);
    if (offset + bytes.length > whole.length)
      return `${name} has ${formatCounted(whole.length, 'byte')}.`;
    whole.set(bytes, offset);
    const error = await this.#write(() => this.#client.writeRegister(name, whole));
    if (error === null) this.#show(name, place.at, whole);
    return error;
  }

  /** The newest snapshot with the register as the machine now has it. */
  #show(name: string, at: number, whole: Uint8Array): void {
    const { cpu } = this.#seen;
    if (cpu === null) return;
    const state = cpu.copy();
    new Uint8Array(state).set(whole, at);
    if (name === 'rflags') {
      const changed = new CpuState(state);
      changed.rflags = Number((BigInt(changed.rflags) & FLAGS_OPEN) | FLAGS_ALWAYS);
    }
    this.#seen.edit(state);
  }

  async #write(call: () => Promise<string | null>): Promise<string | null> {
    try {
      const error = await call();
      if (error === null) this.#count++;
      return error;
    } catch {
      return 'The machine does not answer: nothing was written.';
    }
  }
}

/** Where a register lies in the state block, and its size in bytes; null when there is none. */
export function registerPlace(name: string): { at: number; size: number } | null {
  const index = GPR_NAMES.findIndex((each) => each === name);
  if (index >= 0) return { at: STATE.gpr + index * 8, size: 8 };
  if (name === 'rip') return { at: STATE.rip, size: 8 };
  if (name === 'rflags') return { at: STATE.rflags, size: 8 };
  if (name === 'mxcsr') return { at: STATE.mxcsr, size: 4 };
  const vector = /^xmm(\d|1[0-5])$/.exec(name);
  if (vector === null) return null;
  const at = STATE.xmm + Number(vector[1]) * 16;
  return at + 16 <= STATE_SIZE ? { at, size: 16 } : null;
}
