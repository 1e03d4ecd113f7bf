// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Paths of a pen through knots. Glyph coordinates: x to the right, y down, a digit lies about
 * between -0.5 and 0.5 in height, around 0 in width.
 */
import { cosTurns, sinTurns } from './random.ts';
import type { Random } from './random.ts';

/** A place that the pen passes: x, y, and 1 where it turns sharply. */
export type Knot = readonly [x: number, y: number, corner?: 1];

/** One movement of the pen without lifting it. */
export type Path = readonly Knot[];

/** One way to write a digit. */
export interface Form {
  /** How common it is beside the digit's other forms. */
  readonly weight: number;
  readonly draw: (r: Random) => Path[];
}

/** x and y in turns: x0, y0, x1, y1 … */
export type Polyline = number[];

/**
 * Knots on an ellipse, every twelfth of a turn or closer, both ends included.
 * @param from,to angles in turns: 0 right, 0.25 bottom, 0.5 left, 0.75 top
 * @param growth the factor of the radii at the end; a spiral when it is not 1
 */
export function arc(
  [cx, cy]: readonly [number, number],
  [rx, ry]: readonly [number, number],
  from: number,
  to: number,
  growth = 1,
): Knot[] {
  const steps = Math.max(2, Math.ceil(Math.abs(to - from) * 12));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const t = i / steps;
    const angle = from + (to - from) * t;
    const size = 1 + (growth - 1) * t;
    return [cx + rx * size * cosTurns(angle), cy + ry * size * sinTurns(angle)];
  });
}

/** A smooth line through the knots (cubic Hermite, centripetal), sharp at the corners. */
export function trace(path: Path, spacing: number): Polyline {
  const first = path[0];
  if (first === undefined) return [];
  const line: Polyline = [first[0], first[1]];
  let start = 0;
  for (let i = 1; i < path.length; i++) {
    if (i < path.length - 1 && path[i]?.[2] !== 1) continue;
    traceSmooth(path.slice(start, i + 1), spacing, line);
    start = i;
  }
  return line;
}

function traceSmooth(knots: Path, spacing: number, line: Polyline): void {
  const n = knots.length;
  const x = knots.map((k) => k[0]);
  const y = knots.map((k) => k[1]);
  // Centripetal parameter: the square root of the distance between neighbours.
  const gap = Array.from({ length: n - 1 }, (_, i) => Math.max(1e-3, Math.sqrt(distance(x, y, i))));
  for (let i = 0; i + 1 < n; i++) {
    const h = at(gap, i);
    const steps = Math.max(1, Math.ceil(distance(x, y, i) / spacing));
    for (let step = 1; step <= steps; step++) {
      const t = step / steps;
      line.push(
        hermite(at(x, i), at(x, i + 1), h * slope(x, gap, i), h * slope(x, gap, i + 1), t),
        hermite(at(y, i), at(y, i + 1), h * slope(y, gap, i), h * slope(y, gap, i + 1), t),
      );
    }
  }
}

/** The derivative of `v` by the parameter at knot `i`: the parabola's through its neighbours. */
function slope(v: readonly number[], gap: readonly number[], i: number): number {
  const last = v.length - 1;
  if (last === 1) return (at(v, 1) - at(v, 0)) / at(gap, 0);
  if (i === 0) return 2 * chord(v, gap, 0) - slope(v, gap, 1);
  if (i === last) return 2 * chord(v, gap, last - 1) - slope(v, gap, last - 1);
  const before = at(gap, i - 1);
  const after = at(gap, i);
  return (chord(v, gap, i - 1) * after + chord(v, gap, i) * before) / (before + after);
}

function chord(v: readonly number[], gap: readonly number[], i: number): number {
  return (at(v, i + 1) - at(v, i)) / at(gap, i);
}

function hermite(a: number, b: number, da: number, db: number, t: number): number {
  const c = b - a;
  return a + t * (da + t * (3 * c - 2 * da - db + t * (da + db - 2 * c)));
}

function distance(x: readonly number[], y: readonly number[], i: number): number {
  const dx = at(x, i + 1) - at(x, i);
  const dy = at(y, i + 1) - at(y, i);
  return Math.sqrt(dx * dx + dy * dy);
}

function at(values: readonly number[], i: number): number {
  return values[i] ?? 0;
}
