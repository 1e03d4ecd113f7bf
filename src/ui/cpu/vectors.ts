// SPDX-License-Identifier: GPL-2.0-or-later
/** What the vector panel shows, computed. */
import type { CpuState } from '../../shared/cpu-state.ts';
import {
  ELEMENT_FORMATS,
  elementBytes,
  elementTexts,
  type ElementFormat,
} from '../../shared/elements.ts';

/** `f64 × 2`, `i8 × 16`, `bytes, hex`. */
export const LANE_FORMATS: readonly { readonly value: ElementFormat; readonly label: string }[] =
  ELEMENT_FORMATS.map(({ value, label }) => ({
    value,
    label: /^[fiu]\d+$/.test(label) ? `${label} × ${16 / elementBytes(value)}` : label,
  }));

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
  format: ElementFormat,
): VectorRow[] {
  return Array.from({ length: 16 }, (_, n) => {
    const bytes = cpu.xmm(n);
    const old = previous?.xmm(n) ?? null;
    const oldTexts = old === null ? [] : elementTexts(old, format);
    const texts = elementTexts(bytes, format);
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
