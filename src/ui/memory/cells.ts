// SPDX-License-Identifier: GPL-2.0-or-later
/** Texts of the memory dump. */
import { elementText as lensText, meaningAt, type LensTensor } from '../../shared/lens.ts';
import { elementBytes, elementChars, elementText } from '../../shared/elements.ts';
import { formatF32, formatF64 } from '../../shared/format.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import type { MemoryView } from '../../state/memory-view.svelte.ts';
import type { MemoryColumn } from '../../state/settings.svelte.ts';

const ADDRESS_CHARS = 10;

/** Most characters of a floating-point number in a column; the exact one is in the inspector. */
const BRIEF = 10;

/** What a row holds, so that it fits. */
export interface RowShape {
  /** 16, 8 or 4. */
  readonly bytes: number;
  readonly ascii: boolean;
}

/** Bytes and characters of one number in the column at the right, a gap included. */
export function columnCell(column: MemoryColumn): { bytes: number; chars: number } {
  if (column === 'none') return { bytes: 16, chars: 0 };
  const float = column === 'f64' || column === 'f32';
  const chars = float ? (column === 'f64' ? BRIEF + 2 : BRIEF + 1) : elementChars(column) + 1;
  return { bytes: elementBytes(column), chars };
}

/** The most that a row of `chars` characters can hold. */
export function rowShape(chars: number, column: MemoryColumn): RowShape {
  const { bytes: size, chars: each } = columnCell(column);
  for (const bytes of [16, 8]) {
    const bare = ADDRESS_CHARS + 3 * bytes + 1 + Math.floor(bytes / size) * each;
    if (bare + bytes + 1 <= chars) return { bytes, ascii: true };
    if (bare <= chars && bytes === 8) return { bytes, ascii: false };
  }
  return { bytes: size === 8 ? 8 : 4, ascii: false };
}

/** Eight hexadecimal digits, twelve above 4 GiB. */
export function addressText(address: number): string {
  return address.toString(16).padStart(address < 2 ** 32 ? 8 : 12, '0');
}

/** The bytes of a row, two digits and a blank each; dots where memory is not mapped. */
export function bytesText(view: MemoryView, address: number, count: number): string {
  let text = '';
  for (let i = 0; i < count; i++) {
    const byte = view.byte(address + i);
    text += (byte === null ? null : HEX[byte]) ?? '·· ';
  }
  return text;
}

const HEX = Array.from({ length: 256 }, (_, byte) => `${byte.toString(16).padStart(2, '0')} `);

/** The printable characters of a row, others as dots, unmapped ones as blanks. */
export function asciiText(view: MemoryView, address: number, count: number): string {
  let text = '';
  for (let i = 0; i < count; i++) text += printable(view.byte(address + i));
  return text;
}

/** The numbers of a row; empty texts where memory is not mapped. */
export function numberTexts(
  view: MemoryView,
  address: number,
  count: number,
  column: MemoryColumn,
): string[] {
  if (column === 'none') return [];
  const size = elementBytes(column);
  return Array.from({ length: count / size }, (_, i) => {
    const bytes = view.bytes(address + i * size, size);
    if (bytes === null) return '';
    const text = elementText(bytes, 0, column);
    return column === 'f64' || column === 'f32' ? brief(text) : text;
  });
}

function printable(byte: number | null): string {
  if (byte === null) return ' ';
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·';
}

/** At most 10 characters; exact values stand in the inspector. */
function brief(full: string): string {
  if (full.length <= BRIEF) return full;
  const value = Number(full);
  for (let digits = 7; digits > 0; digits--) {
    const text = value.toPrecision(digits);
    if (text.length <= BRIEF) return text;
  }
  return full.slice(0, BRIEF);
}

/** Which element of which tensor holds a byte, or null. */
export function lensOf(view: MemoryView, index: DebugIndex | null, address: number): string | null {
  const tensors: readonly LensTensor[] = index?.info.tensors ?? [];
  const meaning = meaningAt(tensors, address);
  if (meaning === null) return null;
  const bytes = view.bytes(meaning.address, meaning.size);
  const value = bytes === null ? '' : ` = ${lensText(bytes, 0, meaning.tensor.type)}`;
  const part = meaning.size > 1 ? `, byte ${meaning.byte} of ${meaning.size}` : '';
  return `${meaning.label} ${meaning.tensor.type}${value}${part}`;
}

/** What the byte at `address` means, in one line. */
export function describeByte(view: MemoryView, index: DebugIndex | null, address: number): string {
  const byte = view.byte(address);
  const region = view.regionAt(address);
  if (byte === null) return `${addressText(address)}  not mapped`;
  const meaning = lensOf(view, index, address);
  if (meaning !== null) return meaning;
  const symbol = index?.describe(address) ?? null;
  const place = symbol ?? (region === null ? '' : `in ${region.name}`);
  const before = view.before(address);
  const f64 = view.bytes(address - (address % 8), 8);
  const f32 = view.bytes(address - (address % 4), 4);
  const values = [
    `byte ${byte}${before === null ? '' : `, was ${before}`}`,
    f32 && `f32 ${formatF32(new DataView(f32.buffer, f32.byteOffset, 4).getFloat32(0, true))}`,
    f64 && `f64 ${formatF64(new DataView(f64.buffer, f64.byteOffset, 8).getFloat64(0, true))}`,
  ].filter((text) => text !== null);
  return `${place}: ${values.join(', ')}`;
}
