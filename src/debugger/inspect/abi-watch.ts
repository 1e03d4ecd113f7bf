// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Whether calls keep the calling convention, found at stops alone, so that running costs nothing.
 *
 * At each stop it is noted what every active call must bring back: the caller's callee-saved
 * registers and rsp behind the call. At a later stop right behind such a call the two are compared;
 * stepping over or out of a call stops just there.
 */
import type { GuestMemory } from '../../machine/memory.ts';
import type { AbiWarning } from '../../protocol/inspect.ts';
import { GPR } from '../../shared/cpu-state.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import { hex } from '../../shared/format.ts';
import { followsCall, stepInfoAt } from '../disassemble.ts';
import type { CallStack } from './call-stack.ts';
import { CALLEE_SAVED, type CalleeSaved } from './stack-shape.ts';

const MOST_FRAMES = 64;
const MOST_WARNINGS = 50;

/** What a call that has not returned yet must bring back. */
interface Promised {
  /** Address of the return address on the stack. */
  readonly slot: number;
  readonly returnTo: number;
  readonly registers: ReadonlyMap<CalleeSaved, bigint>;
  /** Instruction count at which this was seen. */
  readonly seen: number;
}

interface Found {
  readonly warning: AbiWarning;
  readonly at: number;
}

export class AbiWatch {
  readonly #memory: GuestMemory;
  readonly #stack: CallStack;
  readonly #index: DebugIndex | null;
  #promises = new Map<number, Promised>();
  #found: Found[] = [];

  constructor(memory: GuestMemory, stack: CallStack, index: DebugIndex | null) {
    this.#memory = memory;
    this.#stack = stack;
    this.#index = index;
  }

  /** What the stops so far have shown, the latest last; nothing from later than this moment. */
  get warnings(): readonly AbiWarning[] {
    const now = this.#memory.state.instructions;
    return this.#found.filter(({ at }) => at <= now).map(({ warning }) => warning);
  }

  /** To be called at every stop of the machine. */
  atStop(): void {
    const { state } = this.#memory;
    const now = state.instructions;
    const rip = Number(state.rip);
    const rsp = Number(state.gpr(GPR.rsp));
    // Time may have been turned back: what was to come is not known any more.
    this.#found = this.#found.filter(({ at }) => at <= now);
    const known = [...this.#promises.values()].filter((promise) => promise.seen <= now);
    for (const promise of known) {
      if (promise.returnTo === rip) this.#compare(promise, rip, rsp, now);
    }
    this.#promises = new Map(
      known.filter(({ slot }) => slot >= rsp - 8).map((promise) => [promise.slot, promise]),
    );
    this.#noteCall(rip, rsp, now);
    this.#noteFrames(now);
    this.#checkReturn(rip, rsp, now);
  }

  #compare(promise: Promised, rip: number, rsp: number, now: number): void {
    const behind = promise.slot + 8;
    const callee = this.#calleeText(rip);
    if (rsp > behind) {
      const text = `${callee} took ${rsp - behind} bytes more off the stack than it found there.`;
      this.#warn('balance', rip, text, now);
    }
    if (rsp !== behind) return; // below: the same call once more, from further within
    for (const [register, before] of promise.registers) {
      const after = this.#memory.state.gpr(GPR[register]);
      if (after === before) continue;
      const text =
        `${callee} came back with ${register} changed from ${hex(before)} to ${hex(after)}; ` +
        `a function must leave ${register} as it finds it.`;
      this.#warn('register', rip, text, now);
    }
  }

  /** At a call about to happen: its registers are the caller's. */
  #noteCall(rip: number, rsp: number, now: number): void {
    const info = stepInfoAt(this.#memory, rip);
    if (info?.isCall !== true || info.target === rip + info.length) return;
    if (rsp % 16 !== 0) {
      const text = `rsp is ${hex(rsp)} at this call; it must be a multiple of 16 there.`;
      this.#warn('alignment', rip, text, now);
    }
    const { state } = this.#memory;
    const registers = new Map<CalleeSaved, bigint>(
      CALLEE_SAVED.map((name) => [name, state.gpr(GPR[name])]),
    );
    const slot = rsp - 8;
    this.#promises.set(slot, { slot, returnTo: rip + info.length, registers, seen: now });
  }

  /** Within calls: what their frames still hold of the callers' registers. */
  #noteFrames(now: number): void {
    const { state } = this.#memory;
    const registers = new Map<CalleeSaved, bigint>(
      CALLEE_SAVED.map((name) => [name, state.gpr(GPR[name])]),
    );
    for (const frame of this.#stack.unwind(MOST_FRAMES).frames) {
      if (!frame.exact || frame.returnSlot === null || frame.shape === null) return;
      const slot = frame.returnSlot;
      for (const name of frame.shape.changed) registers.delete(name);
      for (const saved of frame.saved) {
        registers.set(saved.register as CalleeSaved, this.#word(saved.slot));
      }
      // What was seen before the call says more than what can be told from within.
      if (this.#promises.has(slot)) continue;
      const returnTo = Number(this.#word(slot));
      this.#promises.set(slot, { slot, returnTo, registers: new Map(registers), seen: now });
    }
  }

  /** At a ret about to happen: does it go to where a call came from? */
  #checkReturn(rip: number, rsp: number, now: number): void {
    if (this.#memory.bytes[rip] !== 0xc3 || !this.#memory.allows(rsp, 8, 0)) return;
    const target = this.#word(rsp);
    if (target < 2n ** 47n && followsCall(this.#memory, Number(target))) return;
    const text =
      `This ret goes to ${hex(target)}, which no call instruction precedes: ` +
      'rsp does not point at a return address.';
    this.#warn('balance', rip, text, now);
  }

  #word(address: number): bigint {
    return new DataView(this.#memory.bytes.buffer).getBigUint64(address, true);
  }

  /** The function that a call before `returnTo` called, as far as it can be told. */
  #calleeText(returnTo: number): string {
    for (const length of [5, 2, 3, 6, 7]) {
      const info = stepInfoAt(this.#memory, returnTo - length);
      if (info?.isCall === true && info.length === length && info.target !== null) {
        return this.#index?.describe(info.target) ?? `The function at ${hex(info.target)}`;
      }
    }
    return 'The function called here';
  }

  #warn(kind: AbiWarning['kind'], address: number, text: string, at: number): void {
    if (this.#found.some(({ warning }) => warning.text === text)) return;
    this.#found.push({ warning: { kind, text, address }, at });
    if (this.#found.length > MOST_WARNINGS) this.#found.shift();
  }
}
