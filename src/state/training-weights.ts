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
 * Reads `w1` into one picture a neuron.
 * @param bytes of the whole tensor, little-endian, as long as `weightLayout` says
 */
export function weightImages(tensor: DebugTensor, bytes: Uint8Array): WeightImages | null {
  const layout = weightLayout(tensor);
  if (!layout || bytes.length < layout.bytes) return null;
  const [rows = 0, columns = 0] = tensor.shape;
  const view = new DataView(bytes.buffer, bytes.byteOffset, layout.bytes);
  const at = (i: number) =>
    layout.size === 8 ? view.getFloat64(i * 8, true) : view.getFloat32(i * 4, true);
  const count = layout.pixelAxis === 0 ? columns : rows;
  const neurons = Array.from({ length: count }, (_, n) =>
    Float64Array.from({ length: PIXELS }, (_, p) =>
      at(layout.pixelAxis === 0 ? p * columns + n : n * columns + p),
    ),
  );
  const magnitudes = Float64Array.from({ length: rows * columns }, (_, i) => Math.abs(at(i)))
    .filter(Number.isFinite)
    .sort();
  return { neurons, scale: magnitudes[Math.floor(magnitudes.length * 0.99)] ?? 0 };
}
