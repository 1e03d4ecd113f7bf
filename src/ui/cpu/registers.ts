// SPDX-License-Identifier: GPL-2.0-or-later
/** What the register panel shows, computed. */
import { isAddr } from '../../shared/brand.ts';
import { FLAG, GPR, GPR_NAMES, type CpuState, type FlagName } from '../../shared/cpu-state.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';

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
