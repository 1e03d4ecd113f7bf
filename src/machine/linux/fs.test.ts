// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { BAD_POINTERS, READ_ONLY, SCRATCH, SCRATCH_END, TestGuest } from '../testing/guest.ts';
import { AT_FDCWD, O } from './constants.ts';
import { ERRNO } from './errno.ts';

const WRITE = 1;
const OPEN = 2;
const CLOSE = 3;
const FSTAT = 5;
const LSEEK = 8;
const FSYNC = 74;
const RENAME = 82;
const UNLINK = 87;
const OPENAT = 257;

const TREE = { file: 'contents', 'dir/inner': 'inner', 'dir/sub/deep': 'deep' };

function open(guest: TestGuest, path: string, flags = 0, mode = 0o644): number {
  return guest.call(OPEN, guest.put(SCRATCH, path), flags, mode);
}

describe('open', () => {
  it.each<[path: string, flags: number, result: number]>([
    ['file', 0, 3],
    ['/file', 0, 3],
    ['./dir/../file', 0, 3],
    ['../../file', 0, 3], // the root is its own parent
    ['dir//sub/./deep', 0, 3],
    ['dir', 0, 3],
    ['dir/', O.DIRECTORY, 3],
    ['/', 0, 3],
    ['missing', 0, -ERRNO.ENOENT],
    ['missing/file', O.CREAT | O.WRONLY, -ERRNO.ENOENT],
    ['missing/../file', 0, -ERRNO.ENOENT],
    ['file/..', 0, -ERRNO.ENOTDIR],
    ['file/', 0, -ERRNO.ENOTDIR],
    ['file/x', O.CREAT | O.WRONLY, -ERRNO.ENOTDIR],
    ['file', O.DIRECTORY, -ERRNO.ENOTDIR],
    ['file', O.CREAT | O.EXCL | O.WRONLY, -ERRNO.EEXIST],
    ['dir', O.CREAT | O.EXCL | O.WRONLY, -ERRNO.EEXIST],
    ['dir', O.WRONLY, -ERRNO.EISDIR],
    ['dir', O.RDWR, -ERRNO.EISDIR],
    ['dir', O.CREAT, -ERRNO.EISDIR],
    ['new/', O.CREAT | O.WRONLY, -ERRNO.EISDIR],
    ['new', O.CREAT | O.DIRECTORY, -ERRNO.EINVAL],
    ['new', O.CREAT | O.WRONLY, 3],
    ['', 0, -ERRNO.ENOENT],
    ['x'.repeat(256), 0, -ERRNO.ENAMETOOLONG],
    ['x'.repeat(255), 0, -ERRNO.ENOENT],
    ['é'.repeat(128), 0, -ERRNO.ENAMETOOLONG],
    ['a/'.repeat(2048), 0, -ERRNO.ENAMETOOLONG],
    ['dir', O.TMPFILE | O.RDWR, -ERRNO.EOPNOTSUPP],
    ['file', O.PATH, -ERRNO.EOPNOTSUPP],
  ])('%j with flags %i gives %i', (path, flags, result) => {
    expect(open(new TestGuest(TREE), path, flags)).toBe(result);
  });

  it.each(Object.entries(BAD_POINTERS))('EFAULT for a path at %s', (_name, pointer) => {
    expect(new TestGuest().call(OPEN, pointer, 0)).toBe(-ERRNO.EFAULT);
  });

  it('EFAULT for a path that runs off the mapping, EINVAL for one that is no text', () => {
    const guest = new TestGuest();
    guest.put(SCRATCH_END - 3, new Uint8Array([65, 66, 67]));
    expect(guest.call(OPEN, SCRATCH_END - 3, 0)).toBe(-ERRNO.EFAULT);
    guest.put(SCRATCH, new Uint8Array([0xff, 0xfe, 0]));
    expect(guest.call(OPEN, SCRATCH, 0)).toBe(-ERRNO.EINVAL);
  });

  it('truncates, and keeps what is there otherwise', () => {
    const guest = new TestGuest(TREE);
    expect(open(guest, 'file', O.WRONLY | O.CREAT)).toBe(3);
    expect(guest.files.get('file')).toHaveLength(8);
    expect(open(guest, 'file', O.WRONLY | O.TRUNC)).toBe(4);
    expect(guest.files.get('file')).toHaveLength(0);
  });

  it('gives the lowest free descriptor and at most 1024', () => {
    const guest = new TestGuest(TREE);
    for (let fd = 3; fd < 1024; fd++) expect(open(guest, 'file')).toBe(fd);
    expect(open(guest, 'file')).toBe(-ERRNO.EMFILE);
    expect(open(guest, 'fresh', O.CREAT | O.WRONLY)).toBe(-ERRNO.EMFILE);
    expect(guest.files.get('fresh')).toBeNull();
    expect(guest.call(CLOSE, 500)).toBe(0);
    expect(guest.call(CLOSE, 7)).toBe(0);
    expect(open(guest, 'file')).toBe(7);
    expect(open(guest, 'file')).toBe(500);
  });

  it('closes once', () => {
    const guest = new TestGuest(TREE);
    expect(guest.call(CLOSE, open(guest, 'file'))).toBe(0);
    expect(guest.call(CLOSE, 3)).toBe(-ERRNO.EBADF);
    expect(guest.call(CLOSE, -1)).toBe(-ERRNO.EBADF);
    expect(guest.call(CLOSE, 0)).toBe(0);
    expect(open(guest, 'file')).toBe(0);
  });
});

