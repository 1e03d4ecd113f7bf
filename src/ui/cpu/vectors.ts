// SPDX-License-Identifier: GPL-2.0-or-later
/** What the vector panel shows, computed. */
import type { CpuState } from '../../shared/cpu-state.ts';
import { formatLanes, type LaneFormat } from '../../shared/format.ts';

export const LANE_FORMATS: readonly { readonly value: LaneFormat; readonly label: string }[] = [
  { value: 'f64', label: 'f64 × 2' },
  { value: 'f32', label: 'f32 × 4' },
  { value: 'i64', label: 'i64 × 2' },
  { value: 'i32', label: 'i32 × 4' },
  { value: 'hex', label: 'bytes, hex' },
];

/** The heading of a lane's column: lane 0 is the low one, which memory holds first. */
export function laneHeading(lane: number, lanes: number): string {
  if (lanes > 4) return String(lane);
  if (lane === 0) return 'lane 0, low';
  return lane === lanes - 1 ? `lane ${lane}, high` : `lane ${lane}`;
}

export interface Lane {
  readonly text: string;
  /** The text at the previous stop when any bit of the lane differs, else null. */
  readonly before: string | null;
}

export interface VectorRow {
  readonly name: string;
  readonly lanes: readonly Lane[];
  readonly changed: boolean;
}

/** xmm0 … xmm15, lane 0 first. A lane counts as changed by its bits, not by its text. */
export function vectorRows(
  cpu: CpuState,
  previous: CpuState | null,
  format: LaneFormat,
): VectorRow[] {
  return Array.from({ length: 16 }, (_, n) => {
    const bytes = cpu.xmm(n);
    const old = previous?.xmm(n) ?? null;
    const oldTexts = old === null ? [] : formatLanes(old, format);
    const texts = formatLanes(bytes, format);
    const size = 16 / texts.length;
    const lanes = texts.map((text, i) => {
      const same = old === null || equal(bytes, old, i * size, size);
      return { text, before: same ? null : (oldTexts[i] ?? '') };
    });
    return { name: `xmm${n}`, lanes, changed: lanes.some((lane) => lane.before !== null) };
  });
}

function equal(a: Uint8Array, b: Uint8Array, at: number, size: number): boolean {
  for (let i = at; i < at + size; i++) if (a[i] !== b[i]) return false;
  return true;
}
