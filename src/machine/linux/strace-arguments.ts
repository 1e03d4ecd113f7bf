// SPDX-License-Identifier: GPL-2.0-or-later
/** One argument of a system call, decoded as strace(1) does it. */
import { hex } from '../../shared/format.ts';
import {
  ARCH,
  AT_FDCWD,
  CLOCK_NAMES,
  O,
  PATH_MAX,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFREG,
  TCGETS,
  TIOCGWINSZ,
} from './constants.ts';
import type { SyscallRegisters } from './registers.ts';
import { mapFlags, name, openFlags, protFlags, randomFlags } from './strace-flags.ts';
import type { UserMemory } from './user-memory.ts';

/** `in-` is what the guest passes, `out-` what it gets back when the call succeeds. */
export type ArgumentKind =
  | 'fd'
  | 'directory-fd'
  | 'int'
  | 'size'
  | 'offset'
  | 'hex'
  | 'pointer'
  | 'path'
  | 'open-flags'
  | 'open-mode'
  | 'whence'
  | 'prot'
  | 'map-flags'
  | 'ioctl'
  | 'clock'
  | 'arch-code'
  | 'random-flags'
  | 'in-bytes'
  | 'out-bytes'
  | 'out-random'
  | 'in-vector'
  | 'out-vector'
  | 'in-timespec'
  | 'out-timespec'
  | 'out-timeval'
  | 'out-timezone'
  | 'out-stat'
  | 'out-ioctl'
  | 'out-word';

export interface Call {
  readonly registers: SyscallRegisters;
  readonly user: UserMemory;
  /** As in rax; null when the call does not return. */
  readonly result: number | null;
}

/** Bytes of a string, and elements of a vector, that are shown (strace's -s 32). */
const SHOWN = 32;

/** @returns null when the argument does not count (the mode of an open without O_CREAT). */
export function formatArgument(kind: ArgumentKind, index: number, call: Call): string | null {
  const { registers, user } = call;
  const value = registers.u64(index);
  const result = call.result ?? 0;
  const failed = call.result === null || call.result < 0;
  switch (kind) {
    case 'fd':
    case 'int':
      return String(registers.s32(index));
    case 'directory-fd':
      return registers.s32(index) === AT_FDCWD ? 'AT_FDCWD' : String(registers.s32(index));
    case 'size':
      return registers.exact(index).toString();
    case 'offset':
      return BigInt.asIntN(64, registers.exact(index)).toString();
    case 'hex':
      return value === 0 ? '0' : hex(registers.exact(index));
    case 'pointer':
      return pointer(registers.exact(index));
    case 'path':
      return path(user, value);
    case 'open-flags':
      return openFlags(registers.u32(index));
    case 'open-mode':
      return (registers.u32(index - 1) & O.CREAT) === 0 ? null : octal(registers.u32(index));
    case 'whence':
      return (
        ['SEEK_SET', 'SEEK_CUR', 'SEEK_END', 'SEEK_DATA', 'SEEK_HOLE'][value] ??
        unknown(value, 'SEEK')
      );
    case 'prot':
      return protFlags(value);
    case 'map-flags':
      return mapFlags(registers.u32(index));
    case 'ioctl':
      return ioctlName(registers.u32(index));
    case 'clock':
      return CLOCK_NAMES[registers.u32(index)] ?? unknown(value, 'CLOCK');
    case 'arch-code':
      return name(ARCH, registers.u32(index), 'ARCH_') ?? unknown(value, 'ARCH');
    case 'random-flags':
      return randomFlags(value);
    case 'in-bytes':
      return bytes(user, value, registers.u64(index + 1));
    case 'out-bytes':
      return failed ? pointer(registers.exact(index)) : bytes(user, value, result);
    case 'out-random':
      return failed ? pointer(registers.exact(index)) : bytes(user, value, result, true);
    case 'in-vector':
      return vector(user, value, registers.u64(index + 1), Infinity);
    case 'out-vector':
      return vector(user, value, registers.u64(index + 1), failed ? 0 : result);
    case 'in-timespec':
      return time(user, value, 'tv_nsec');
    default:
      return failed ? pointer(registers.exact(index)) : output(kind, index, call);
  }
}

