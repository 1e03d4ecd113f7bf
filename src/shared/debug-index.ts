// SPDX-License-Identifier: GPL-2.0-or-later
/** Questions one asks of an image's debug info, answered fast. */
import type { DebugInfo, DebugSymbol } from './debug-info.ts';

export interface SourceLine {
  /** Path relative to `asm/`. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

/** Numbers a record in `DebugInfo.lines`: address, length, file, line. */
const RECORD = 4;

export class DebugIndex {
  #info: DebugInfo;
  readonly #byName: ReadonlyMap<string, DebugSymbol>;
  /** `file:line` to the addresses of its instructions, ascending. */
  #code: ReadonlyMap<string, readonly number[]>;
  readonly #text: readonly { start: number; end: number }[];

  constructor(info: DebugInfo) {
    this.#info = info;
    this.#byName = new Map(info.symbols.map((s) => [s.name, s]));
    this.#text = info.sections
      .filter((s) => s.name.startsWith('.text'))
      .map((s) => ({ start: s.start, end: s.start + s.size }));
    this.#code = this.#codeOf(info);
  }

  get info(): DebugInfo {
    return this.#info;
  }

  /** Answers from another assembly of the program from now on: of the same labels, but its lines. */
  adopt(info: DebugInfo): void {
    if (info === this.#info) return;
    this.#info = info;
    this.#code = this.#codeOf(info);
  }

  /** Whether `address` lies in a text section. */
  isCode(address: number): boolean {
    return this.#text.some((s) => address >= s.start && address < s.end);
  }

  /** The source line whose bytes cover `address`, or null. */
  lineAt(address: number): SourceLine | null {
    const at = this.#record(address);
    const { lines, files } = this.info;
    if (at < 0 || address >= (lines[at] ?? 0) + (lines[at + 1] ?? 0)) return null;
    const file = files[lines[at + 2] ?? -1];
    return file === undefined ? null : { file, line: lines[at + 3] ?? 0 };
  }

  /** Addresses of the instructions that `line` of `file` makes, ascending; empty when none. */
  addressesOf(file: string, line: number): readonly number[] {
    return this.#code.get(`${this.info.files.indexOf(file)}:${line}`) ?? [];
  }

  /** The first line from `line` on, within `reach` lines, that makes an instruction; or null. */
  codeLineFrom(file: string, line: number, reach = 24): number | null {
    const number = this.info.files.indexOf(file);
    for (let at = line; at <= line + reach; at++) {
      if (this.#code.has(`${number}:${at}`)) return at;
    }
    return null;
  }

  symbol(name: string): DebugSymbol | null {
    return this.#byName.get(name) ?? null;
  }

  /** The last symbol at or below `address` whose section holds it, local labels included; or null. */
  symbolAt(address: number): DebugSymbol | null {
    const { symbols } = this.info;
    let low = 0;
    let high = symbols.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((symbols[middle]?.address ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const symbol = symbols[low - 1];
    if (symbol === undefined) return null;
    const section = this.info.sections.find((s) => s.name === symbol.section);
    // An empty section is not listed; of its symbols only the address itself is known.
    const end = section === undefined ? symbol.address + 1 : section.start + section.size;
    const inside = address < end;
    return inside ? symbol : null;
  }

  /** `name` or `name+0x10`, or null outside of all symbols. */
  describe(address: number): string | null {
    const symbol = this.symbolAt(address);
    if (symbol === null) return null;
    const offset = address - symbol.address;
    return offset === 0 ? symbol.name : `${symbol.name}+0x${offset.toString(16)}`;
  }

  /**
   * An address some `count` instructions before `address` at which an instruction begins; the
   * first known one when there are fewer, `address` itself when nothing is known of it.
   */
  instructionsBefore(address: number, count: number): number {
    let at = this.#record(address);
    if (at < 0 || this.info.lines[at] !== address) return address;
    let found = address;
    for (let n = 0; n < count && at >= RECORD; n++) {
      const previous = this.info.lines[at - RECORD] ?? 0;
      const length = this.info.lines[at - RECORD + 1] ?? 0;
      if (!this.isCode(previous) || previous + length !== found || length > 15) break;
      at -= RECORD;
      found = previous;
    }
    return found;
  }

  #codeOf({ lines }: DebugInfo): Map<string, number[]> {
    const code = new Map<string, number[]>();
    for (let at = 0; at < lines.length; at += RECORD) {
      const address = lines[at] ?? 0;
      if (!this.isCode(address)) continue;
      const key = `${lines[at + 2] ?? 0}:${lines[at + 3] ?? 0}`;
      const known = code.get(key);
      if (known === undefined) code.set(key, [address]);
      else known.push(address);
    }
    return code;
  }

  /** Start of the last record at or below `address`, -1 when there is none. */
  #record(address: number): number {
    const { lines } = this.info;
    let low = 0;
    let high = lines.length / RECORD;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((lines[middle * RECORD] ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    return (low - 1) * RECORD;
  }
}
