// SPDX-License-Identifier: GPL-2.0-or-later
/** Where the pictures of the neurons stand on their common canvas. All lengths are its pixels. */
import { IMAGE_SIDE } from '../../nn/canvas.ts';

/** Between two pictures, and around all of them; room for the frame of each. */
const GAP = 3;
const PITCH = IMAGE_SIDE + GAP;
/** CSS pixels that a picture has at least. */
const LEAST = 38;

export interface Tiles {
  readonly columns: number;
  readonly width: number;
  readonly height: number;
  /** Upper left corner of picture `n`. */
  place(n: number): { readonly x: number; readonly y: number };
}

/** @param width CSS pixels that there are for all columns. */
export function tilesFor(count: number, width: number): Tiles {
  const columns = Math.max(1, Math.min(count, Math.floor(width / LEAST)));
  return {
    columns,
    width: columns * PITCH + GAP,
    height: Math.ceil(count / columns) * PITCH + GAP,
    place: (n) => ({ x: GAP + (n % columns) * PITCH, y: GAP + Math.floor(n / columns) * PITCH }),
  };
}

/** The picture at a point of the canvas; null beside all of them. */
export function tileAt({ columns }: Tiles, count: number, x: number, y: number): number | null {
  const [column, row] = [Math.floor(x / PITCH), Math.floor(y / PITCH)];
  const n = row * columns + column;
  return column >= 0 && column < columns && row >= 0 && n < count ? n : null;
}
