// SPDX-License-Identifier: GPL-2.0-or-later
/** Who called whom: frames, the stack's slots with their meanings, and broken conventions. */
import { followsCall } from '../disassemble.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import { PROT_MAPPED } from '../../machine/layout.ts';
import type { SavedRegister, StackFrame, StackReport, StackSlot } from '../../protocol/inspect.ts';
import { isAddr } from '../../shared/brand.ts';
import { GPR } from '../../shared/cpu-state.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import { hex } from '../../shared/format.ts';
import { FunctionReader, type FunctionShape, type ShapeWarning } from './function-shape.ts';
import { CALLEE_SAVED, type CalleeSaved, type StackShape } from './stack-shape.ts';

/** Most frames followed: an endless recursion has no end. */
const MOST_FRAMES = 256;
/** How far a return address is looked for where the code does not tell, in slots. */
const SCAN = 512;
/** Longer functions are not read; ours have a few hundred bytes. */
const LONGEST = 1 << 16;
const MOST_SLOTS = 4096;

/** A frame as it was found, with the registers that its caller will have. */
export interface Unwound {
  readonly address: number;
  readonly rsp: number;
  readonly returnSlot: number | null;
  readonly exact: boolean;
  readonly saved: readonly SavedRegister[];
  readonly shape: StackShape | null;
  readonly warnings: readonly ShapeWarning[];
}

interface Remembered {
  readonly bytes: Uint8Array;
  readonly shapes: readonly FunctionShape[];
}

/** One way to an instruction, and the stack there. */
interface Way {
  readonly way: FunctionShape;
  readonly shape: StackShape;
}

export class CallStack {
  readonly #memory: GuestMemory;
  readonly #index: DebugIndex | null;
  /** By the function's start; good as long as its bytes are the same. */
  readonly #functions = new Map<number, Remembered>();

  constructor(memory: GuestMemory, index: DebugIndex | null) {
    this.#memory = memory;
    this.#index = index;
  }

