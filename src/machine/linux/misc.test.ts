// SPDX-License-Identifier: GPL-2.0-or-later
/** Time, terminals, random numbers, the end of a process, the unknown, and strace of all. */
import { describe, expect, it } from 'vitest';
import { BAD_POINTERS, SCRATCH, SCRATCH_END, TestGuest } from '../testing/guest.ts';
import { ERRNO } from './errno.ts';

const IOCTL = 16;
const NANOSLEEP = 35;
const EXIT = 60;
const GETTIMEOFDAY = 96;
const ARCH_PRCTL = 158;
const CLOCK_GETTIME = 228;
const EXIT_GROUP = 231;
const GETRANDOM = 318;

describe('time', () => {
  it.each([0, 5])('clock %i counts since 1970', (id) => {
    const guest = new TestGuest();
    guest.clock.advance(1_500_000_007n);
    expect(guest.call(CLOCK_GETTIME, id, SCRATCH)).toBe(0);
    expect([guest.word(SCRATCH), guest.word(SCRATCH + 8)]).toEqual([1_700_000_001n, 500_000_007n]);
  });

  it.each([1, 2, 3, 4, 6, 7])('clock %i counts from a start', (id) => {
    const guest = new TestGuest();
    guest.clock.advance(3_000_000_001n);
    expect(guest.call(CLOCK_GETTIME, id, SCRATCH)).toBe(0);
    expect([guest.word(SCRATCH), guest.word(SCRATCH + 8)]).toEqual([3n, 1n]);
  });

  it('the CPU clocks stand still in a sleep', async () => {
    const guest = new TestGuest();
    guest.putWords(SCRATCH, 2, 5);
    expect(await guest.callLater(NANOSLEEP, SCRATCH, 0)).toBe(0);
    guest.call(CLOCK_GETTIME, 2, SCRATCH);
    expect([guest.word(SCRATCH), guest.word(SCRATCH + 8)]).toEqual([0n, 0n]);
    guest.call(CLOCK_GETTIME, 1, SCRATCH);
    expect([guest.word(SCRATCH), guest.word(SCRATCH + 8)]).toEqual([2n, 5n]);
  });

  it('gives the time of day in microseconds, the zone as UTC', () => {
    const guest = new TestGuest();
    guest.clock.advance(42_999n);
    guest.putWords(SCRATCH + 16, -1);
    expect(guest.call(GETTIMEOFDAY, SCRATCH, SCRATCH + 16)).toBe(0);
    expect([guest.word(SCRATCH), guest.word(SCRATCH + 8)]).toEqual([1_700_000_000n, 42n]);
    expect(guest.word(SCRATCH + 16)).toBe(0n);
    expect(guest.call(GETTIMEOFDAY, 0, 0)).toBe(0);
  });

  it.each([8, 99, 2 ** 31])('EINVAL for clock %i', (id) => {
    expect(new TestGuest().call(CLOCK_GETTIME, id, SCRATCH)).toBe(-ERRNO.EINVAL);
  });

  it.each([
    [0, 1_000_000_000],
    [0, -1],
    [-1, 0],
  ])('EINVAL for a sleep of %i s and %i ns', (seconds, nanoseconds) => {
    const guest = new TestGuest();
    guest.putWords(SCRATCH, seconds, nanoseconds);
    expect(guest.call(NANOSLEEP, SCRATCH, 0)).toBe(-ERRNO.EINVAL);
  });

  it('EFAULT for bad pointers', () => {
    const guest = new TestGuest();
    for (const pointer of Object.values(BAD_POINTERS)) {
      expect(guest.call(CLOCK_GETTIME, 1, pointer)).toBe(-ERRNO.EFAULT);
      expect(guest.call(NANOSLEEP, pointer, 0)).toBe(-ERRNO.EFAULT);
      if (pointer !== 0n) expect(guest.call(GETTIMEOFDAY, pointer, 0)).toBe(-ERRNO.EFAULT);
    }
  });
});

describe('ioctl', () => {
  it('knows a terminal from a pipe', () => {
    const guest = new TestGuest({}, { isTerminal: (fd) => fd === 1 });
    expect(guest.call(IOCTL, 1, 0x5401, SCRATCH)).toBe(0);
    expect(guest.bytes(SCRATCH, 4)).toEqual(new Uint8Array([0, 5, 0, 0]));
    expect(guest.call(IOCTL, 1, 0x5413, SCRATCH)).toBe(0);
    expect([...guest.bytes(SCRATCH, 4)]).toEqual([24, 0, 80, 0]);
    expect(guest.call(IOCTL, 1, 0x5401, 0)).toBe(-ERRNO.EFAULT);
    expect(guest.call(IOCTL, 1, 0x1234, SCRATCH)).toBe(-ERRNO.ENOTTY);
    expect(guest.call(IOCTL, 0, 0x5401, SCRATCH)).toBe(-ERRNO.ENOTTY);
    expect(guest.call(IOCTL, 9, 0x5401, SCRATCH)).toBe(-ERRNO.EBADF);
  });
});

