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
  const sections = new Map<number, Section>();
  const rows: string[][] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if (line.startsWith('F ')) {
      files.push(line.slice(2));
    } else if (line.startsWith('S ')) {
      const [, segment, start, size, , name = ''] = line.split(' ');
      sections.set(integer(segment), { name, start: integer(start), size: integer(size) });
    } else {
      rows.push(line.split(' '));
    }
  }

  const runs: Run[] = [];
  const labels: Label[] = [];
  const constants = new Map<string, number>();
  for (const row of rows) {
    const [type, ...fields] = row;
    if (type === 'R') {
      const [segment, offset, length, letter = '', file, line] = fields;
      const section = sections.get(integer(segment));
      const kind = KINDS[letter];
      if (!section || !kind) throw new Error(`bad debug record: ${row.join(' ')}`);
      runs.push({
        address: section.start + integer(offset),
        length: integer(length),
        kind,
        file: integer(file),
        line: integer(line),
        section,
      });
    } else if (type === 'L') {
      const [segment, offset, here, file, line, name = ''] = fields;
      if (integer(segment) === ABSOLUTE) {
        constants.set(name, integer(offset));
        continue;
      }
      // Beside sections there are NASM's own `section.NAME.start` segments.
      const section = sections.get(integer(segment));
      if (!section || here !== '1' || isInternal(name, section)) continue;
      labels.push({
        name,
        address: section.start + integer(offset),
        section,
        file: integer(file),
        line: integer(line),
      });
    } else {
      throw new Error(`bad debug record: ${row.join(' ')}`);
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

function isInternal(name: string, section: Section): boolean {
  return name.startsWith('..') || name === `section.${section.name}.vstart`;
}

function integer(text: string | undefined): number {
  const value = Number(text);
  if (text === undefined || text === '' || !Number.isInteger(value)) {
    throw new Error(`bad number in a debug record: ${String(text)}`);
  }
  return value;
}
