// SPDX-License-Identifier: GPL-2.0-or-later
/** Bytes read and written as elements of a type: the lanes of a register, the columns of memory. */
import { bytesOf, unsignedOf } from './little-endian.ts';
import { formatF32, formatF64 } from './format.ts';
import { err, ok, type Result } from './result.ts';

/** `x` is hexadecimal, `b8` binary, `char` one character. Little-endian, as in the machine. */
export type ElementFormat =
  | 'f64'
  | 'f32'
  | 'x64'
  | 'u64'
  | 'i64'
  | 'x32'
  | 'u32'
  | 'i32'
  | 'x16'
  | 'u16'
  | 'i16'
  | 'hex'
  | 'u8'
  | 'i8'
  | 'b8'
  | 'char';

export const ELEMENT_FORMATS: readonly { readonly value: ElementFormat; readonly label: string }[] =
  [
    { value: 'f64', label: 'f64' },
    { value: 'f32', label: 'f32' },
    { value: 'i64', label: 'i64' },
    { value: 'i32', label: 'i32' },
    { value: 'i16', label: 'i16' },
    { value: 'i8', label: 'i8' },
    { value: 'u64', label: 'u64' },
    { value: 'u32', label: 'u32' },
    { value: 'u16', label: 'u16' },
    { value: 'u8', label: 'u8' },
    { value: 'x64', label: '64 bits, hex' },
    { value: 'x32', label: '32 bits, hex' },
    { value: 'x16', label: '16 bits, hex' },
    { value: 'hex', label: 'bytes, hex' },
    { value: 'b8', label: 'bytes, binary' },
    { value: 'char', label: 'characters' },
  ];

/** Bytes of one element. */
export function elementBytes(format: ElementFormat): number {
  if (format === 'hex' || format === 'char') return 1;
  return Number(format.slice(1)) / 8;
}

/** Most characters that an element takes, a sign included. */
export function elementChars(format: ElementFormat): number {
  const widths: Readonly<Record<ElementFormat, number>> = {
    ...{ f64: 26, f32: 22, x64: 16, u64: 20, i64: 20, x32: 8, u32: 10, i32: 11 },
    ...{ x16: 4, u16: 5, i16: 6, hex: 2, u8: 3, i8: 4, b8: 8, char: 3 },
  };
  return widths[format];
}

const CONTROL: Readonly<Record<number, string>> = { 0: '\\0', 9: '\\t', 10: '\\n', 13: '\\r' };

/** A byte as a character: itself, a known escape, or its number in hexadecimal. */
export function charText(byte: number): string {
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return CONTROL[byte] ?? byte.toString(16).padStart(2, '0');
}

/** The element at `at` as text; floating point is the shortest text that reads back the same. */
export function elementText(bytes: Uint8Array, at: number, format: ElementFormat): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (format === 'f64') return formatF64(view.getFloat64(at, true));
  if (format === 'f32') return formatF32(view.getFloat32(at, true));
  const size = elementBytes(format);
  const value = unsignedOf(bytes.subarray(at, at + size));
  if (format === 'char') return charText(Number(value));
  if (format === 'b8') return value.toString(2).padStart(8, '0');
  if (format === 'hex') return value.toString(16).padStart(2, '0');
  if (format.startsWith('x')) return value.toString(16).padStart(size * 2, '0');
  return (format.startsWith('i') ? BigInt.asIntN(size * 8, value) : value).toString();
}

/** All elements of `bytes`, the lowest address first. */
export function elementTexts(bytes: Uint8Array, format: ElementFormat): string[] {
  const size = elementBytes(format);
  const count = Math.floor(bytes.length / size);
  return Array.from({ length: count }, (_, i) => elementText(bytes, i * size, format));
}

/** The bits as hexadecimal, the highest first: what lies behind a number. */
export function bitsText(bytes: Uint8Array): string {
  return `0x${unsignedOf(bytes)
    .toString(16)
    .padStart(bytes.length * 2, '0')}`;
}

const ESCAPES: Readonly<Record<string, number>> = {
  '\\0': 0,
  '\\t': 9,
  '\\n': 10,
  '\\r': 13,
  '\\\\': 92,
};

/** An integer as typed: decimal, `0x1f`, `1fh`, `0b101`, `'a'`, with a sign and with `_`. */
export function parseInteger(text: string): Result<bigint, string> {
  const typed = text.trim().replaceAll('_', '');
  const quoted = /^'(.)'$/u.exec(typed)?.[1];
  if (quoted !== undefined) return ok(BigInt(quoted.codePointAt(0) ?? 0));
  const match = /^([+-]?)(0x[0-9a-f]+|0b[01]+|[0-9]+|[0-9][0-9a-f]*h)$/i.exec(typed);
  const digits = match?.[2];
  if (match === null || digits === undefined) {
    return err(`“${text.trim()}” is not an integer: try 42, -1, 0x2a, 0b101 or 'a'.`);
  }
  const value = BigInt(/h$/i.test(digits) ? `0x${digits.slice(0, -1)}` : digits);
  return ok(match[1] === '-' ? -value : value);
}

/** A number as typed, with `inf`, `-inf` and `nan`; null when it is none. */
export function parseFloatText(text: string): number | null {
  const typed = text.trim().toLowerCase().replaceAll('_', '');
  if (typed === 'nan') return NaN;
  if (typed === 'inf' || typed === '+inf' || typed === 'infinity') return Infinity;
  if (typed === '-inf' || typed === '-infinity') return -Infinity;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(typed)) return null;
  return Number(typed);
}

/**
 * The bytes of an element as typed. A floating-point element can also be given by its bits (`0x…`);
 * an integer may be signed or unsigned, whatever the format, as long as it fits.
 * @returns why it cannot be, as a sentence
 */
export function parseElement(text: string, format: ElementFormat): Result<Uint8Array, string> {
  const size = elementBytes(format);
  const bits = size * 8;
  const blank = format === 'char' && text === ' '; // a space is a character like others
  if (text.trim() === '' && !blank) return err('Type a value.');
  if (format === 'f64' || format === 'f32') {
    const value = parseFloatText(text);
    if (value !== null) {
      const bytes = new Uint8Array(size);
      const view = new DataView(bytes.buffer);
      if (format === 'f64') view.setFloat64(0, value, true);
      else view.setFloat32(0, value, true);
      return ok(bytes);
    }
    if (!/^\s*0x/i.test(text)) {
      return err(`“${text.trim()}” is not a number: try 0.5, -1e-3, inf, nan, or bits as 0x….`);
    }
  }
  if (format === 'char') {
    const escape = ESCAPES[text];
    if (escape !== undefined) return ok(Uint8Array.of(escape));
    if (/^[\x20-\x7e]$/.test(text)) return ok(Uint8Array.of(text.charCodeAt(0)));
  }
  const bare = format === 'hex' || format.startsWith('x') ? /^\s*[0-9a-f_]+\s*$/i : null;
  const binary = format === 'b8' ? /^\s*[01_]+\s*$/ : null;
  const prefix = bare?.test(text) === true ? '0x' : binary?.test(text) === true ? '0b' : '';
  const typed = parseInteger(prefix + text.trim());
  if (!typed.ok) return typed;
  const most = 2n ** BigInt(bits);
  if (typed.value >= most || typed.value < -most / 2n) {
    return err(`${text.trim()} does not fit into ${bits} bits (${-most / 2n} to ${most - 1n}).`);
  }
  return ok(bytesOf(typed.value, size));
}
