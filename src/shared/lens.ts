// SPDX-License-Identifier: GPL-2.0-or-later
/** The lens: what a byte of memory means, from the annotations of the source. */
import { formatF32, formatF64 } from './format.ts';

export type LensType = 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'f32' | 'f64';

/** The shape of `DebugTensor` as far as the lens needs it. */
export interface LensTensor {
  readonly name: string;
  readonly address: number;
  readonly type: LensType;
  /** Elements along each axis, outermost first; row-major. Empty: a scalar. */
  readonly shape: readonly number[];
  readonly axes: readonly string[];
}

export interface Meaning {
  readonly tensor: LensTensor;
  /** Position along each axis, outermost first. */
  readonly index: readonly number[];
  /** Address of the element. */
  readonly address: number;
  /** Bytes of the element. */
  readonly size: number;
  /** Which byte of the element, 0 the lowest. */
  readonly byte: number;
  /** `w1[pixel 371][hidden 7]`. */
  readonly label: string;
}

export function elementSize(type: LensType): number {
  return Number(type.slice(1)) / 8;
}

/** All bytes of the tensor. */
export function tensorSize(tensor: LensTensor): number {
  return tensor.shape.reduce((n, d) => n * d, elementSize(tensor.type));
}

/** The element of the first tensor that holds the byte at `address`, or null. */
export function meaningAt(tensors: readonly LensTensor[], address: number): Meaning | null {
  for (const tensor of tensors) {
    const offset = address - tensor.address;
    if (offset < 0 || offset >= tensorSize(tensor)) continue;
    const size = elementSize(tensor.type);
    const element = Math.floor(offset / size);
    const index = unravel(element, tensor.shape);
    const places = index.map((i, axis) => `[${`${tensor.axes[axis] ?? ''} ${i}`.trim()}]`);
    return {
      tensor,
      index,
      address: tensor.address + element * size,
      size,
      byte: offset - element * size,
      label: tensor.name + places.join(''),
    };
  }
  return null;
}

/** The position of the `element`-th value of a row-major array, outermost axis first. */
function unravel(element: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = element;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}

/** One element as text, read from `bytes` at `offset`, little-endian. */
export function elementText(bytes: Uint8Array, offset: number, type: LensType): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case 'u8':
      return String(view.getUint8(offset));
    case 'i8':
      return String(view.getInt8(offset));
    case 'u16':
      return String(view.getUint16(offset, true));
    case 'i16':
      return String(view.getInt16(offset, true));
    case 'u32':
      return String(view.getUint32(offset, true));
    case 'i32':
      return String(view.getInt32(offset, true));
    case 'u64':
      return view.getBigUint64(offset, true).toString();
    case 'i64':
      return view.getBigInt64(offset, true).toString();
    case 'f32':
      return formatF32(view.getFloat32(offset, true));
    case 'f64':
      return formatF64(view.getFloat64(offset, true));
  }
}
