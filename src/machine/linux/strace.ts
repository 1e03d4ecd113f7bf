// SPDX-License-Identifier: GPL-2.0-or-later
/** A system call as strace(1) prints it: names, decoded arguments, result. */
import { hex } from '../../shared/format.ts';
import { describeErrno } from './errno.ts';
import { syscallName } from './names.ts';
import type { SyscallRegisters } from './registers.ts';
import { formatArgument, type ArgumentKind } from './strace-arguments.ts';
import type { UserMemory } from './user-memory.ts';

export interface StraceRecord {
  /** Instructions executed when the call was served. */
  readonly at: number;
  /** `openat(AT_FDCWD, "a", O_RDONLY) = 3` */
  readonly text: string;
  readonly failed: boolean;
}

/** Arguments of each call that is served, and `hex` for those whose result is an address. */
const SIGNATURES = new Map<number, readonly ArgumentKind[]>([
  [0, ['fd', 'out-bytes', 'size']],
  [1, ['fd', 'in-bytes', 'size']],
  [2, ['path', 'open-flags', 'open-mode']],
  [3, ['fd']],
  [5, ['fd', 'out-stat']],
  [8, ['fd', 'offset', 'whence']],
  [9, ['pointer', 'size', 'prot', 'map-flags', 'fd', 'hex']],
  [10, ['pointer', 'size', 'prot']],
  [11, ['pointer', 'size']],
  [12, ['pointer']],
  [16, ['fd', 'ioctl', 'out-ioctl']],
  [19, ['fd', 'out-vector', 'size']],
  [20, ['fd', 'in-vector', 'size']],
  [35, ['in-timespec', 'pointer']],
  [39, []],
  [60, ['int']],
  [74, ['fd']],
  [82, ['path', 'path']],
  [87, ['path']],
  [96, ['out-timeval', 'out-timezone']],
  [158, ['arch-code', 'out-word']],
  [186, []],
  [218, ['pointer']],
  [228, ['clock', 'out-timespec']],
  [231, ['int']],
  [257, ['directory-fd', 'path', 'open-flags', 'open-mode']],
  [318, ['out-random', 'size', 'random-flags']],
]);

/** Calls whose result is an address: brk and mmap. */
const RETURNS_ADDRESS = new Set([9, 12]);

/** Calls that are not served: six arguments would be guesswork, so they are shown as they are. */
const UNKNOWN: readonly ArgumentKind[] = ['hex', 'hex', 'hex', 'hex', 'hex', 'hex'];

/**
 * Formats a call that was just served; the argument registers must still be as they were.
 * @param result what goes to rax, or null when the call does not return.
 */
export function formatSyscall(
  number: number,
  registers: SyscallRegisters,
  user: UserMemory,
  result: number | null,
): Omit<StraceRecord, 'at'> {
  const kinds = SIGNATURES.get(number) ?? UNKNOWN;
  const texts: string[] = [];
  for (const [i, kind] of kinds.entries()) {
    const text = formatArgument(kind, i, { registers, user, result });
    if (text !== null) texts.push(text);
  }
  const failed = result !== null && result < 0;
  return {
    text: `${syscallName(number)}(${texts.join(', ')}) = ${formatResult(number, result)}`,
    failed,
  };
}

function formatResult(number: number, result: number | null): string {
  if (result === null) return '?';
  if (result < 0) return `-1 ${describeErrno(-result)}`;
  return RETURNS_ADDRESS.has(number) ? hex(result) : String(result);
}
