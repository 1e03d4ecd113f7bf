// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The pen: strokes drawn into a bitmap by our own rasteriser. The page's canvas and the generator
 * of the embedded digits share it, so what the network sees does not depend on a browser.
 */

export interface StrokePoint {
  /** 0 (left) … 1 (right) of the drawing square. */
  readonly x: number;
  /** 0 (top) … 1 (bottom). */
  readonly y: number;
  /** 0 … 1 as pointer events report it; absent means 0.5, an ordinary pen or a mouse. */
  readonly pressure?: number;
}

export interface Stroke {
  readonly points: readonly StrokePoint[];
  /** Width of the line at pressure 0.5, as a part of the square's side. */
  readonly width: number;
  /** An eraser takes ink away from what was drawn before it. */
  readonly erase?: boolean;
}

/** The page's pen: a digit drawn two thirds of the square high gets the line of a usual MNIST digit. */
export const PEN_WIDTH = 0.075;

/** The factor that `pressure` puts on a stroke's width: 0.5 at no pressure, 1.5 at the fullest. */
export function pressureFactor(pressure: number | undefined): number {
  return 0.5 + Math.min(1, Math.max(0, pressure ?? 0.5));
}

/**
 * Draws strokes with round caps and joins, anti-aliased.
 * @param size side of the square bitmap in pixels
 * @returns size × size bytes, row by row from the top: 0 background … 255 full ink
 */
export function renderStrokes(strokes: readonly Stroke[], size: number): Uint8Array {
  const ink = new Uint8Array(size * size);
  for (const stroke of strokes) {
    if (stroke.erase === true) erase(ink, size, stroke);
    else drawPolyline(ink, size, stroke);
  }
  return ink;
}

function erase(ink: Uint8Array, size: number, stroke: Stroke): void {
  const rubbed = new Uint8Array(ink.length);
  drawPolyline(rubbed, size, stroke);
  for (let i = 0; i < ink.length; i++) ink[i] = Math.min(ink[i] ?? 0, 255 - (rubbed[i] ?? 0));
}

function drawPolyline(target: Uint8Array, size: number, stroke: Stroke): void {
  const { points, width } = stroke;
  const radius = (width * size) / 2;
  let from = points[0];
  if (from === undefined) return;
  if (points.length === 1) drawCapsule(target, size, from, from, radius);
  for (const to of points.slice(1)) {
    drawCapsule(target, size, from, to, radius);
    from = to;
  }
}

/** One straight piece: every pixel gets the coverage of the thickest place nearest to it. */
function drawCapsule(
  target: Uint8Array,
  size: number,
  from: StrokePoint,
  to: StrokePoint,
  radius: number,
): void {
  const r0 = radius * pressureFactor(from.pressure);
  const r1 = radius * pressureFactor(to.pressure);
  const x0 = from.x * size;
  const y0 = from.y * size;
  const dx = to.x * size - x0;
  const dy = to.y * size - y0;
  if (!Number.isFinite(x0 + y0 + dx + dy)) return;
  const length2 = dx * dx + dy * dy;
  const reach = Math.max(r0, r1) + 0.5;
  const left = Math.max(0, Math.floor(Math.min(x0, x0 + dx) - reach));
  const right = Math.min(size - 1, Math.ceil(Math.max(x0, x0 + dx) + reach));
  const top = Math.max(0, Math.floor(Math.min(y0, y0 + dy) - reach));
  const bottom = Math.min(size - 1, Math.ceil(Math.max(y0, y0 + dy) + reach));
  for (let py = top; py <= bottom; py++) {
    const ey = py + 0.5 - y0;
    for (let px = left; px <= right; px++) {
      const at = py * size + px;
      if (target[at] === 255) continue;
      const ex = px + 0.5 - x0;
      const share = length2 === 0 ? 0 : (ex * dx + ey * dy) / length2;
      const along = share < 0 ? 0 : share > 1 ? 1 : share;
      const cx = ex - along * dx;
      const cy = ey - along * dy;
      const edge = r0 + along * (r1 - r0) + 0.5;
      const d2 = cx * cx + cy * cy;
      if (d2 >= edge * edge) continue;
      const cover = Math.floor(255 * Math.min(1, edge - Math.sqrt(d2)) + 0.5);
      if (cover > (target[at] ?? 0)) target[at] = cover;
    }
  }
}
