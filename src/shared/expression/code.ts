// SPDX-License-Identifier: GPL-2.0-or-later
/** What expressions compile to: typed closures over the state of the machine. */
import type { CpuState } from '../cpu-state.ts';
import { hex } from '../format.ts';
import { Refused, type Span } from './problem.ts';

/** The state that an expression is evaluated on. */
export interface Env {
  readonly cpu: CpuState;
  /** All of RAM; the offset is the guest address. Fetched anew for every access. */
  readonly ram: DataView;
  readable(address: number, length: number): boolean;
  /** Hits of the stop that is being judged, this one included. */
  readonly hits: number;
  /** The watched element before and after, for conditions of watchpoints: little-endian bytes. */
  readonly old?: DataView | undefined;
  readonly now?: DataView | undefined;
}

export type Bits = 8 | 16 | 32 | 64;

/** `look`: how a person wants to see it. */
export interface IntType {
  readonly kind: 'int';
  readonly bits: Bits;
  readonly signed: boolean;
  readonly look?: 'char' | 'pointer';
}

export interface FloatType {
  readonly kind: 'float';
  readonly bits: 32 | 64;
}

export type ScalarType = IntType | FloatType;
export type Type = ScalarType | { readonly kind: 'bool' } | { readonly kind: 'vector' };

interface Common extends Span {
  /** Where the value lies in memory, when it does. */
  readonly place?: (env: Env) => number;
}

/** Values are canonical: in the range of the type. `constant` when the machine has no say in it. */
export interface IntCode extends Common {
  readonly type: IntType;
  readonly run: (env: Env) => bigint;
  readonly constant?: bigint;
}

export interface FloatCode extends Common {
  readonly type: FloatType;
  readonly run: (env: Env) => number;
  readonly constant?: number;
}

export interface BoolCode extends Common {
  readonly type: { readonly kind: 'bool' };
  readonly run: (env: Env) => boolean;
  readonly constant?: undefined;
}

/** The 16 bytes of an xmm register; a view, not a copy. */
export interface VectorCode extends Common {
  readonly type: { readonly kind: 'vector' };
  readonly run: (env: Env) => Uint8Array;
  readonly constant?: undefined;
}

export type Code = IntCode | FloatCode | BoolCode | VectorCode;
export type Value = bigint | number | boolean | Uint8Array;

export const U64: IntType = { kind: 'int', bits: 64, signed: false };
export const I64: IntType = { kind: 'int', bits: 64, signed: true };
export const F64: FloatType = { kind: 'float', bits: 64 };
export const BOOL = { kind: 'bool' } as const;
export const VECTOR = { kind: 'vector' } as const;

const TYPES: Readonly<Record<string, ScalarType>> = {
  u8: { kind: 'int', bits: 8, signed: false },
  i8: { kind: 'int', bits: 8, signed: true },
  u16: { kind: 'int', bits: 16, signed: false },
  i16: { kind: 'int', bits: 16, signed: true },
  u32: { kind: 'int', bits: 32, signed: false },
  i32: { kind: 'int', bits: 32, signed: true },
  u64: U64,
  i64: I64,
  f32: { kind: 'float', bits: 32 },
  f64: F64,
  char: { kind: 'int', bits: 8, signed: false, look: 'char' },
  ptr: { kind: 'int', bits: 64, signed: false, look: 'pointer' },
  byte: { kind: 'int', bits: 8, signed: false },
  word: { kind: 'int', bits: 16, signed: false },
  dword: { kind: 'int', bits: 32, signed: false },
  qword: U64,
};

/** The type of a name like `f64`; null when there is none. */
export function typeNamed(name: string): ScalarType | null {
  return Object.hasOwn(TYPES, name) ? (TYPES[name] ?? null) : null;
}

/** `u64`, `f32`, `bool`, `xmm`. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case 'int':
      if (type.look !== undefined) return type.look === 'char' ? 'char' : 'ptr';
      return `${type.signed ? 'i' : 'u'}${type.bits}`;
    case 'float':
      return `f${type.bits}`;
    case 'bool':
      return 'bool';
    case 'vector':
      return 'xmm';
  }
}

/** Any integer as one of the type: its low bits. */
export function wrap(value: bigint, { bits, signed }: IntType): bigint {
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

export function readInt(view: DataView, at: number, { bits, signed }: IntType): bigint {
  switch (bits) {
    case 8:
      return BigInt(signed ? view.getInt8(at) : view.getUint8(at));
    case 16:
      return BigInt(signed ? view.getInt16(at, true) : view.getUint16(at, true));
    case 32:
      return BigInt(signed ? view.getInt32(at, true) : view.getUint32(at, true));
    case 64:
      return signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
  }
}

export function readFloat(view: DataView, at: number, { bits }: FloatType): number {
  return bits === 64 ? view.getFloat64(at, true) : view.getFloat32(at, true);
}

/** A scalar that `find` finds: the view it lies in, and its offset there. */
export function scalarCode(
  type: ScalarType,
  span: Span,
  view: (env: Env) => DataView,
  offset: (env: Env) => number,
  place?: (env: Env) => number,
): IntCode | FloatCode {
  const common = { start: span.start, end: span.end, ...(place !== undefined && { place }) };
  return type.kind === 'int'
    ? { ...common, type, run: (env) => readInt(view(env), offset(env), type) }
    : { ...common, type, run: (env) => readFloat(view(env), offset(env), type) };
}

/** Memory at an address that is worked out anew each time. */
export function memoryCode(
  type: ScalarType,
  span: Span,
  address: (env: Env) => bigint | number,
): IntCode | FloatCode {
  const bytes = type.bits / 8;
  const place = (env: Env): number => Number(address(env));
  const checked = (env: Env): number => {
    const at = place(env);
    if (!env.readable(at, bytes)) {
      const exact = BigInt.asUintN(64, BigInt(address(env)));
      throw new Refused(span, `Nothing is mapped at ${hex(exact)}, so there is nothing to read.`);
    }
    return at;
  };
  return scalarCode(type, span, (env) => env.ram, checked, place);
}
