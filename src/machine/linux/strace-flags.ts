// SPDX-License-Identifier: GPL-2.0-or-later
/** Flag words as strace(1) spells them. */
import { hex } from '../../shared/format.ts';
import { PROT } from '../layout.ts';
import { MAP, O } from './constants.ts';

const PROT_FLAGS = { PROT_READ: PROT.read, PROT_WRITE: PROT.write, PROT_EXEC: PROT.exec };
const RANDOM_FLAGS = { GRND_NONBLOCK: 1, GRND_RANDOM: 2, GRND_INSECURE: 4 };

const OPEN_FLAGS = {
  O_CREAT: O.CREAT,
  O_EXCL: O.EXCL,
  O_NOCTTY: O.NOCTTY,
  O_TRUNC: O.TRUNC,
  O_APPEND: O.APPEND,
  O_NONBLOCK: O.NONBLOCK,
  O_SYNC: O.SYNC,
  O_DSYNC: O.DSYNC,
  O_DIRECT: O.DIRECT,
  O_LARGEFILE: O.LARGEFILE,
  O_NOFOLLOW: O.NOFOLLOW,
  O_NOATIME: O.NOATIME,
  O_CLOEXEC: O.CLOEXEC,
  O_PATH: O.PATH,
  O_TMPFILE: O.TMPFILE,
  O_DIRECTORY: O.DIRECTORY,
};

export function protFlags(value: number): string {
  return value === 0 ? 'PROT_NONE' : flags(value, PROT_FLAGS, 'PROT');
}

export function randomFlags(value: number): string {
  return value === 0 ? '0' : flags(value, RANDOM_FLAGS, 'GRND');
}

export function openFlags(value: number): string {
  const access = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'][value & O.ACCMODE] ?? '';
  const rest = value & ~O.ACCMODE;
  return rest === 0 ? access : `${access}|${flags(rest, OPEN_FLAGS, 'O')}`;
}

const MAP_FLAGS = {
  MAP_FIXED: MAP.FIXED,
  MAP_ANONYMOUS: MAP.ANONYMOUS,
  MAP_GROWSDOWN: MAP.GROWSDOWN,
  MAP_DENYWRITE: MAP.DENYWRITE,
  MAP_EXECUTABLE: MAP.EXECUTABLE,
  MAP_LOCKED: MAP.LOCKED,
  MAP_NORESERVE: MAP.NORESERVE,
  MAP_POPULATE: MAP.POPULATE,
  MAP_NONBLOCK: MAP.NONBLOCK,
  MAP_STACK: MAP.STACK,
  MAP_HUGETLB: MAP.HUGETLB,
  MAP_FIXED_NOREPLACE: MAP.FIXED_NOREPLACE,
};

export function mapFlags(value: number): string {
  const types = {
    FILE: 0,
    SHARED: MAP.SHARED,
    PRIVATE: MAP.PRIVATE,
    SHARED_VALIDATE: MAP.SHARED_VALIDATE,
  };
  const type = name(types, value & MAP.TYPE, 'MAP_') ?? hex(value & MAP.TYPE);
  const rest = value & ~MAP.TYPE;
  return rest === 0 ? type : `${type}|${flags(rest, MAP_FLAGS, 'MAP')}`;
}

/** Names joined by `|`, the rest in hexadecimal; a comment when nothing has a name. */
function flags(value: number, names: Readonly<Record<string, number>>, what: string): string {
  if (value > 0xffffffff) return hex(value);
  const found: string[] = [];
  let left = value >>> 0;
  for (const [text, bits] of Object.entries(names)) {
    if ((left & bits) >>> 0 !== bits) continue;
    found.push(text);
    left = (left & ~bits) >>> 0;
  }
  if (found.length === 0) return `${hex(left)} /* ${what}_??? */`;
  if (left !== 0) found.push(hex(left));
  return found.join('|');
}

/** The one name of a value, or null. */
export function name(
  names: Readonly<Record<string, number>>,
  value: number,
  prefix = '',
): string | null {
  const found = Object.entries(names).find(([, number]) => number === value);
  return found === undefined ? null : prefix + found[0];
}
