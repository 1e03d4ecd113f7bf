// SPDX-License-Identifier: GPL-2.0-or-later
/** What the register panel shows, computed. */
import { isAddr } from '../../shared/brand.ts';
import { FLAG, GPR, GPR_NAMES, type CpuState, type FlagName } from '../../shared/cpu-state.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import {
  elementText,
  elementTexts,
  parseElement,
  type ElementFormat,
} from '../../shared/elements.ts';
import { formatU64, hex } from '../../shared/format.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { RegisterFormat } from '../../state/settings.svelte.ts';

/** In the order people know, not in that of the encoding. */
const ORDER = [
  ...(['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp'] as const),
  ...GPR_NAMES.slice(8),
];

export interface RegisterRow {
  readonly name: string;
  readonly value: bigint;
  /** The value at the previous stop when it differs, else null. */
  readonly before: bigint | null;
  /** The symbol that the value points at, or ''. */
  readonly meaning: string;
}

/** The rows: sixteen registers, then rip. */
export function registerRows(
  cpu: CpuState,
  previous: CpuState | null,
  index: DebugIndex | null,
): RegisterRow[] {
  const row = (name: string, read: (state: CpuState) => bigint): RegisterRow => {
    const value = read(cpu);
    const before = previous === null ? value : read(previous);
    const address = addressOf(value);
    const meaning = address === null ? null : (index?.describe(address) ?? null);
    return { name, value, before: before === value ? null : before, meaning: meaning ?? '' };
  };
  return [
    ...ORDER.map((name) => row(name, (state) => state.gpr(GPR[name]))),
    row('rip', (state) => state.rip),
  ];
}

/** Images begin here and the stack ends below 2^47: a smaller number is hardly a pointer. */
const LOWEST_POINTER = 0x10000n;

/** The value as an address when it looks like one, else null. */
export function addressOf(value: bigint): number | null {
  return value >= LOWEST_POINTER && isAddr(value) ? Number(value) : null;
}

/** How many leading characters of a hexadecimal text are only there for its width. */
export function leadingZeros(text: string): number {
  const match = /^0x0*(?=[0-9a-f])/.exec(text);
  return match === null ? 0 : match[0].length;
}

export interface FlagCell {
  readonly name: FlagName;
  /** What it says, in words. */
  readonly meaning: string;
  readonly set: boolean;
  readonly changed: boolean;
}

const FLAG_MEANINGS: readonly (readonly [FlagName, string])[] = [
  ['CF', 'carry'],
  ['PF', 'parity'],
  ['AF', 'auxiliary carry'],
  ['ZF', 'zero'],
  ['SF', 'sign'],
  ['TF', 'trap'],
  ['IF', 'interrupts enabled'],
  ['DF', 'direction'],
  ['OF', 'overflow'],
];

export function flagCells(flags: number, before: number | null): FlagCell[] {
  return FLAG_MEANINGS.map(([name, meaning]) => ({
    name,
    meaning,
    set: (flags & FLAG[name]) !== 0,
    changed: before !== null && ((flags ^ before) & FLAG[name]) !== 0,
  }));
}

/** Formats of general registers beyond the three of the switch. */
export const MORE_FORMATS: readonly { readonly value: RegisterFormat; readonly label: string }[] = [
  { value: 'u32', label: 'u32 (eax …)' },
  { value: 'i32', label: 'i32 (eax …)' },
  { value: 'u16', label: 'u16 (ax …)' },
  { value: 'i16', label: 'i16 (ax …)' },
  { value: 'u8', label: 'u8 (al …)' },
  { value: 'i8', label: 'i8 (al …)' },
  { value: 'f64', label: 'f64' },
  { value: 'f32', label: 'f32' },
  { value: 'b8', label: 'binary' },
  { value: 'char', label: 'characters' },
  { value: 'x32', label: 'hex, 32 bits' },
  { value: 'x16', label: 'hex, 16 bits' },
];

const WHOLE: Partial<Record<RegisterFormat, ElementFormat>> = {
  hex: 'x64',
  unsigned: 'u64',
  signed: 'i64',
};

/** The element that a register's low bytes are read as. Binary and characters take all bytes. */
export function partOf(format: RegisterFormat): ElementFormat {
  return WHOLE[format] ?? (format as ElementFormat);
}

function bytesOf(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes;
}

/** A register's value, or its low part, as text. */
export function registerText(value: bigint, format: RegisterFormat): string {
  if (format === 'hex' || format === 'unsigned' || format === 'signed') {
    return formatU64(value, format);
  }
  const bytes = bytesOf(value);
  // As one writes numbers: the highest bits first.
  if (format === 'b8') return elementTexts(bytes, 'b8').reverse().join(' ');
  if (format === 'char') return elementTexts(bytes, 'char').join(' ');
  const text = elementText(bytes, 0, format);
  return format.startsWith('x') ? `0x${text}` : text;
}

/** The old value, short: without leading zeros. */
export function oldText(value: bigint, format: RegisterFormat): string {
  if (format === 'hex') return hex(value);
  if (format === 'b8' || format === 'char') return hex(value);
  return registerText(value, format);
}

/** What is typed for a register in a format: the bytes of its low part, or why they are none. */
export function parseRegister(text: string, format: RegisterFormat): Result<Uint8Array, string> {
  if (format === 'b8') {
    const digits = text.replaceAll(/[\s_]/g, '');
    if (/^[01]{9,64}$/.test(digits)) return ok(bytesOf(BigInt(`0b${digits}`)));
  }
  return parseElement(text, partOf(format));
}

export interface ControlField {
  readonly name: string;
  readonly meaning: string;
  /** As text: `0`, `1`, `to nearest`. */
  readonly value: string;
  readonly changed: boolean;
}

const ROUNDING = ['to nearest, ties to even', 'down', 'up', 'towards zero'] as const;

const MXCSR_FLAGS: readonly (readonly [string, string])[] = [
  ['IE', 'invalid operation has occurred'],
  ['DE', 'a subnormal operand has occurred'],
  ['ZE', 'division by zero has occurred'],
  ['OE', 'overflow has occurred'],
  ['UE', 'underflow has occurred'],
  ['PE', 'a result was rounded'],
  ['DAZ', 'subnormal operands count as zero'],
  ['IM', 'invalid operation is masked'],
  ['DM', 'subnormal operand is masked'],
  ['ZM', 'division by zero is masked'],
  ['OM', 'overflow is masked'],
  ['UM', 'underflow is masked'],
  ['PM', 'rounding is masked'],
];

/** MXCSR field by field: flags from bit 0 on, then rounding and flush to zero. */
export function mxcsrFields(mxcsr: number, before: number | null): ControlField[] {
  const old = before ?? mxcsr;
  const bit = (n: number, name: string, meaning: string): ControlField => ({
    name,
    meaning,
    value: String((mxcsr >> n) & 1),
    changed: ((mxcsr ^ old) & (1 << n)) !== 0,
  });
  const rounding = (mxcsr >> 13) & 3;
  return [
    ...MXCSR_FLAGS.map(([name, meaning], n) => bit(n, name, meaning)),
    {
      name: 'RC',
      meaning: 'rounding',
      value: ROUNDING[rounding] ?? '',
      changed: ((mxcsr ^ old) & 0x6000) !== 0,
    },
    bit(15, 'FTZ', 'subnormal results become zero'),
  ];
}
