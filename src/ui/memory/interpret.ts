// SPDX-License-Identifier: GPL-2.0-or-later
/** Everything that the bytes at an address can mean, at once. */
import { isAddr } from '../../shared/brand.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import {
  bitsText,
  charText,
  elementBytes,
  elementText,
  type ElementFormat,
} from '../../shared/elements.ts';
import { formatCounted, hex } from '../../shared/format.ts';
import type { MemoryView } from '../../state/memory-view.svelte.ts';
import { addressText, lensOf } from './cells.ts';

export interface Interpretation {
  readonly format: ElementFormat;
  readonly text: string;
  /** The bits behind it. */
  readonly bits: string;
}

const SHOWN: readonly ElementFormat[] = [
  ...(['f64', 'f32', 'u64', 'i64', 'u32', 'i32', 'u16', 'i16', 'u8', 'i8', 'b8', 'char'] as const),
];

/** The bytes from `address` on as each type; those that are not all there are missing. */
export function interpretations(view: MemoryView, address: number): Interpretation[] {
  return SHOWN.flatMap((format) => {
    const bytes = view.bytes(address, elementBytes(format));
    if (bytes === null) return [];
    return [{ format, text: elementText(bytes, 0, format), bits: bitsText(bytes) }];
  });
}

/** The 8 bytes at `address` as an address, when they look like one; else null. */
export function pointerAt(view: MemoryView, address: number): number | null {
  const bytes = view.bytes(address, 8);
  if (bytes === null) return null;
  const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  return value >= 0x10000n && isAddr(value) ? Number(value) : null;
}

/** The text that begins at `address`, of at least two characters; else null. */
export function textAt(view: MemoryView, address: number): string | null {
  let text = '';
  for (let at = address; text.length < 64; at++) {
    const byte = view.byte(at);
    if (byte === null) return null;
    if (byte === 0) break;
    const char = charText(byte);
    if (char.length > 1 && byte !== 10 && byte !== 9) return text.length >= 4 ? `${text}…` : null;
    text += char;
  }
  return text.length >= 2 ? text : null;
}

export interface PlaceFacts {
  /** `.data, rw-, at 0x402010`. */
  readonly place: string;
  /** `table+0x10`, or ''. */
  readonly symbol: string;
  /** `w1[pixel 3][hidden 2] f64 = 0.5`, or ''. */
  readonly lens: string;
}

/** Where the address lies, and whose it is. */
export function placeFacts(
  view: MemoryView,
  index: DebugIndex | null,
  address: number,
): PlaceFacts {
  const region = view.regionAt(address);
  const where = region === null ? 'not mapped' : `${region.name}, ${region.prot}`;
  return {
    place: `${hex(address)}, ${where}`,
    symbol: index?.describe(address) ?? '',
    lens: lensOf(view, index, address) ?? '',
  };
}

/** For the head of the inspector: `8 bytes from 00402010`. */
export function selectionText(start: number, end: number): string {
  const count = end - start;
  return count <= 1
    ? addressText(start)
    : `${formatCounted(count, 'byte')} from ${addressText(start)}`;
}