  /** The ways through its own function that lead to an instruction. */
  waysTo(address: number): Way[] {
    return through(this.#shapesOf(address), address);
  }

  /** The ways through other functions that lead to an instruction: it is in a shared tail. */
  #foreignWaysTo(address: number): Way[] {
    const symbols = this.#index?.info.symbols ?? [];
    return symbols
      .filter((symbol) => symbol.kind === 'code')
      .flatMap((symbol) => through(this.#shapesOf(symbol.address), address));
  }

  /** The frames, innermost first. @param most how many at most. */
  unwind(most: number = MOST_FRAMES): { frames: Unwound[]; complete: boolean } {
    const { state } = this.#memory;
    const registers = new Map<CalleeSaved, bigint>(
      CALLEE_SAVED.map((name) => [name, state.gpr(GPR[name])]),
    );
    const frames: Unwound[] = [];
    let address = Number(state.rip);
    let rsp = Number(state.gpr(GPR.rsp));
    while (frames.length < most) {
      const frame = this.#frame(address, rsp, registers);
      frames.push(frame);
      const caller = frame.returnSlot === null ? null : this.#word(frame.returnSlot);
      if (frame.returnSlot === null || caller === null) {
        return { frames, complete: this.#isOutermost(address) };
      }
      for (const { register, slot } of frame.saved) {
        const value = this.#word(slot);
        if (value !== null) registers.set(register as CalleeSaved, value);
      }
      address = Number(caller);
      rsp = frame.returnSlot + 8;
    }
    return { frames, complete: false };
  }

  report(slotCount: number): StackReport {
    const { frames, complete } = this.unwind();
    const slots = this.#slots(frames, Math.max(0, Math.min(slotCount, MOST_SLOTS)));
    return {
      frames: frames.map((frame, depth) => this.#described(frame, depth)),
      slots,
      warnings: frames.flatMap((frame) => frame.warnings),
      complete,
    };
  }

  #frame(address: number, rsp: number, registers: ReadonlyMap<CalleeSaved, bigint>): Unwound {
    const rbp = registers.get('rbp') ?? 0n;
    const own = this.waysTo(address);
    const exact =
      this.#exactFrame(own, address, rsp, rbp) ??
      this.#exactFrame(this.#foreignWaysTo(address), address, rsp, rbp);
    if (exact !== null) return exact;
    const returnSlot = this.#isOutermost(address) ? null : this.#scanned(rsp);
    const warnings = own[0]?.way.warnings ?? [];
    return { address, rsp, returnSlot, exact: false, saved: [], shape: null, warnings };
  }

  /** The frame by the first way that leads to what can be a return address. */
  #exactFrame(ways: readonly Way[], address: number, rsp: number, rbp: bigint): Unwound | null {
    for (const { way, shape } of ways) {
      const { warnings } = way;
      if (way.entry === this.#index?.info.entry) {
        return { address, rsp, returnSlot: null, exact: true, saved: [], shape, warnings };
      }
      const slot = this.#toldSlot(shape, rsp, rbp);
      if (slot === null || !this.#isReturnSlot(slot)) continue;
      const saved = [...shape.saved].map(([register, depth]) => ({ register, slot: slot - depth }));
      return { address, rsp, returnSlot: slot, exact: true, saved, shape, warnings };
    }
    return null;
  }

  /** Where the return address must lie, by the function's code; null when it does not tell. */
  #toldSlot(shape: StackShape, rsp: number, rbp: bigint): number | null {
    if (shape.depth !== null) return rsp + shape.depth;
    return shape.framePointer !== null && isAddr(rbp) ? Number(rbp) + shape.framePointer : null;
  }

  #scanned(rsp: number): number | null {
    for (let slot = rsp; slot < rsp + SCAN * 8; slot += 8) {
      if (this.#word(slot) === null) return null;
      if (this.#isReturnSlot(slot)) return slot;
    }
    return null;
  }

  #isReturnSlot(slot: number): boolean {
    const value = this.#word(slot);
    return value !== null && this.#isReturnAddress(value);
  }

  #isReturnAddress(value: bigint): boolean {
    if (value < 0x1000n || !isAddr(value)) return false;
    const address = Number(value);
    // Symbols know what is code; without them any executable byte may be.
    if (this.#index !== null && !this.#index.isCode(address - 1)) {
      if (this.#index.symbolAt(address - 1) !== null) return false;
    }
    const executable = PROT_MAPPED | 4;
    return (
      (this.#memory.protectionAt(address - 1) & executable) === executable &&
      followsCall(this.#memory, address)
    );
  }

  /** Whether an address lies in the function that the program begins with. */
  #isOutermost(address: number): boolean {
    const entry = this.#index?.info.entry;
    if (entry === undefined) return false;
    return this.#functionAt(address)?.start === this.#functionAt(entry)?.start;
  }

  #functionAt(address: number): { start: number; end: number } | null {
    if (this.#index?.isCode(address) !== true) return null;
    let symbol = this.#index.symbolAt(address);
    if (symbol?.kind === 'local') {
      symbol = this.#index.symbol(symbol.name.slice(0, symbol.name.indexOf('.')));
    }
    if (symbol?.kind !== 'code') return null;
    const end = symbol.address + Math.min(symbol.size, LONGEST);
    return address < end ? { start: symbol.address, end } : null;
  }

  #shapesOf(address: number): readonly FunctionShape[] {
    const found = this.#functionAt(address);
    if (found === null) return [];
    const { start, end } = found;
    const { bytes } = this.#memory;
    const known = this.#functions.get(start);
    if (known !== undefined && sameBytes(known.bytes, bytes.subarray(start, end))) {
      return known.shapes;
    }
    const section = this.#index?.info.sections.find(
      (s) => start >= s.start && end <= s.start + s.size,
    );
    const base = section?.start ?? start;
    const text = bytes.slice(base, section === undefined ? end : base + section.size);
    const reader = new FunctionReader({ bytes: text, base, start, end });
    try {
      const shapes = reader.read();
      this.#functions.set(start, { bytes: bytes.slice(start, end), shapes });
      return shapes;
    } finally {
      reader.dispose();
    }
  }

  #described(frame: Unwound, depth: number): StackFrame {
    // In a caller the call itself is what one wants to see: it ends just before.
    const shown = depth === 0 ? frame.address : frame.address - 1;
    const line = this.#index?.lineAt(shown) ?? null;
    return {
      address: frame.address,
      place: this.#index?.describe(frame.address) ?? null,
      file: line?.file ?? null,
      line: line?.line ?? null,
      rsp: frame.rsp,
      returnSlot: frame.returnSlot,
      exact: frame.exact,
      saved: frame.saved,
    };
  }

