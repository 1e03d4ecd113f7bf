// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { BAD_POINTERS, READ_ONLY, SCRATCH, SCRATCH_END, TestGuest } from '../testing/guest.ts';
import { O } from './constants.ts';
import { ERRNO } from './errno.ts';

const READ = 0;
const WRITE = 1;
const OPEN = 2;
const CLOSE = 3;
const LSEEK = 8;
const READV = 19;
const WRITEV = 20;

/** A guest that has `data` open for reading as fd 3. */
function withFile(data: string | Uint8Array): TestGuest {
  const guest = new TestGuest({ f: data });
  expect(guest.call(OPEN, guest.put(SCRATCH, 'f'), 0)).toBe(3);
  return guest;
}

describe('read', () => {
  it('reads on from the position and finds the end', () => {
    const guest = withFile('hello world');
    expect(guest.call(READ, 3, SCRATCH, 5)).toBe(5);
    expect(guest.text(SCRATCH, 5)).toBe('hello');
    expect(guest.call(READ, 3, SCRATCH, 100)).toBe(6);
    expect(guest.text(SCRATCH, 6)).toBe(' world');
    expect(guest.call(READ, 3, SCRATCH, 100)).toBe(0);
    expect(guest.call(READ, 3, 1, 100)).toBe(0); // at the end nothing is stored, as on Linux
  });

  it.each(Object.entries(BAD_POINTERS))('refuses a buffer at %s', (_name, pointer) => {
    expect(withFile('x').call(READ, 3, pointer, 1)).toBe(-ERRNO.EFAULT);
  });

  it('refuses a read-only buffer', () => {
    expect(withFile('x').call(READ, 3, READ_ONLY, 1)).toBe(-ERRNO.EFAULT);
  });

  it('reads as far as the buffer may be written', () => {
    const guest = withFile('0123456789');
    expect(guest.call(READ, 3, SCRATCH_END - 4, 10)).toBe(4);
    expect(guest.text(SCRATCH_END - 4, 4)).toBe('0123');
    expect(guest.call(READ, 3, SCRATCH, 10)).toBe(6); // the position moved by just those four
  });

  it.each([
    ['-1', -1],
    ['a closed one', 7],
    ['one past the table', 1 << 20],
    ['stdout', 1],
    ['the low half only counts', 2n ** 32n + 9n],
  ])('EBADF for descriptor %s', (_name, fd) => {
    expect(new TestGuest().call(READ, fd, SCRATCH, 1)).toBe(-ERRNO.EBADF);
  });

  it('ignores the high half of a descriptor, as an int', () => {
    expect(withFile('abc').call(READ, 2n ** 32n + 3n, SCRATCH, 3)).toBe(3);
  });

  it('refuses lengths that leave the user half', () => {
    const guest = withFile('abc');
    expect(guest.call(READ, 3, SCRATCH, -1)).toBe(-ERRNO.EFAULT);
    expect(guest.call(READ, 3, SCRATCH, 2n ** 47n)).toBe(-ERRNO.EFAULT);
    expect(guest.call(READ, 3, SCRATCH, 2n ** 40n)).toBe(3);
  });

  it('EBADF on a file open for writing, EISDIR on a directory', () => {
    const guest = new TestGuest({ 'd/f': 'x' });
    expect(guest.call(OPEN, guest.put(SCRATCH, 'd/f'), O.WRONLY)).toBe(3);
    expect(guest.call(READ, 3, SCRATCH, 1)).toBe(-ERRNO.EBADF);
    expect(guest.call(OPEN, guest.put(SCRATCH, 'd'), 0)).toBe(4);
    expect(guest.call(READ, 4, SCRATCH, 1)).toBe(-ERRNO.EISDIR);
    expect(guest.call(READ, 4, 0, 1)).toBe(-ERRNO.EISDIR);
  });
});

