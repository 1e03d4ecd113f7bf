// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { DEFAULT_RAM, MAX_RAM, PROT, PROT_MAPPED, STACK_GUARD, STACK_SIZE } from '../layout.ts';
import { GuestMemory } from '../memory.ts';
import { SCRATCH, TestGuest } from '../testing/guest.ts';
import { MAP, O } from './constants.ts';
import { ERRNO } from './errno.ts';

const MMAP = 9;
const MPROTECT = 10;
const MUNMAP = 11;
const BRK = 12;
const RW = PROT.read | PROT.write;
const ANON = MAP.PRIVATE | MAP.ANONYMOUS;
const PAGE = 0x1000;
const MIB = 2 ** 20;

function map(guest: TestGuest, length: number | bigint, prot = RW, flags: number = ANON): number {
  return guest.call(MMAP, 0, length, prot, flags, -1, 0);
}

describe('brk', () => {
  it('starts behind the image, grows, shrinks and zeroes', () => {
    const guest = new TestGuest();
    const start = guest.call(BRK, 0);
    expect(start).toBe(SCRATCH + 0x4000);
    expect(guest.call(BRK, start + 100)).toBe(start + 100);
    expect(guest.memory.protectionAt(start)).toBe(RW | PROT_MAPPED);
    expect(guest.memory.protectionAt(start + PAGE)).toBe(0);
    guest.put(start, 'dirty');
    expect(guest.call(BRK, start)).toBe(start);
    expect(guest.memory.protectionAt(start)).toBe(0);
    guest.call(BRK, start + 1);
    expect(guest.memory.bytes[start]).toBe(0);
  });

  it.each([
    ['below the image', 0x400000n],
    ['far above RAM', 2n ** 62n],
    ['into the stack', BigInt(DEFAULT_RAM - PAGE)],
    ['into the guard', BigInt(DEFAULT_RAM - STACK_SIZE - STACK_GUARD + 1)],
  ])('stays where it is when asked to go %s', (_what, wanted) => {
    const guest = new TestGuest();
    const start = guest.call(BRK, 0);
    expect(guest.call(BRK, wanted)).toBe(start);
  });

  it('does not run over a mapping', () => {
    const guest = new TestGuest();
    const start = guest.call(BRK, 0);
    const wall = start + 4 * PAGE;
    expect(guest.call(MMAP, wall, PAGE, RW, ANON | MAP.FIXED, -1, 0)).toBe(wall);
    expect(guest.call(BRK, wall)).toBe(wall);
    expect(guest.call(BRK, wall + 1)).toBe(wall);
  });
});