  #slots(frames: readonly Unwound[], count: number): StackSlot[] {
    const top = frames[0]?.rsp ?? 0;
    const saved = new Map(
      frames.flatMap((frame, n) =>
        frame.saved.map(({ register, slot }) => [slot, { register, n }] as const),
      ),
    );
    const slots: StackSlot[] = [];
    let frame = 0;
    for (let n = 0; n < count; n++) {
      const address = top + n * 8;
      const value = this.#word(address);
      if (value === null) break;
      while (frame >= 0 && address > (frames[frame]?.returnSlot ?? Infinity)) {
        frame = frame + 1 < frames.length ? frame + 1 : -1;
      }
      const known = saved.get(address);
      if (frame >= 0 && address === frames[frame]?.returnSlot) {
        const text = `return to ${this.#name(value)}`;
        slots.push({ address, value, kind: 'return', frame, text });
      } else if (known !== undefined) {
        const owner = frames[known.n + 1];
        const whose = owner === undefined ? 'the caller' : this.#function(owner.address);
        const text = `${known.register} of ${whose}${this.#pointed(value)}`;
        slots.push({ address, value, kind: 'saved', frame, text });
      } else if (this.#isReturnAddress(value)) {
        const text = `perhaps an old return to ${this.#name(value)}`;
        slots.push({ address, value, kind: 'stale', frame, text });
      } else {
        slots.push({ address, value, kind: 'plain', frame, text: this.#meaning(value) });
      }
    }
    return slots;
  }

  #function(address: number): string {
    const found = this.#functionAt(address);
    return found === null ? hex(address) : (this.#index?.describe(found.start) ?? hex(address));
  }

  #name(value: bigint): string {
    return this.#index?.describe(Number(value)) ?? hex(value);
  }

  #pointed(value: bigint): string {
    const text = this.#meaning(value);
    return text === '' ? '' : ` (${text})`;
  }

  /** What a value points at: a symbol, a text, or the stack itself. */
  #meaning(value: bigint): string {
    if (value < 0x10000n || !isAddr(value)) return '';
    const address = Number(value);
    const name = this.#index?.describe(address) ?? null;
    if (name !== null) return name;
    const text = this.#text(address);
    return text === null ? '' : JSON.stringify(text);
  }

  /** A zero-terminated text of at least three printable characters, shortened; else null. */
  #text(address: number): string | null {
    let text = '';
    for (let at = address; text.length < 48; at++) {
      if ((this.#memory.protectionAt(at) & PROT_MAPPED) === 0) return null;
      const byte = this.#memory.bytes[at] ?? 0;
      if (byte === 0) return text.length >= 3 ? text : null;
      if (byte < 0x20 || byte > 0x7e) return null;
      text += String.fromCharCode(byte);
    }
    return `${text}…`;
  }

  /** The 8 bytes at an address, or null where not all are mapped. */
  #word(address: number): bigint | null {
    const memory = this.#memory;
    if (!isAddr(address) || !memory.allows(address, 8, 0)) return null;
    return new DataView(memory.bytes.buffer).getBigUint64(address, true);
  }
}

function through(shapes: readonly FunctionShape[], address: number): Way[] {
  return shapes.flatMap((way) => {
    const shape = way.at.get(address);
    return shape === undefined ? [] : [{ way, shape }];
  });
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