describe('read of stdin', () => {
  it('takes what is there, in pieces, then the end', () => {
    const guest = new TestGuest();
    guest.process.stdin.push(new Uint8Array([1, 2, 3]));
    guest.process.stdin.push(new Uint8Array([4, 5]));
    expect(guest.call(READ, 0, SCRATCH, 2)).toBe(2);
    expect(guest.call(READ, 0, SCRATCH + 2, 100)).toBe(3);
    expect([...guest.bytes(SCRATCH, 5)]).toEqual([1, 2, 3, 4, 5]);
    guest.process.stdin.close();
    expect(guest.call(READ, 0, SCRATCH, 1)).toBe(0);
    guest.process.stdin.push(new Uint8Array(1));
    expect(guest.call(READ, 0, SCRATCH, 1)).toBe(0);
  });

  it('waits while it is empty and open', async () => {
    const guest = new TestGuest();
    let wanted = 0;
    guest.process.stdin.onWanted(() => wanted++);
    const pending = guest.callLater(READ, 0, SCRATCH, 10);
    expect(guest.process.waiting).toBe('stdin');
    expect(wanted).toBe(1);
    guest.process.stdin.push(new TextEncoder().encode('hi'));
    expect(await pending).toBe(2);
    expect(guest.process.waiting).toBeNull();
    expect(guest.text(SCRATCH, 2)).toBe('hi');
  });

  it('wakes at the end of input', async () => {
    const guest = new TestGuest();
    const pending = guest.callLater(READ, 0, SCRATCH, 10);
    guest.process.stdin.close();
    expect(await pending).toBe(0);
  });

  it('does not wait for nothing, and finds a bad buffer once there is input', async () => {
    const guest = new TestGuest();
    expect(guest.call(READ, 0, SCRATCH, 0)).toBe(0);
    const pending = guest.callLater(READ, 0, READ_ONLY, 10);
    guest.process.stdin.push(new Uint8Array(4));
    expect(await pending).toBe(-ERRNO.EFAULT);
    expect(guest.process.stdin.available).toBe(4); // nothing is lost
  });

  it('reads into several buffers without waiting for the later ones', () => {
    const guest = new TestGuest();
    guest.process.stdin.push(new TextEncoder().encode('abcd'));
    guest.putWords(SCRATCH, SCRATCH + 256, 3, SCRATCH + 512, 8);
    expect(guest.call(READV, 0, SCRATCH, 2)).toBe(4);
    expect(guest.text(SCRATCH + 256, 3)).toBe('abc');
    expect(guest.text(SCRATCH + 512, 1)).toBe('d');
  });

  it('can be cancelled, for good', async () => {
    const guest = new TestGuest();
    const pending = guest.callLater(READ, 0, SCRATCH, 10);
    guest.process.cancel();
    await pending;
    expect(guest.outcome).toEqual({ kind: 'killed', signal: 'SIGKILL' });
    guest.process.stdin.push(new Uint8Array([9]));
    await Promise.resolve();
    expect(guest.memory.bytes[SCRATCH]).toBe(0);
    expect(guest.begin(READ, 0, SCRATCH, 1)).toEqual({ kind: 'killed', signal: 'SIGKILL' });
  });
});

describe('write', () => {
  it('sends bytes to the two output streams', () => {
    const guest = new TestGuest();
    guest.put(SCRATCH, 'hello');
    expect(guest.call(WRITE, 1, SCRATCH, 5)).toBe(5);
    expect(guest.call(WRITE, 2, SCRATCH + 1, 2)).toBe(2);
    expect(guest.call(WRITE, 1, SCRATCH, 0)).toBe(0);
    expect(guest.output).toEqual([
      [1, 'hello'],
      [2, 'el'],
    ]);
  });

  it.each(Object.entries(BAD_POINTERS))('refuses a buffer at %s', (_name, pointer) => {
    const guest = new TestGuest();
    expect(guest.call(WRITE, 1, pointer, 1)).toBe(-ERRNO.EFAULT);
    expect(guest.output).toEqual([]);
  });

  it('writes as far as the buffer may be read', () => {
    const guest = new TestGuest();
    guest.put(SCRATCH_END - 2, new Uint8Array([65, 66]));
    expect(guest.call(WRITE, 1, SCRATCH_END - 2, 10)).toBe(2);
    expect(guest.output).toEqual([[1, 'AB']]);
  });

  it.each([0, 5, -1])('EBADF for descriptor %i', (fd) => {
    expect(new TestGuest().call(WRITE, fd, SCRATCH, 1)).toBe(-ERRNO.EBADF);
  });

  it('EBADF on a file open for reading, and on closed stdout', () => {
    const guest = withFile('abc');
    expect(guest.call(WRITE, 3, SCRATCH, 1)).toBe(-ERRNO.EBADF);
    expect(guest.call(CLOSE, 1)).toBe(0);
    expect(guest.call(WRITE, 1, SCRATCH, 1)).toBe(-ERRNO.EBADF);
  });

  it('writes, overwrites, extends past a hole and appends', () => {
    const guest = new TestGuest({ log: 'old ' });
    guest.put(SCRATCH, 'new');
    guest.put(SCRATCH + 64, 'a');
    expect(guest.call(OPEN, SCRATCH + 64, O.RDWR | O.CREAT, 0o644)).toBe(3);
    guest.call(WRITE, 3, SCRATCH, 3);
    guest.call(LSEEK, 3, 1, 0);
    guest.call(WRITE, 3, SCRATCH + 64, 1);
    guest.call(LSEEK, 3, 5, 0);
    guest.call(WRITE, 3, SCRATCH, 1);
    expect([...(guest.files.get('a') ?? [])]).toEqual([...Buffer.from('naw\0\0n')]);

    expect(guest.call(OPEN, guest.put(SCRATCH + 64, 'log'), O.WRONLY | O.APPEND)).toBe(4);
    guest.call(WRITE, 4, SCRATCH, 3);
    guest.call(LSEEK, 4, 0, 0);
    expect(guest.call(WRITE, 4, SCRATCH, 3)).toBe(3);
    expect(guest.call(LSEEK, 4, 0, 1)).toBe(10);
    expect(Buffer.from(guest.files.get('log') ?? []).toString()).toBe('old newnew');
  });

  it('is killed by SIGPIPE when nobody reads', () => {
    const guest = new TestGuest({}, { output: () => 'closed' });
    guest.call(WRITE, 1, SCRATCH, 1);
    expect(guest.outcome).toEqual({ kind: 'killed', signal: 'SIGPIPE' });
    expect(guest.trace).toEqual(['write(1, "\\0", 1) = -1 EPIPE (Broken pipe)']);
  });

  it('waits for a slow reader before the next write', async () => {
    const gates: (() => void)[] = [];
    const output = () => new Promise<void>((resolve) => gates.push(resolve));
    const guest = new TestGuest({}, { output });
    expect(guest.call(WRITE, 1, SCRATCH, 1)).toBe(1);
    const second = guest.callLater(WRITE, 1, SCRATCH, 1);
    expect(guest.process.waiting).toBe('other');
    expect(gates).toHaveLength(1);
    gates[0]?.();
    expect(await second).toBe(1);
    expect(gates).toHaveLength(2);
  });
});

