// SPDX-License-Identifier: GPL-2.0-or-later
/** Values as text, in whatever format one likes to read them. */
import { formatF32, formatF64, formatLanes, hex, hexBytes } from '../format.ts';
import type { FloatType, IntType, Type, Value } from './code.ts';

/** `auto`: as the type suggests. */
export type ValueFormat = 'auto' | 'decimal' | 'hex' | 'binary' | 'char' | 'float';

export const VALUE_FORMATS: readonly ValueFormat[] = [
  'auto',
  'decimal',
  'hex',
  'binary',
  'char',
  'float',
];

const scratch = new DataView(new ArrayBuffer(8));

function bitsOf(value: number, { bits }: FloatType): bigint {
  if (bits === 64) scratch.setFloat64(0, value);
  else scratch.setFloat32(0, value);
  return bits === 64 ? scratch.getBigUint64(0) : BigInt(scratch.getUint32(0));
}

function charText(value: bigint): string {
  const text = value >= 0x20n && value < 0x7fn ? String.fromCharCode(Number(value)) : null;
  return text === null
    ? `'\\x${BigInt.asUintN(8, value).toString(16).padStart(2, '0')}'`
    : `'${text}'`;
}

function grouped(bits: string): string {
  return bits.replace(/\B(?=(.{8})+$)/g, '_');
}

function intText(value: bigint, type: IntType, format: ValueFormat): string {
  const pattern = BigInt.asUintN(type.bits, value);
  switch (format) {
    case 'auto':
      if (type.look === 'pointer') return hex(pattern);
      return type.look === 'char' ? charText(value) : value.toString();
    case 'decimal':
      return value.toString();
    case 'hex':
      return hex(pattern, type.bits / 4);
    case 'binary':
      return `0b${grouped(pattern.toString(2).padStart(type.bits, '0'))}`;
    case 'char':
      return charText(BigInt.asUintN(8, value));
    case 'float':
      if (type.bits === 64) {
        scratch.setBigUint64(0, pattern);
        return formatF64(scratch.getFloat64(0));
      }
      if (type.bits !== 32) return value.toString();
      scratch.setUint32(0, Number(pattern));
      return formatF32(scratch.getFloat32(0));
  }
}

function floatText(value: number, type: FloatType, format: ValueFormat): string {
  if (format === 'hex' || format === 'binary') {
    return intText(bitsOf(value, type), { kind: 'int', bits: type.bits, signed: false }, format);
  }
  return type.bits === 64 ? formatF64(value) : formatF32(value);
}

/** @param nameOf the symbol at an address, for pointers; null where there is none */
export function valueText(
  value: Value,
  type: Type,
  format: ValueFormat = 'auto',
  nameOf: (address: number) => string | null = () => null,
): string {
  if (value instanceof Uint8Array) {
    if (format === 'hex' || format === 'binary') return `0x${hexBytes(value.slice().reverse())}`;
    return formatLanes(value, format === 'decimal' ? 'i64' : 'f64').join('  ');
  }
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    return floatText(value, type.kind === 'float' ? type : { kind: 'float', bits: 64 }, format);
  }
  const int: IntType = type.kind === 'int' ? type : { kind: 'int', bits: 64, signed: true };
  const text = intText(value, int, format);
  const name = format === 'auto' && int.look === 'pointer' ? nameOf(Number(value)) : null;
  return name === null ? text : `${text} ${name}`;
}

/** For curves and comparisons; NaN for what is no number. */
export function valueNumber(value: Value): number {
  if (value instanceof Uint8Array) return NaN;
  return Number(value);
}
