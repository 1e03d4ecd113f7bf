// SPDX-License-Identifier: GPL-2.0-or-later
/** Values of operands as numbers and as text, for explanations. */
import { unsignedOf } from '../../shared/little-endian.ts';
import { formatF32, formatF64, hex, hexBytes } from '../../shared/format.ts';

export type LaneType = 'f64' | 'f32' | 'i64' | 'i32' | 'i16' | 'i8' | 'bits';

/** How the bytes of a vector instruction are to be read. */
export interface VectorShape {
  readonly type: LaneType;
  /** Only lane 0 counts. */
  readonly scalar: boolean;
}

const LANE_SIZE: Readonly<Record<LaneType, number>> = {
  f64: 8,
  f32: 4,
  i64: 8,
  i32: 4,
  i16: 2,
  i8: 1,
  bits: 16,
};

const INTEGER_SUFFIX: Readonly<Record<string, LaneType>> = {
  b: 'i8',
  w: 'i16',
  d: 'i32',
  q: 'i64',
};

/** By the name of the instruction. */
export function vectorShape(mnemonic: string): VectorShape {
  const plain = mnemonic.replace(/^v/, '');
  if (/^(movq|movhp|movlp|movhlp|movlhp)/.test(plain)) {
    return { type: plain === 'movq' ? 'i64' : plain.endsWith('d') ? 'f64' : 'f32', scalar: false };
  }
  if (plain === 'movd') return { type: 'i32', scalar: true };
  const float = /([sp])([sd])$/.exec(plain);
  if (float !== null && !/^(p|movntdq)/.test(plain)) {
    return { type: float[2] === 'd' ? 'f64' : 'f32', scalar: float[1] === 's' };
  }
  if (/^p(and|or|xor|andn|test)n?$/.test(plain) || plain.startsWith('movdq')) {
    return { type: 'i64', scalar: false };
  }
  const integer = /^p[a-z]+([bwdq])$/.exec(plain)?.[1];
  return { type: INTEGER_SUFFIX[integer ?? ''] ?? 'i64', scalar: false };
}

export function laneSize(type: LaneType): number {
  return LANE_SIZE[type];
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A floating-point lane as a number. */
export function floatLane(bytes: Uint8Array, lane: number, type: 'f64' | 'f32'): number {
  const at = lane * LANE_SIZE[type];
  return type === 'f64' ? view(bytes).getFloat64(at, true) : view(bytes).getFloat32(at, true);
}

export function floatBytes(value: number, type: 'f64' | 'f32'): Uint8Array {
  const bytes = new Uint8Array(LANE_SIZE[type]);
  if (type === 'f64') view(bytes).setFloat64(0, value, true);
  else view(bytes).setFloat32(0, value, true);
  return bytes;
}

/** A floating-point number for a formula: exact when short, else seven digits and an ellipsis. */
export function briefFloat(value: number, type: 'f64' | 'f32'): string {
  const exact = type === 'f64' ? formatF64(value) : formatF32(value);
  if (exact.length <= 11) return exact;
  const short = Number(value.toPrecision(7));
  return short === value ? String(short) : `${String(short)}…`;
}

/** An integer for a formula: decimal while it is easy to read, signed when that is shorter. */
export function briefInteger(value: bigint, bits: number): string {
  const plain = BigInt.asUintN(bits, value);
  const signed = BigInt.asIntN(bits, value);
  if (plain < 1_000_000n) return plain.toString();
  if (signed < 0n && signed > -1_000_000n) return signed.toString();
  return hex(plain);
}

/** One lane as text, exact. */
export function laneText(bytes: Uint8Array, lane: number, type: LaneType): string {
  const size = LANE_SIZE[type];
  const part = bytes.subarray(lane * size, lane * size + size);
  if (type === 'f64') return formatF64(floatLane(bytes, lane, 'f64'));
  if (type === 'f32') return formatF32(floatLane(bytes, lane, 'f32'));
  if (type === 'bits') return `0x${hexBytes(part.slice().reverse())}`;
  return briefInteger(unsignedOf(part), size * 8);
}

/** All lanes that count, lane 0 first. */
export function lanesText(bytes: Uint8Array, shape: VectorShape): string {
  const size = LANE_SIZE[shape.type];
  const count = shape.scalar ? 1 : Math.max(1, Math.floor(bytes.length / size));
  const texts = Array.from({ length: count }, (_, lane) => laneText(bytes, lane, shape.type));
  return texts.length === 1 ? (texts[0] ?? '') : `{ ${texts.join(', ')} }`;
}

/** A general value for the list of operands: hexadecimal, and decimal when that says more. */
export function integerText(bytes: Uint8Array): string {
  const bits = bytes.length * 8;
  const value = unsignedOf(bytes);
  const signed = BigInt.asIntN(bits, value);
  if (value < 10n) return value.toString();
  return signed < 0n && signed > -(2n ** 40n)
    ? `${hex(value)} = ${signed}`
    : `${hex(value)} = ${value}`;
}