describe('writev and readv', () => {
  it('gathers and scatters', () => {
    const guest = withFile('0123456789');
    guest.put(SCRATCH + 1024, 'foobar');
    guest.putWords(SCRATCH, SCRATCH + 1024, 3, 0, 0, SCRATCH + 1027, 3);
    expect(guest.call(WRITEV, 1, SCRATCH, 3)).toBe(6);
    expect(guest.output.map(([, text]) => text).join('')).toBe('foobar');
    guest.putWords(SCRATCH, SCRATCH + 2048, 4, SCRATCH + 3072, 100);
    expect(guest.call(READV, 3, SCRATCH, 2)).toBe(10);
    expect(guest.text(SCRATCH + 3072, 6)).toBe('456789');
  });

  it('checks the vector before it moves anything', () => {
    const guest = new TestGuest();
    guest.putWords(SCRATCH, SCRATCH, 1, SCRATCH, -1);
    expect(guest.call(WRITEV, 1, SCRATCH, 2)).toBe(-ERRNO.EINVAL);
    guest.putWords(SCRATCH, SCRATCH, 1, 2n ** 63n, 1);
    expect(guest.call(WRITEV, 1, SCRATCH, 2)).toBe(-ERRNO.EFAULT);
    expect(guest.call(WRITEV, 1, SCRATCH, 1025)).toBe(-ERRNO.EINVAL);
    expect(guest.call(WRITEV, 1, SCRATCH, -1)).toBe(-ERRNO.EINVAL);
    expect(guest.call(WRITEV, 1, 0, 1)).toBe(-ERRNO.EFAULT);
    expect(guest.call(WRITEV, 1, SCRATCH_END - 16, 2)).toBe(-ERRNO.EFAULT);
    expect(guest.call(WRITEV, 1, 0, 0)).toBe(0);
    expect(guest.call(WRITEV, 9, SCRATCH, 1)).toBe(-ERRNO.EBADF);
    expect(guest.output).toEqual([]);
  });

  it('returns what went out before a bad buffer', () => {
    const guest = new TestGuest();
    guest.put(SCRATCH + 1024, 'ok');
    guest.putWords(SCRATCH, SCRATCH + 1024, 2, 16, 4);
    expect(guest.call(WRITEV, 1, SCRATCH, 2)).toBe(2);
    guest.putWords(SCRATCH, 16, 4, SCRATCH + 1024, 2);
    expect(guest.call(WRITEV, 1, SCRATCH, 2)).toBe(-ERRNO.EFAULT);
  });
});