describe('getrandom', () => {
  it('fills as much as it may, in pieces the host can give', () => {
    const pieces: number[] = [];
    const guest = new TestGuest({}, { random: (bytes) => pieces.push(bytes.fill(7).length) });
    const heap = guest.call(12, 0);
    guest.call(12, heap + 200_000);
    pieces.length = 0;
    expect(guest.call(GETRANDOM, heap, 150_000, 0)).toBe(150_000);
    expect(pieces).toEqual([65_536, 65_536, 18_928]);
    expect(guest.memory.bytes[heap + 149_999]).toBe(7);
    expect(guest.memory.bytes[heap + 150_000]).toBe(0);
    expect(new TestGuest().call(GETRANDOM, SCRATCH_END - 3, 16, 1)).toBe(3);
  });

  it.each<[flags: number, result: number]>([
    [0, 4],
    [1, 4],
    [2, 4],
    [4, 4],
    [6, -ERRNO.EINVAL],
    [8, -ERRNO.EINVAL],
    [-1, -ERRNO.EINVAL],
  ])('with flags %i gives %i', (flags, result) => {
    expect(new TestGuest().call(GETRANDOM, SCRATCH, 4, flags)).toBe(result);
  });

  it('EFAULT for bad pointers, none for no bytes', () => {
    for (const pointer of Object.values(BAD_POINTERS)) {
      expect(new TestGuest().call(GETRANDOM, pointer, 4, 0)).toBe(-ERRNO.EFAULT);
    }
    expect(new TestGuest().call(GETRANDOM, 0, 0, 0)).toBe(0);
  });
});

describe('the end of a process', () => {
  it.each<[call: number, code: number, status: number]>([
    [EXIT, 0, 0],
    [EXIT_GROUP, 3, 3],
    [EXIT_GROUP, 256 + 7, 7],
    [EXIT, -1, 255],
  ])('call %i with %i gives status %i', (call, code, status) => {
    const guest = new TestGuest();
    guest.call(call, code);
    expect(guest.outcome).toEqual({ kind: 'exit', status });
    expect(guest.begin(1, 1, SCRATCH, 1)).toEqual({ kind: 'exit', status }); // and so it stays
    expect(guest.output).toEqual([]);
  });
});

describe('the rest', () => {
  it.each([57, 59, 101, 335, 2 ** 31 - 1, 2 ** 32 - 1, -1])('ENOSYS for call %i', (number) => {
    expect(new TestGuest().call(number)).toBe(-ERRNO.ENOSYS);
  });

  it('looks only at the low half of rax, as Linux does', () => {
    const guest = new TestGuest();
    guest.memory.state.setGpr(0, 2n ** 32n + 39n);
    expect(guest.process.syscall()).toEqual({ kind: 'done' });
    expect(guest.rax).toBe(1000);
  });

  it('sets and tells the segment bases', () => {
    const guest = new TestGuest();
    expect(guest.call(ARCH_PRCTL, 0x1002, SCRATCH + 8)).toBe(0);
    expect(guest.memory.state.fsBase).toBe(BigInt(SCRATCH + 8));
    expect(guest.call(ARCH_PRCTL, 0x1003, SCRATCH)).toBe(0);
    expect(guest.word(SCRATCH)).toBe(BigInt(SCRATCH + 8));
    expect(guest.call(ARCH_PRCTL, 0x1001, 2n ** 63n)).toBe(-ERRNO.EPERM);
    expect(guest.call(ARCH_PRCTL, 0x9999, 0)).toBe(-ERRNO.EINVAL);
  });
});

describe('strace', () => {
  it('prints calls as strace(1) does', () => {
    const guest = new TestGuest({ f: 'a "b"\n\u00013' + 'x'.repeat(40) });
    const call = (number: number, ...args: (number | bigint)[]): string => {
      guest.call(number, ...args);
      return guest.trace.at(-1) ?? '';
    };
    guest.put(SCRATCH, 'f');
    expect(call(257, -100, SCRATCH, 0)).toBe('openat(AT_FDCWD, "f", O_RDONLY) = 3');
    expect(call(2, SCRATCH, 0x441, 0o644)).toBe('open("f", O_WRONLY|O_CREAT|O_APPEND, 0644) = 4');
    expect(call(0, 3, SCRATCH + 64, 100)).toBe(
      `read(3, "a \\"b\\"\\n\\0013${'x'.repeat(24)}"..., 100) = 48`,
    );
    expect(call(0, 7, SCRATCH, 5)).toBe('read(7, 0x500000, 5) = -1 EBADF (Bad file descriptor)');
    expect(call(8, 3, -5, 2)).toBe('lseek(3, -5, SEEK_END) = 43');
    expect(call(5, 3, SCRATCH + 256)).toBe('fstat(3, {st_mode=S_IFREG|0644, st_size=48, ...}) = 0');
    expect(call(12, 0)).toBe('brk(NULL) = 0x504000');
    expect(call(9, 0, 4096, 3, 0x22, -1, 0)).toBe(
      'mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x76ff000',
    );
    expect(call(10, 0x76ff000, 4096, 0)).toBe('mprotect(0x76ff000, 4096, PROT_NONE) = 0');
    expect(call(318, SCRATCH, 2, 1)).toBe('getrandom("\\xa5\\xa5", 2, GRND_NONBLOCK) = 2');
    expect(call(228, 1, SCRATCH)).toBe('clock_gettime(CLOCK_MONOTONIC, {tv_sec=0, tv_nsec=0}) = 0');
    expect(call(16, 1, 0x5401, SCRATCH)).toBe(
      'ioctl(1, TCGETS, 0x500000) = -1 ENOTTY (Inappropriate ioctl for device)',
    );
    expect(call(57)).toBe('fork(0, 0, 0, 0, 0, 0) = -1 ENOSYS (Function not implemented)');
    expect(call(-1, 1)).toMatch(/^syscall_0xffffffffffffffff\(0x1, 0/);
    expect(call(231, 3)).toBe('exit_group(3) = ?');
  });
});
