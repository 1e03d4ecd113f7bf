// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The records of NASM's `glass` debug format (wasm/nasm/README.md), with addresses in place of
 * section offsets.
 */

/** Where one stretch of the image came from; neighbours of the same line are separate by kind. */
export interface Run {
  readonly address: number;
  readonly length: number;
  readonly kind: 'instruction' | 'data' | 'reserved';
  readonly file: number;
  readonly line: number;
  readonly section: Section;
}

export interface Section {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

export interface Label {
  readonly name: string;
  readonly address: number;
  readonly section: Section;
  readonly file: number;
  readonly line: number;
}

export interface Records {
  readonly files: readonly string[];
  /** Ascending by address. */
  readonly sections: readonly Section[];
  /** Ascending by address. */
  readonly runs: readonly Run[];
  /** Labels that stand at their own address, ascending by it; no equ, none local to a macro use. */
  readonly labels: readonly Label[];
  /** Values of equ constants and of structure members. */
  readonly constants: ReadonlyMap<string, number>;
}

const KINDS: Readonly<Record<string, Run['kind']>> = {
  i: 'instruction',
  d: 'data',
  r: 'reserved',
};

const ABSOLUTE = -1;

/** @throws Error when the text is not what our NASM writes. */
export function parseRecords(text: string): Records {
  const files: string[] = [];
  const sections = readSections(text);
  const runs: Run[] = [];
  const labels: Label[] = [];
  const constants = new Map<string, number>();
  const fields = new Fields(text);
  while (fields.nextLine()) {
    const type = fields.word();
    if (type === 'R') {
      const section = sections.get(fields.integer());
      const offset = fields.integer();
      const length = fields.integer();
      const kind = KINDS[fields.word()];
      if (!section || !kind) throw new Error(`bad debug record: ${fields.line}`);
      const file = fields.integer();
      const line = fields.integer();
      runs.push({ address: section.start + offset, length, kind, file, line, section });
    } else if (type === 'L') {
      const segment = fields.integer();
      const offset = fields.integer();
      const here = fields.integer() === 1;
      const file = fields.integer();
      const line = fields.integer();
      const name = fields.word();
      if (segment === ABSOLUTE) {
        constants.set(name, offset);
        continue;
      }
      // Beside sections there are NASM's own `section.NAME.start` segments.
      const section = sections.get(segment);
      if (!section || !here || isInternal(name, section)) continue;
      labels.push({ name, address: section.start + offset, section, file, line });
    } else if (type === 'F') {
      files.push(fields.rest());
    } else if (type !== 'S') {
      throw new Error(`bad debug record: ${fields.line}`);
    }
  }
  return {
    files,
    sections: [...sections.values()].sort((a, b) => a.start - b.start),
    runs: runs.sort((a, b) => a.address - b.address),
    labels: labels.sort((a, b) => a.address - b.address),
    constants,
  };
}

/** Sections by their segment number. Their records come last, and the others need them. */
function readSections(text: string): Map<number, Section> {
  const sections = new Map<number, Section>();
  const fields = new Fields(text);
  while (fields.nextLine()) {
    if (fields.word() !== 'S') continue;
    const segment = fields.integer();
    const start = fields.integer();
    const size = fields.integer();
    fields.word(); // its kind
    sections.set(segment, { name: fields.word(), start, size });
  }
  return sections;
}

/**
 * The fields of one line after the other. There are tens of thousands of lines, so nothing is made
 * of them but what is asked for.
 */
class Fields {
  readonly #text: string;
  #begin = 0;
  #at = 0;
  #end = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** Goes to the next line that is not empty. @returns false at the end of the text */
  nextLine(): boolean {
    do {
      this.#begin = this.#at = this.#end + 1;
      if (this.#at >= this.#text.length) return false;
      const end = this.#text.indexOf('\n', this.#at);
      this.#end = end < 0 ? this.#text.length : end;
    } while (this.#end === this.#begin);
    return true;
  }

  get line(): string {
    return this.#text.slice(this.#begin, this.#end);
  }

  /** The next field; '' behind the last. */
  word(): string {
    const begin = this.#at;
    let at = begin;
    while (at < this.#end && this.#text.charCodeAt(at) !== SPACE) at++;
    this.#at = Math.min(at + 1, this.#end);
    return this.#text.slice(begin, at);
  }

  /** What is left of the line. */
  rest(): string {
    return this.#text.slice(this.#at, this.#end);
  }

  /** The next field as a whole number. @throws Error when it is none */
  integer(): number {
    const negative = this.#text.charCodeAt(this.#at) === MINUS;
    let at = negative ? this.#at + 1 : this.#at;
    const begin = at;
    let value = 0;
    for (; at < this.#end; at++) {
      const digit = this.#text.charCodeAt(at) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = 10 * value + digit;
    }
    const good = at > begin && (at === this.#end || this.#text.charCodeAt(at) === SPACE);
    if (!good) throw new Error(`bad number in a debug record: ${this.line}`);
    this.#at = Math.min(at + 1, this.#end);
    return negative ? -value : value;
  }
}

const SPACE = 0x20;
const MINUS = 0x2d;
const ZERO = 0x30;

function isInternal(name: string, section: Section): boolean {
  return name.startsWith('..') || name === `section.${section.name}.vstart`;
}
