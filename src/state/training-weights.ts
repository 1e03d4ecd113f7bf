// SPDX-License-Identifier: GPL-2.0-or-later
/** The first layer's weights as pictures, whichever way round they lie in memory. */
import type { DebugTensor } from '../protocol/debug-info.ts';

export interface WeightImages {
  /** For each neuron its 784 weights, pixel by pixel. */
  readonly neurons: readonly Float64Array[];
  /** The magnitude to paint full: the 99th percentile, so that one stray weight hides nothing. */
  readonly scale: number;
}

export const PIXELS = 784;

/** Bytes of a weight; null when the tensor is no layer over 784 pixels of real numbers. */
export function weightLayout(
  tensor: DebugTensor,
): { readonly size: 4 | 8; readonly bytes: number; readonly pixelAxis: 0 | 1 } | null {
  const size = tensor.type === 'f64' ? 8 : tensor.type === 'f32' ? 4 : null;
  const [rows, columns] = tensor.shape;
  if (size === null || tensor.shape.length !== 2 || !rows || !columns) return null;
  const named = tensor.axes.indexOf('pixel');
  const pixelAxis = named === 0 || named === 1 ? named : tensor.shape.indexOf(PIXELS);
  if ((pixelAxis !== 0 && pixelAxis !== 1) || tensor.shape[pixelAxis] !== PIXELS) return null;
  return { size, bytes: rows * columns * size, pixelAxis };
}

/**
 * Reads `w1` into one picture a neuron. Done several times a second while the program runs, so it
 * goes about with plain loops.
 * @param bytes of the whole tensor, little-endian, as long as `weightLayout` says
 */
export function weightImages(tensor: DebugTensor, bytes: Uint8Array): WeightImages | null {
  const layout = weightLayout(tensor);
  if (!layout || bytes.length < layout.bytes) return null;
  const [rows = 0, columns = 0] = tensor.shape;
  const values = realNumbers(bytes.subarray(0, layout.bytes), layout.size);
  const byPixel = layout.pixelAxis === 0;
  const [pitch, step] = byPixel ? [1, columns] : [PIXELS, 1];
  const neurons = Array.from({ length: byPixel ? columns : rows }, (_, n) => {
    const picture = new Float64Array(PIXELS);
    for (let p = 0; p < PIXELS; p++) picture[p] = values[n * pitch + p * step] ?? 0;
    return picture;
  });
  return { neurons, scale: quantile(magnitudes(values), 0.99) };
}

function realNumbers(bytes: Uint8Array, size: 4 | 8): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = new Float64Array(bytes.length / size);
  for (let i = 0; i < values.length; i++) {
    values[i] = size === 8 ? view.getFloat64(i * 8, true) : view.getFloat32(i * 4, true);
  }
  return values;
}

/** Of those that are finite. */
function magnitudes(values: Float64Array): Float64Array {
  const found = new Float64Array(values.length);
  let count = 0;
  for (const value of values) if (Number.isFinite(value)) found[count++] = Math.abs(value);
  return found.subarray(0, count);
}

/** Values looked at to guess what the largest ones are; the guess changes no result. */
const GLANCE = 256;

/** The value that so many of all lie below, as after sorting them; 0 when there are none. */
function quantile(values: Float64Array, part: number): number {
  const rank = Math.floor(values.length * part);
  const every = Math.max(1, Math.floor(values.length / GLANCE));
  const glance = Float64Array.from({ length: Math.min(GLANCE, values.length) }, (_, i) =>
    Number(values[i * every]),
  ).sort();
  const bound = glance[Math.floor(glance.length * (part - 0.05))] ?? 0;
  const large = values.filter((value) => value >= bound).sort();
  const at = rank - (values.length - large.length);
  return (at >= 0 ? large : values.sort())[at >= 0 ? at : rank] ?? 0;
}