describe('openat', () => {
  it('starts at the root, at an open directory, or nowhere', () => {
    const guest = new TestGuest(TREE);
    const at = (fd: number, path: string) => guest.call(OPENAT, fd, guest.put(SCRATCH, path), 0);
    expect(at(AT_FDCWD, 'dir')).toBe(3);
    expect(at(3, 'inner')).toBe(4);
    expect(at(3, 'sub/deep')).toBe(5);
    expect(at(3, '../file')).toBe(6);
    expect(at(3, '../../../file')).toBe(7);
    expect(at(3, 'file')).toBe(-ERRNO.ENOENT);
    expect(at(3, '/file')).toBe(8);
    expect(at(99, '/file')).toBe(9); // an absolute path does not look at the descriptor
    expect(at(99, 'file')).toBe(-ERRNO.EBADF);
    expect(at(4, 'file')).toBe(-ERRNO.ENOTDIR);
    expect(at(0, 'file')).toBe(-ERRNO.ENOTDIR);
  });
});

describe('lseek', () => {
  it.each<[offset: number | bigint, whence: number, result: number]>([
    [3, 0, 3],
    [100, 0, 100],
    [0, 1, 2],
    [-2, 1, 0],
    [-3, 1, -ERRNO.EINVAL],
    [0, 2, 8],
    [-8, 2, 0],
    [-9, 2, -ERRNO.EINVAL],
    [-1, 0, -ERRNO.EINVAL],
    [2n ** 63n - 1n, 0, -ERRNO.EINVAL],
    [-(2n ** 63n), 2, -ERRNO.EINVAL],
    [2n ** 40n, 0, 2 ** 40],
    [5, 3, 5],
    [5, 4, 8],
    [8, 3, -ERRNO.ENXIO],
    [0, 5, -ERRNO.EINVAL],
    [0, -1, -ERRNO.EINVAL],
  ])('by %i from %i gives %i', (offset, whence, result) => {
    const guest = new TestGuest(TREE);
    open(guest, 'file');
    guest.call(LSEEK, 3, 2, 0);
    expect(guest.call(LSEEK, 3, offset, whence)).toBe(result);
    expect(guest.call(LSEEK, 3, 0, 1)).toBe(result < 0 ? 2 : result);
  });

  it('ESPIPE on the standard streams, EBADF on none', () => {
    const guest = new TestGuest();
    expect(guest.call(LSEEK, 0, 0, 1)).toBe(-ERRNO.ESPIPE);
    expect(guest.call(LSEEK, 9, 0, 1)).toBe(-ERRNO.EBADF);
    expect(guest.call(LSEEK, 0, 0, 9)).toBe(-ERRNO.EINVAL);
  });

  it('ENOSPC for a byte at the end of the world', () => {
    const guest = new TestGuest(TREE);
    open(guest, 'file', O.RDWR);
    guest.call(LSEEK, 3, 2n ** 50n, 0);
    expect(guest.call(WRITE, 3, SCRATCH, 1)).toBe(-ERRNO.ENOSPC);
  });
});

