// SPDX-License-Identifier: GPL-2.0-or-later
/** Guest code as decoded instructions, remembered until the bytes change. */
import type { GuestMemory } from '../../machine/memory.ts';
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import { LONGEST_INSTRUCTION } from '../operand-access.ts';
import { decodeRun, type Insn } from './decode.ts';
import { isFloat } from '../float/execute.ts';
import { translatable } from './lift/table.ts';
import { discoverNarrow, discoverShape, ENDS, isWide } from './shape.ts';
import type { CodeSource, Shape } from './shape.ts';

/** Bytes decoded at a time. */
const CHUNK = 192;
/** Instructions remembered: of the largest programs, not all. */
const MOST = 65_536;

export class GuestCode implements CodeSource {
  readonly #memory: GuestMemory;
  readonly #insns = new Map<number, Insn | null>();
  readonly #shapes = new Map<number, Shape>();
  /** Pages that what is remembered depends on, also by not being executable. */
  readonly #pages = new Set<number>();
  #breakpoints: ReadonlySet<number> = new Set();
  #writable = false;
  #careful = false;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** Whether some of what is remembered lies where the guest can write. */
  get writable(): boolean {
    return this.#writable;
  }

  /** Whether floating point has to heed MXCSR's modes and raise its exception flags. */
  get careful(): boolean {
    return this.#careful;
  }

  set careful(on: boolean) {
    this.#careful = on;
    this.forget();
  }

  forget(): void {
    this.#writable = false;
    this.#insns.clear();
    this.#shapes.clear();
    this.#pages.clear();
  }

  /** Whether anything remembered depends on bytes, or on the mapping, of the range. */
  remembers(start: number, length: number): boolean {
    const first = pageOf(start);
    const last = pageOf(start + length - 1);
    for (const page of this.#pages) if (first <= page && page <= last) return true;
    return false;
  }

  setBreakpoints(addresses: ReadonlySet<number>): void {
    this.#breakpoints = addresses;
    this.#shapes.clear();
  }

  isBreakpoint(ip: number): boolean {
    return this.#breakpoints.has(ip);
  }

  translatable(insn: Insn): boolean {
    return translatable(insn);
  }

  insnAt(ip: number): Insn | null {
    const known = this.#insns.get(ip);
    if (known !== undefined) return known;
    if (this.#insns.size > MOST) {
      this.#insns.clear();
      this.#shapes.clear();
    }
    const end = this.#executableUntil(ip, ip + CHUNK + LONGEST_INSTRUCTION);
    const bytes = this.#memory.bytes.subarray(ip, end);
    for (let page = pageOf(ip); page <= pageOf(end); page++) this.#pages.add(page);
    this.#writable ||=
      ((this.#memory.protectionAt(ip) | this.#memory.protectionAt(end - 1)) & PROT.write) !== 0;
    decodeRun(bytes, ip, (insn) => {
      if (this.#insns.has(insn.ip)) return false;
      const careful = this.#careful && isFloat(insn.mnemonic);
      this.#insns.set(insn.ip, careful ? { ...insn, careful } : insn);
      return !ENDS.has(insn.mnemonic) && !isWide(insn) && insn.next < ip + CHUNK;
    });
    const found = this.#insns.get(ip) ?? null;
    if (!found) this.#insns.set(ip, null);
    return found;
  }

  /** The end of executable memory from `ip` on, at most `limit`. */
  #executableUntil(ip: number, limit: number): number {
    let end = ip;
    while (end < limit && (this.#memory.protectionAt(end) & PROT.exec) !== 0) {
      end = (pageOf(end) + 1) * PAGE_SIZE;
    }
    return Math.min(end, limit);
  }

  readonly shapeOf = (ip: number): Shape => {
    let shape = this.#shapes.get(ip);
    if (!shape) {
      shape = discoverShape(this, ip);
      this.#shapes.set(ip, shape);
    }
    return shape;
  };

  /** The shape of the function at `ip`, or null if it has AVX. */
  narrowShapeOf(ip: number): Shape | null {
    const known = this.#shapes.get(ip);
    if (known) return [...known.leaders].some((at) => isWide(this.insnAt(at))) ? null : known;
    const shape = discoverNarrow(this, ip);
    if (shape) this.#shapes.set(ip, shape);
    return shape;
  }
}

function pageOf(address: number): number {
  return Math.floor(address / PAGE_SIZE);
}
