// SPDX-License-Identifier: GPL-2.0-or-later
/** Watched elements: as a number, as text, and what has become of them. */
import type { WatchpointSpec } from '../../protocol/breakpoints.ts';
import { hexBytes } from '../../shared/format.ts';
import { elementSize, elementText } from '../../shared/lens.ts';

/** The element as a number; 64-bit integers rounded. NaN for mere bytes. */
export function elementNumber(bytes: Uint8Array, { type }: WatchpointSpec): number {
  if (type === null || bytes.length < elementSize(type)) return NaN;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case 'u8':
      return view.getUint8(0);
    case 'i8':
      return view.getInt8(0);
    case 'u16':
      return view.getUint16(0, true);
    case 'i16':
      return view.getInt16(0, true);
    case 'u32':
      return view.getUint32(0, true);
    case 'i32':
      return view.getInt32(0, true);
    case 'u64':
      return Number(view.getBigUint64(0, true));
    case 'i64':
      return Number(view.getBigInt64(0, true));
    case 'f32':
      return view.getFloat32(0, true);
    case 'f64':
      return view.getFloat64(0, true);
  }
}

/** Elements shown of a longer range. */
const SHOWN = 4;

export function watchedText(bytes: Uint8Array, { type }: WatchpointSpec): string {
  const size = type === null ? 1 : elementSize(type);
  const count = Math.floor(bytes.length / size);
  const parts: string[] = [];
  for (let i = 0; i < Math.min(count, type === null ? 16 : SHOWN); i++) {
    const element = bytes.subarray(i * size, (i + 1) * size);
    parts.push(type === null ? hexBytes(element) : elementText(element, 0, type));
  }
  if (parts.length < count) parts.push('…');
  return parts.join(' ');
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Whether a value has come from one side of `line` to the other, or onto it. */
export function crosses(before: number, after: number, line: number): boolean {
  return before < line ? after >= line : before > line ? after <= line : false;
}