describe('fstat', () => {
  it.each<[what: string, fd: number, terminal: boolean, mode: number, size: bigint]>([
    ['a file', 3, false, 0o100644, 8n],
    ['a directory', 4, false, 0o040755, 4096n],
    ['a pipe', 0, false, 0o010600, 0n],
    ['a terminal', 1, true, 0o020620, 0n],
  ])('tells what %s is', (_what, fd, terminal, mode, size) => {
    const guest = new TestGuest(TREE, { isTerminal: () => terminal });
    open(guest, 'file');
    open(guest, 'dir');
    expect(guest.call(FSTAT, fd, SCRATCH)).toBe(0);
    const view = new DataView(guest.bytes(SCRATCH, 144).buffer);
    expect(view.getUint32(24, true)).toBe(mode);
    expect(view.getBigInt64(48, true)).toBe(size);
  });

  it('refuses bad pointers and descriptors', () => {
    const guest = new TestGuest(TREE);
    open(guest, 'file');
    for (const pointer of Object.values(BAD_POINTERS)) {
      expect(guest.call(FSTAT, 3, pointer)).toBe(-ERRNO.EFAULT);
    }
    expect(guest.call(FSTAT, 3, READ_ONLY)).toBe(-ERRNO.EFAULT);
    expect(guest.call(FSTAT, 3, SCRATCH_END - 143)).toBe(-ERRNO.EFAULT);
    expect(guest.call(FSTAT, 9, SCRATCH)).toBe(-ERRNO.EBADF);
  });
});

describe('rename', () => {
  it.each<[from: string, to: string, result: number]>([
    ['file', 'other', 0],
    ['file', 'file', 0],
    ['file', 'dir/inner', 0],
    ['file', '/dir/../dir/new', 0],
    ['missing', 'other', -ERRNO.ENOENT],
    ['file', 'missing/other', -ERRNO.ENOENT],
    ['file', 'dir', -ERRNO.EISDIR],
    ['file', 'other/', -ERRNO.ENOTDIR],
    ['file', 'dir/inner/x', -ERRNO.ENOTDIR],
    ['file', '/', -ERRNO.EBUSY],
    ['', 'x', -ERRNO.ENOENT],
  ])('%j to %j gives %i', (from, to, result) => {
    const guest = new TestGuest(TREE);
    const status = guest.call(RENAME, guest.put(SCRATCH, from), guest.put(SCRATCH + 256, to));
    expect(status).toBe(result);
    if (result < 0) expect(guest.files.paths()).toEqual(Object.keys(TREE).sort());
  });

  it('replaces the target while both stay open', () => {
    const guest = new TestGuest({ a: 'AAAA', b: 'BB' });
    open(guest, 'a');
    open(guest, 'b');
    expect(guest.call(RENAME, guest.put(SCRATCH, 'a'), guest.put(SCRATCH + 8, 'b'))).toBe(0);
    expect(guest.files.paths()).toEqual(['b']);
    expect(guest.call(0, 3, SCRATCH, 9)).toBe(4);
    expect(guest.call(0, 4, SCRATCH, 9)).toBe(2);
  });

  it('EFAULT for either path', () => {
    const guest = new TestGuest(TREE);
    expect(guest.call(RENAME, 0, guest.put(SCRATCH, 'x'))).toBe(-ERRNO.EFAULT);
    expect(guest.call(RENAME, guest.put(SCRATCH, 'file'), 0)).toBe(-ERRNO.EFAULT);
  });
});

describe('unlink and fsync', () => {
  it.each<[path: string, result: number]>([
    ['file', 0],
    ['dir/inner', 0],
    ['dir', -ERRNO.EISDIR],
    ['missing', -ERRNO.ENOENT],
    ['file/', -ERRNO.ENOTDIR],
  ])('unlink of %j gives %i', (path, result) => {
    const guest = new TestGuest(TREE);
    expect(guest.call(UNLINK, guest.put(SCRATCH, path))).toBe(result);
    expect(guest.files.paths()).toHaveLength(result === 0 ? 2 : 3);
  });

  it('keeps an unlinked file for those who have it open', () => {
    const guest = new TestGuest(TREE);
    open(guest, 'file');
    guest.call(UNLINK, SCRATCH);
    expect(guest.call(0, 3, SCRATCH, 100)).toBe(8);
    expect(open(guest, 'file')).toBe(-ERRNO.ENOENT);
  });

  it('fsync works on files only', () => {
    const guest = new TestGuest(TREE);
    open(guest, 'file');
    expect(guest.call(FSYNC, 3)).toBe(0);
    expect(guest.call(FSYNC, 1)).toBe(-ERRNO.EINVAL);
    expect(guest.call(FSYNC, 4)).toBe(-ERRNO.EBADF);
  });
});