/** What a successful call left behind a pointer. */
function output(kind: ArgumentKind, index: number, { registers, user }: Call): string {
  const value = registers.u64(index);
  switch (kind) {
    case 'out-timespec':
      return time(user, value, 'tv_nsec');
    case 'out-timeval':
      return time(user, value, 'tv_usec');
    case 'out-timezone':
      return value === 0 ? 'NULL' : '{tz_minuteswest=0, tz_dsttime=0}';
    case 'out-stat':
      return stat(user, value);
    case 'out-ioctl':
      return ioctlResult(user, registers.u32(index - 1), value);
    default: {
      const code = registers.u32(index - 1);
      if (code === ARCH.SET_FS || code === ARCH.SET_GS) return pointer(value);
      const view = user.structure(value, 8);
      return view === null ? pointer(value) : `[${hex(view.getBigUint64(0, true))}]`;
    }
  }
}

function pointer(value: number | bigint): string {
  return value === 0 || value === 0n ? 'NULL' : hex(value);
}

function unknown(value: number, what: string): string {
  return `${hex(value)} /* ${what}_??? */`;
}

function octal(value: number): string {
  return value === 0 ? '000' : `0${value.toString(8)}`;
}

function path(user: UserMemory, address: number): string {
  const room = user.readable(address, PATH_MAX);
  const length = user.view(address, room).indexOf(0);
  return length < 0 ? pointer(address) : quote(user.view(address, length), length, PATH_MAX);
}

function bytes(user: UserMemory, where: number | bigint, length: number, allHex = false): string {
  const address = Number(where);
  const shown = Math.min(length, SHOWN);
  if (address === 0 || user.readable(address, shown) < shown) return pointer(where);
  return quote(user.view(address, shown), length, SHOWN, allHex);
}

const ESCAPES: Readonly<Record<number, string>> = {
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

/** Octal escapes as short as the next byte allows; `...` when `length` is more than is shown. */
function quote(shown: Uint8Array, length: number, limit: number, allHex = false): string {
  let text = '';
  for (const [i, byte] of shown.entries()) {
    const escape = ESCAPES[byte];
    if (allHex) text += `\\x${byte.toString(16).padStart(2, '0')}`;
    else if (escape !== undefined) text += escape;
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else {
      const next = shown[i + 1] ?? 0;
      const digitFollows = next >= 48 && next <= 55;
      text += `\\${byte.toString(8).padStart(digitFollows ? 3 : 1, '0')}`;
    }
  }
  return `"${text}"${length > limit ? '...' : ''}`;
}

function vector(user: UserMemory, address: number, count: number, total: number): string {
  const shown = Math.min(count, SHOWN);
  const view = user.structure(address, shown * 16);
  if (view === null || count === 0) return count === 0 ? '[]' : pointer(address);
  const parts: string[] = [];
  let left = total;
  for (let i = 0; i < shown; i++) {
    const base = view.getBigUint64(i * 16, true);
    const length = view.getBigUint64(i * 16 + 8, true);
    const filled = Math.min(Number(length), left);
    left -= filled;
    parts.push(`{iov_base=${bytes(user, base, filled)}, iov_len=${length}}`);
  }
  return `[${parts.join(', ')}${count > shown ? ', ...' : ''}]`;
}

function time(user: UserMemory, address: number, fraction: string): string {
  if (address === 0) return 'NULL';
  const view = user.structure(address, 16);
  if (view === null) return pointer(address);
  return `{tv_sec=${view.getBigInt64(0, true)}, ${fraction}=${view.getBigInt64(8, true)}}`;
}

function stat(user: UserMemory, address: number): string {
  const view = user.structure(address, 144);
  if (view === null) return pointer(address);
  const mode = view.getUint32(24, true);
  const types = { S_IFIFO, S_IFCHR, S_IFDIR, S_IFREG };
  const type = name(types, mode & 0o170000) ?? octal(mode & 0o170000);
  const device =
    type === 'S_IFCHR' ? 'st_rdev=makedev(0, 0)' : `st_size=${view.getBigInt64(48, true)}`;
  return `{st_mode=${type}|${octal(mode & 0o7777)}, ${device}, ...}`;
}

function ioctlName(request: number): string {
  if (request === TCGETS) return 'TCGETS';
  return request === TIOCGWINSZ ? 'TIOCGWINSZ' : hex(request);
}

function ioctlResult(user: UserMemory, request: number, address: number): string {
  if (request === TCGETS) return '{B38400 opost isig icanon echo ...}';
  const view = user.structure(address, 8);
  if (request !== TIOCGWINSZ || view === null) return pointer(address);
  const rows = view.getUint16(0, true);
  const columns = view.getUint16(2, true);
  return `{ws_row=${rows}, ws_col=${columns}, ws_xpixel=0, ws_ypixel=0}`;
}
