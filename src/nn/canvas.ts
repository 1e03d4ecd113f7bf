// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * From a drawing to what the network reads, the way MNIST was made: the ink is cut out, scaled
 * with its proportions kept so that its longer side is 20 pixels, and put into 28 × 28 with its
 * centre of mass in the middle.
 */
import { renderStrokes } from './strokes.ts';
import type { Stroke } from './strokes.ts';

/** Side of a network image. */
export const IMAGE_SIDE = 28;
/** Bytes of a network image. */
export const IMAGE_BYTES = IMAGE_SIDE * IMAGE_SIDE;
/** The longer side of the digit in it. */
export const BOX_SIDE = 20;
/** Side of the bitmap that strokes are drawn into on their way to 28 × 28. */
export const DRAWING_SIDE = 280;

/** MNIST's centre of mass lies at pixel (14, 14), counted from 0, to the nearest whole pixel. */
const CENTRE = 14;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Normalises a drawing.
 * @param bitmap `width` × `height` bytes, row by row from the top, 0 background … 255 ink
 * @returns 784 bytes in the same sense; all zero when there is no ink
 * @throws RangeError when `bitmap` is not `width` × `height` long
 */
export function normaliseDigit(bitmap: Uint8Array, width: number, height: number): Uint8Array {
  if (bitmap.length !== width * height) {
    throw new RangeError(`bitmap has ${bitmap.length} bytes, not ${width} x ${height}`);
  }
  const image = new Uint8Array(IMAGE_BYTES);
  const box = inkBox(bitmap, width, height);
  if (box === null) return image;
  const scale = BOX_SIDE / Math.max(box.width, box.height);
  const columns = Math.max(1, Math.floor(box.width * scale + 0.5));
  const rows = Math.max(1, Math.floor(box.height * scale + 0.5));
  const digit = resample(bitmap, width, box, columns, rows);
  const { x, y } = centreOfMass(digit, columns, rows);
  const left = placed(CENTRE - x, columns);
  const top = placed(CENTRE - y, rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = digit[row * columns + column] ?? 0;
      image[(top + row) * IMAGE_SIDE + left + column] = Math.floor(value + 0.5);
    }
  }
  return image;
}

/**
 * The 784 bytes that the network sees of these strokes; see `normaliseDigit`.
 * @param side of the bitmap between, in pixels: the finer, the slower and smoother
 */
export function digitFromStrokes(strokes: readonly Stroke[], side = DRAWING_SIDE): Uint8Array {
  return normaliseDigit(renderStrokes(strokes, side), side, side);
}

/** The nearest whole offset (of two, the lower) that keeps `extent` pixels inside the image. */
function placed(offset: number, extent: number): number {
  return Math.min(IMAGE_SIDE - extent, Math.max(0, Math.ceil(offset - 0.5)));
}

/** The smallest box around all pixels that are not zero, or null when there are none. */
function inkBox(bitmap: Uint8Array, width: number, height: number): Box | null {
  let left = width;
  let right = -1;
  let top = height;
  let bottom = -1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (bitmap[y * width + x] === 0) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * Area resampling: every pixel of the result is the mean of the source under it, partly covered
 * source pixels counted by the part.
 * @returns rows × columns values 0 … 255
 */
function resample(
  bitmap: Uint8Array,
  stride: number,
  box: Box,
  columns: number,
  rows: number,
): Float64Array {
  const narrow = new Float64Array(box.height * columns);
  const across = spans(box.width, columns);
  for (let y = 0; y < box.height; y++) {
    const start = (box.top + y) * stride + box.left;
    for (let column = 0; column < columns; column++) {
      const { first, parts } = across[column] ?? NOTHING;
      let sum = 0;
      for (let i = 0; i < parts.length; i++) {
        sum += (bitmap[start + first + i] ?? 0) * (parts[i] ?? 0);
      }
      narrow[y * columns + column] = sum;
    }
  }
  const result = new Float64Array(rows * columns);
  const down = spans(box.height, rows);
  for (let row = 0; row < rows; row++) {
    const { first, parts } = down[row] ?? NOTHING;
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let i = 0; i < parts.length; i++) {
        sum += (narrow[(first + i) * columns + column] ?? 0) * (parts[i] ?? 0);
      }
      result[row * columns + column] = sum;
    }
  }
  return result;
}

interface Span {
  readonly first: number;
  /** The weights of source pixels `first`, `first + 1` …; they add up to 1. */
  readonly parts: readonly number[];
}

const NOTHING: Span = { first: 0, parts: [] };

/** Which source pixels of a line of `source` lie under each of `target` pixels, and how much. */
function spans(source: number, target: number): Span[] {
  return Array.from({ length: target }, (_, i) => {
    const low = (i * source) / target;
    const high = ((i + 1) * source) / target;
    const first = Math.floor(low);
    const last = Math.min(source, Math.ceil(high));
    const parts: number[] = [];
    for (let p = first; p < last; p++) {
      parts.push((Math.min(high, p + 1) - Math.max(low, p)) / (high - low));
    }
    return { first, parts };
  });
}

function centreOfMass(values: Float64Array, columns: number, rows: number) {
  let total = 0;
  let x = 0;
  let y = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column] ?? 0;
      total += value;
      x += value * column;
      y += value * row;
    }
  }
  return { x: x / total, y: y / total };
}
