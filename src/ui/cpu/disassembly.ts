// SPDX-License-Identifier: GPL-2.0-or-later
/** The rows of the disassembly, and the arrows of its jumps, computed. */
import type { DisassembledInstruction } from '../../protocol/machine.ts';

export interface SourcePlace {
  readonly file: string;
  readonly line: number;
}

interface Placed {
  readonly key: string;
  /** Pixels from the top of the first row. */
  readonly top: number;
  readonly height: number;
}

export interface LabelRow extends Placed {
  readonly kind: 'label';
  readonly name: string;
}

export interface SourceRow extends Placed {
  readonly kind: 'source';
  readonly place: SourcePlace;
  readonly text: string;
}

export interface CodeRow extends Placed {
  readonly kind: 'code';
  readonly line: DisassembledInstruction;
  readonly place: SourcePlace | null;
}

export type DisassemblyRow = LabelRow | SourceRow | CodeRow;

export interface RowFacts {
  /** The symbol that begins at an address. */
  readonly labelAt: (address: number) => string | null;
  readonly placeOf: (address: number) => SourcePlace | null;
  /** The text of a source line; null: none is shown above its instructions. */
  readonly textOf: (place: SourcePlace) => string | null;
  /** Height of an instruction's row in pixels; the others are in proportion. */
  readonly unit: number;
}

const LABEL = 1.1;
const SOURCE = 0.9;

/** Labels above what they name, source lines that say more above their first instruction. */
export function rowsOf(
  code: readonly DisassembledInstruction[],
  facts: RowFacts,
): readonly DisassemblyRow[] {
  const rows: DisassemblyRow[] = [];
  let top = 0;
  const place = (key: string, units: number): Placed => {
    const placed = { key, top, height: Math.round(units * facts.unit) };
    top += placed.height;
    return placed;
  };
  let last: SourcePlace | null = null;
  for (const line of code) {
    const at = line.address;
    const name = facts.labelAt(at);
    if (name !== null) rows.push({ ...place(`label ${at}`, LABEL), kind: 'label', name });
    const source = facts.placeOf(at);
    const same = source?.file === last?.file && source?.line === last?.line;
    const text = source === null || (same && name === null) ? null : facts.textOf(source);
    if (source !== null && text !== null && saysMore(text, line.text)) {
      rows.push({ ...place(`source ${at}`, SOURCE), kind: 'source', place: source, text });
    }
    rows.push({ ...place(`code ${at}`, 1), kind: 'code', line, place: source });
    last = source;
  }
  return rows;
}

/** Whether a source line tells more than the instruction: names, a comment, a macro. */
function saysMore(source: string, instruction: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/\s+/g, '');
  return plain(source) !== plain(instruction);
}

export interface JumpArrow {
  readonly from: number;
  readonly to: number;
  /** Middles of the rows. */
  readonly y1: number;
  readonly y2: number;
  /** 0 beside the code, higher ones further out. */
  readonly lane: number;
}

/** Lanes of arrows; of more that overlap, the longest share the outermost. */
export const LANES = 5;

/** Arrows of the jumps that stay among the rows: short ones inside of long ones. */
export function arrowsOf(rows: readonly DisassemblyRow[]): readonly JumpArrow[] {
  const middles = new Map<number, number>();
  for (const row of rows) {
    if (row.kind === 'code') middles.set(row.line.address, row.top + row.height / 2);
  }
  const arrows = rows.flatMap((row) => {
    if (row.kind !== 'code' || row.line.jump === null) return [];
    const y2 = middles.get(row.line.jump);
    const y1 = row.top + row.height / 2;
    return y2 === undefined ? [] : [{ from: row.line.address, to: row.line.jump, y1, y2 }];
  });
  arrows.sort((a, b) => Math.abs(a.y2 - a.y1) - Math.abs(b.y2 - b.y1));
  const taken: (readonly [number, number])[][] = Array.from({ length: LANES }, () => []);
  return arrows.map((arrow) => {
    const span = [Math.min(arrow.y1, arrow.y2), Math.max(arrow.y1, arrow.y2)] as const;
    const free = taken.findIndex((spans) => spans.every(([a, b]) => span[1] < a || span[0] > b));
    const lane = free < 0 ? LANES - 1 : free;
    taken[lane]?.push(span);
    return { ...arrow, lane };
  });
}
