// SPDX-License-Identifier: GPL-2.0-or-later
/** The process stack as a new program finds it (System V ABI for x86-64, 3.4.1). */
import { addr, type Addr } from '../shared/brand.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { PROGRAM_HEADER_SIZE, type ElfImage } from './elf.ts';
import { PAGE_SIZE } from './layout.ts';
import type { GuestMemory } from './memory.ts';

/** Longest single argument or variable with its zero (Linux: MAX_ARG_STRLEN). */
const MAX_STRING = 32 * PAGE_SIZE;
/** All strings and pointers together: a quarter of the stack, as on Linux. */
const MAX_TOTAL = 2 * 2 ** 20;

/** Keys of the auxiliary vector (include/uapi/linux/auxvec.h). */
export const AT = {
  NULL: 0,
  PHDR: 3,
  PHENT: 4,
  PHNUM: 5,
  PAGESZ: 6,
  BASE: 7,
  FLAGS: 8,
  ENTRY: 9,
  UID: 11,
  EUID: 12,
  GID: 13,
  EGID: 14,
  PLATFORM: 15,
  CLKTCK: 17,
  SECURE: 23,
  RANDOM: 25,
  EXECFN: 31,
} as const;

const USER_ID = 1000;

export interface StackContents {
  readonly argv: readonly string[];
  /** `NAME=value` each. */
  readonly env: readonly string[];
  readonly elf: ElfImage;
  /** The 16 bytes behind AT_RANDOM. */
  readonly random: Uint8Array;
}

/**
 * Writes the initial stack below `top`, which must be mapped.
 * @returns the stack pointer (16-byte aligned, argc is there), or why it cannot be.
 */
export function buildStack(
  memory: GuestMemory,
  top: number,
  contents: StackContents,
): Result<Addr, string> {
  const { elf } = contents;
  const argv = encode(contents.argv, 'argument');
  if (!argv.ok) return argv;
  const env = encode(contents.env, 'environment variable');
  if (!env.ok) return env;
  const strings = [...argv.value, ...env.value];
  const size = strings.reduce((sum, bytes) => sum + bytes.length + 8, 0);
  if (size > MAX_TOTAL) {
    return err(
      `the arguments and environment take ${size} bytes; a program gets at most ${MAX_TOTAL}`,
    );
  }

  // From the top down: a zero word, the file name, the strings, and what auxv points at.
  let at = top - 8;
  const push = (bytes: Uint8Array): number => {
    at -= bytes.length;
    memory.write(addr(at), bytes);
    return at;
  };
  const name = push(argv.value[0] ?? new Uint8Array(1));
  const envPointers = env.value.toReversed().map(push).toReversed();
  const argPointers = argv.value.toReversed().map(push).toReversed();
  const platform = push(new TextEncoder().encode('x86_64\0'));
  at -= at % 16;
  const random = push(contents.random.subarray(0, 16));

  const auxv: [number, number][] = [
    [AT.PAGESZ, PAGE_SIZE],
    [AT.CLKTCK, 100],
    ...(elf.headers === null ? [] : ([[AT.PHDR, elf.headers]] as [number, number][])),
    [AT.PHENT, PROGRAM_HEADER_SIZE],
    [AT.PHNUM, elf.headerCount],
    [AT.BASE, 0],
    [AT.FLAGS, 0],
    [AT.ENTRY, elf.entry],
    [AT.UID, USER_ID],
    [AT.EUID, USER_ID],
    [AT.GID, USER_ID],
    [AT.EGID, USER_ID],
    [AT.SECURE, 0],
    [AT.RANDOM, random],
    [AT.EXECFN, name],
    [AT.PLATFORM, platform],
    [AT.NULL, 0],
  ];
  const words = [argPointers.length, ...argPointers, 0, ...envPointers, 0, ...auxv.flat()];
  at -= words.length * 8;
  at -= at % 16;
  memory.write(addr(at), new Uint8Array(new BigUint64Array(words.map(BigInt)).buffer));
  return ok(addr(at));
}

function encode(strings: readonly string[], what: string): Result<Uint8Array[], string> {
  const encoder = new TextEncoder();
  const encoded: Uint8Array[] = [];
  for (const [i, text] of strings.entries()) {
    const bytes = encoder.encode(`${text}\0`);
    if (bytes.indexOf(0) !== bytes.length - 1) return err(`${what} ${i} contains a zero byte`);
    if (bytes.length > MAX_STRING) {
      return err(`${what} ${i} has ${bytes.length - 1} bytes; at most ${MAX_STRING - 1} fit`);
    }
    encoded.push(bytes);
  }
  return ok(encoded);
}
