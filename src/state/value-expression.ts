// SPDX-License-Identifier: GPL-2.0-or-later
/** The expression that names a value wherever it is shown, for watch list and watchpoints. */
import type { DebugIndex } from '../shared/debug-index.ts';
import { meaningAt } from '../shared/lens.ts';
import type { ValueLocation } from './value-actions.svelte.ts';

/** What lanes of so many bytes most often hold here. */
const LANE_TYPES: Readonly<Record<number, string>> = { 1: 'u8', 2: 'u16', 4: 'f32', 8: 'f64' };

/** `w1[371][7]`, `[0x402000].u32`, `0x402000, 24`, `xmm3.f64[1]`, `rax`. */
export function expressionOf(location: ValueLocation, index: DebugIndex | null): string {
  if (location.kind === 'register') {
    const { name, lane } = location;
    const type = lane === undefined ? undefined : LANE_TYPES[lane.length];
    if (lane === undefined || type === undefined || !name.startsWith('xmm')) return name;
    return `${name}.${type}[${lane.offset / lane.length}]`;
  }
  const { address, length } = location;
  const meaning = meaningAt(index?.info.tensors ?? [], address);
  if (meaning !== null && meaning.address + meaning.size >= address + length) {
    return meaning.tensor.name + meaning.index.map((i) => `[${i}]`).join('');
  }
  const hex = `0x${address.toString(16)}`;
  return [1, 2, 4, 8].includes(length) ? `[${hex}].u${length * 8}` : `${hex}, ${length}`;
}