describe('mmap', () => {
  it('places mappings below the guard of the stack, next to each other, zeroed', () => {
    const guest = new TestGuest();
    const top = DEFAULT_RAM - STACK_SIZE - STACK_GUARD;
    expect(map(guest, 1)).toBe(top - PAGE);
    expect(map(guest, 2 * PAGE)).toBe(top - 3 * PAGE);
    guest.put(top - PAGE, 'dirty');
    expect(guest.call(MUNMAP, top - PAGE, 1)).toBe(0);
    expect(map(guest, PAGE)).toBe(top - PAGE);
    expect(guest.memory.bytes[top - PAGE]).toBe(0);
  });

  it.each<[what: string, args: (number | bigint)[], result: number]>([
    ['no length', [0, 0, RW, ANON, -1, 0], -ERRNO.EINVAL],
    ['no type', [0, PAGE, RW, MAP.ANONYMOUS, -1, 0], -ERRNO.EINVAL],
    ['an unaligned offset', [0, PAGE, RW, ANON, -1, 1], -ERRNO.EINVAL],
    ['more than RAM can be', [0, MAX_RAM, RW, ANON, -1, 0], -ERRNO.ENOMEM],
    ['2^47 bytes', [0, 2n ** 47n, RW, ANON, -1, 0], -ERRNO.ENOMEM],
    ['2^64 - 1 bytes', [0, -1, RW, ANON, -1, 0], -ERRNO.ENOMEM],
    ['an unaligned fixed address', [0x600001, PAGE, RW, ANON | MAP.FIXED, -1, 0], -ERRNO.EINVAL],
    ['the zero page', [0, PAGE, RW, ANON | MAP.FIXED, -1, 0], -ERRNO.EPERM],
    ['the machine tables', [0x100000, PAGE, RW, ANON | MAP.FIXED, -1, 0], -ERRNO.ENOMEM],
    ['past RAM', [MAX_RAM, PAGE, RW, ANON | MAP.FIXED, -1, 0], -ERRNO.ENOMEM],
    ['the kernel half', [-PAGE, PAGE, RW, ANON | MAP.FIXED, -1, 0], -ERRNO.ENOMEM],
    ['a taken address', [SCRATCH, PAGE, RW, ANON | MAP.FIXED_NOREPLACE, -1, 0], -ERRNO.EEXIST],
    ['no file', [0, PAGE, RW, MAP.PRIVATE, 9, 0], -ERRNO.EBADF],
    ['a pipe', [0, PAGE, RW, MAP.PRIVATE, 0, 0], -ERRNO.ENODEV],
    ['a file shared', [0, PAGE, RW, MAP.SHARED, 3, 0], -ERRNO.ENODEV],
    ['a directory', [0, PAGE, RW, MAP.PRIVATE, 4, 0], -ERRNO.ENODEV],
    ['a file open for writing', [0, PAGE, RW, MAP.PRIVATE, 5, 0], -ERRNO.EACCES],
  ])('refuses %s', (_what, args, result) => {
    const guest = new TestGuest({ 'd/f': 'x' });
    guest.call(2, guest.put(SCRATCH, 'd/f'), O.RDWR);
    guest.call(2, guest.put(SCRATCH, 'd'), 0);
    guest.call(2, guest.put(SCRATCH, 'd/f'), O.WRONLY);
    const before = guest.memory.regions();
    expect(guest.call(MMAP, ...args)).toBe(result);
    expect(guest.memory.regions()).toEqual(before);
  });

  it('takes a hint when it can', () => {
    const guest = new TestGuest();
    const hinted = (at: number | bigint) => guest.call(MMAP, at, PAGE, RW, ANON, -1, 0);
    expect(hinted(0x2000000)).toBe(0x2000000);
    expect(hinted(0x2000001)).toBe(0x2001000);
    const top = DEFAULT_RAM - STACK_SIZE - STACK_GUARD;
    expect(hinted(0x2000000)).toBe(top - PAGE);
    expect(hinted(2n ** 46n)).toBe(top - 2 * PAGE);
    expect(hinted(top + PAGE)).toBe(top - 3 * PAGE); // the guard stays free
  });

  it('replaces what a fixed mapping covers', () => {
    const guest = new TestGuest();
    guest.put(SCRATCH, 'dirty');
    expect(guest.call(MMAP, SCRATCH, PAGE, PROT.read, ANON | MAP.FIXED, -1, 0)).toBe(SCRATCH);
    expect(guest.memory.bytes[SCRATCH]).toBe(0);
    expect(guest.memory.protectionAt(SCRATCH)).toBe(PROT.read | PROT_MAPPED);
    expect(guest.memory.protectionAt(SCRATCH + PAGE)).toBe(RW | PROT_MAPPED);
  });

  it('grows RAM above the stack when there is no room below, and then is out of memory', () => {
    const guest = new TestGuest();
    const first = map(guest, 100 * MIB);
    expect(first).toBeLessThan(DEFAULT_RAM);
    expect(map(guest, 200 * MIB)).toBe(DEFAULT_RAM);
    expect(guest.memory.size).toBe(DEFAULT_RAM + 200 * MIB);
    expect(guest.call(8, 0, 0, 0)).toBe(-ERRNO.ESPIPE); // registers live on in the new buffer
    expect(map(guest, 200 * MIB)).toBe(-ERRNO.ENOMEM);
    expect(map(guest, 184 * MIB)).toBe(DEFAULT_RAM + 200 * MIB);
    expect(guest.call(MUNMAP, DEFAULT_RAM, 200 * MIB)).toBe(0);
    expect(map(guest, 150 * MIB)).toBe(DEFAULT_RAM);
  });

  it('stays quick over very many mappings', () => {
    const guest = new TestGuest({}, {}, new GuestMemory(DEFAULT_RAM));
    const started = performance.now();
    for (let i = 0; i < 20_000; i++) map(guest, PAGE, i % 2 === 0 ? RW : PROT.read);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('fills a private mapping from the file and leaves no access past its end', () => {
    const contents = new Uint8Array(PAGE + 10).map((_, i) => i % 251);
    const guest = new TestGuest({ f: contents });
    guest.call(2, guest.put(SCRATCH, 'f'), 0);
    const at = guest.call(MMAP, 0, 4 * PAGE, RW, MAP.PRIVATE, 3, 0);
    expect(guest.bytes(at, PAGE + 10)).toEqual(contents);
    expect(guest.memory.bytes[at + PAGE + 10]).toBe(0);
    expect(guest.memory.allows(at, 2 * PAGE, RW)).toBe(true);
    expect(guest.memory.protectionAt(at + 2 * PAGE)).toBe(PROT_MAPPED);
    guest.put(at, 'changed');
    expect(guest.files.get('f')).toEqual(contents);
    const second = guest.call(MMAP, 0, PAGE, PROT.read, MAP.PRIVATE, 3, PAGE);
    expect(guest.bytes(second, 10)).toEqual(contents.slice(PAGE));
    const past = guest.call(MMAP, 0, PAGE, PROT.read, MAP.PRIVATE, 3, 8 * PAGE);
    expect(guest.memory.protectionAt(past)).toBe(PROT_MAPPED);
  });
});

describe('munmap and mprotect', () => {
  it('work on parts of a mapping', () => {
    const guest = new TestGuest();
    const at = map(guest, 8 * PAGE);
    expect(guest.call(MUNMAP, at + 2 * PAGE, PAGE + 1)).toBe(0);
    expect(guest.call(MPROTECT, at, PAGE, PROT.read)).toBe(0);
    expect(guest.call(MPROTECT, at + 4 * PAGE, PAGE, PROT.write)).toBe(0);
    expect(guest.call(MPROTECT, at + 5 * PAGE, PAGE, PROT.none)).toBe(0);
    const prot = Array.from({ length: 8 }, (_, i) => guest.memory.protectionAt(at + i * PAGE));
    const mapped = (bits: number) => bits | PROT_MAPPED;
    expect(prot).toEqual(
      [PROT.read, RW, -1, -1, RW, 0, RW, RW].map((b) => (b < 0 ? 0 : mapped(b))),
    );
    expect(guest.call(0, 0, at + 5 * PAGE, 0)).toBe(0);
    expect(guest.call(1, 1, at + 5 * PAGE, 1)).toBe(-ERRNO.EFAULT); // PROT_NONE
  });

  it.each<[what: string, call: number, args: (number | bigint)[], result: number]>([
    ['an unaligned munmap', MUNMAP, [SCRATCH + 1, PAGE], -ERRNO.EINVAL],
    ['a munmap of nothing', MUNMAP, [SCRATCH, 0], -ERRNO.EINVAL],
    ['a munmap that wraps', MUNMAP, [SCRATCH, -1], -ERRNO.EINVAL],
    ['a munmap of what is not there', MUNMAP, [0x2000000, PAGE], 0],
    ['a munmap of all of the low half', MUNMAP, [0x600000, 2n ** 46n], 0],
    ['a munmap below the floor', MUNMAP, [0, 0x200000], 0],
    ['an unaligned mprotect', MPROTECT, [SCRATCH + 1, PAGE, 0], -ERRNO.EINVAL],
    ['an mprotect of nothing', MPROTECT, [SCRATCH, 0, 0], 0],
    ['an mprotect that wraps', MPROTECT, [SCRATCH, -PAGE, 0], -ERRNO.ENOMEM],
    ['an mprotect of what is not there', MPROTECT, [0x2000000, PAGE, 0], -ERRNO.ENOMEM],
    ['unknown protection', MPROTECT, [SCRATCH, PAGE, 0x100], -ERRNO.EINVAL],
  ])('%s', (_what, call, args, result) => {
    const guest = new TestGuest();
    expect(guest.call(call, ...args)).toBe(result);
    expect(guest.memory.protectionAt(0x1000)).toBe(0);
  });

  it('mprotect changes what comes before a hole', () => {
    const guest = new TestGuest();
    const at = map(guest, 3 * PAGE);
    guest.call(MUNMAP, at + PAGE, PAGE);
    expect(guest.call(MPROTECT, at, 3 * PAGE, PROT.read)).toBe(-ERRNO.ENOMEM);
    expect(guest.memory.protectionAt(at)).toBe(PROT.read | PROT_MAPPED);
    expect(guest.memory.protectionAt(at + 2 * PAGE)).toBe(RW | PROT_MAPPED);
  });
});
