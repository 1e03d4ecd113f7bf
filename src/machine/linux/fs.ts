// SPDX-License-Identifier: GPL-2.0-or-later
/** open, openat, close, lseek, fstat, rename, unlink, fsync: names and descriptors. */
import type { FileStat, Maybe, OpenFile } from '../files.ts';
import { AT_FDCWD, O, S_IFCHR, S_IFDIR, S_IFIFO, S_IFREG, SEEK } from './constants.ts';
import { ERRNO } from './errno.ts';
import type { Description } from './file-table.ts';
import type { Kernel, SyscallHandler } from './kernel.ts';

/** Bytes of `struct stat` on x86-64. */
const STAT_SIZE = 144;

export const open: SyscallHandler = (kernel, registers) =>
  openPath(kernel, AT_FDCWD, registers.u64(0), registers.u32(1), registers.u32(2));

export const openat: SyscallHandler = (kernel, registers) =>
  openPath(kernel, registers.s32(0), registers.u64(1), registers.u32(2), registers.u32(3));

function openPath(
  kernel: Kernel,
  directory: number,
  pathAddress: number,
  flags: number,
  mode: number,
): Maybe<number> {
  if ((flags & (O.PATH | (O.TMPFILE & ~O.DIRECTORY))) !== 0) return -ERRNO.EOPNOTSUPP;
  if ((flags & O.CREAT) !== 0 && (flags & O.DIRECTORY) !== 0) return -ERRNO.EINVAL;
  const path = kernel.user.path(pathAddress);
  if (typeof path === 'number') return path;
  const base = baseOf(kernel, directory, path);
  if (typeof base === 'number') return base;
  if (kernel.fds.full) return -ERRNO.EMFILE;

  const access = flags & O.ACCMODE;
  const append = (flags & O.APPEND) !== 0;
  const opened = kernel.files.open(base, {
    read: access !== O.WRONLY,
    write: access !== 0,
    create: (flags & O.CREAT) !== 0,
    exclusive: (flags & O.EXCL) !== 0,
    truncate: (flags & O.TRUNC) !== 0,
    append,
    directory: (flags & O.DIRECTORY) !== 0,
    noFollow: (flags & O.NOFOLLOW) !== 0,
    mode: mode & 0o777 & ~0o022,
  });
  const finish = (target: OpenFile | number): number => {
    if (typeof target === 'number') return target;
    const readable = access === 0 || access === O.RDWR;
    const writable = access === O.WRONLY || access === O.RDWR;
    const fd = kernel.fds.insert({ target, readable, writable, append, position: 0 });
    return fd ?? -ERRNO.EMFILE;
  };
  if (!(opened instanceof Promise)) return finish(opened);
  return kernel
    .wait(opened, 'other', (late) => {
      if (typeof late !== 'number') void late.close();
    })
    .then(finish);
}

/** The path from the root that `path` means from an open directory, or a negative errno. */
function baseOf(kernel: Kernel, directory: number, path: string): string | number {
  if (path.startsWith('/') || directory === AT_FDCWD) return path;
  const target = kernel.fds.get(directory)?.target;
  if (target === undefined) return -ERRNO.EBADF;
  if (typeof target === 'string') return -ERRNO.ENOTDIR;
  const stat = target.stat();
  if (typeof stat === 'number') return stat;
  return stat.kind === 'directory' ? `${target.path}/${path}` : -ERRNO.ENOTDIR;
}

export const close: SyscallHandler = (kernel, registers) => {
  const description = kernel.fds.remove(registers.s32(0));
  if (description === undefined) return -ERRNO.EBADF;
  if (typeof description.target === 'string') return 0;
  return later(kernel, description.target.close());
};

export const fsync: SyscallHandler = (kernel, registers) => {
  const description = kernel.fds.get(registers.s32(0));
  if (description === undefined) return -ERRNO.EBADF;
  if (typeof description.target === 'string') return -ERRNO.EINVAL;
  return later(kernel, description.target.sync());
};

export const rename: SyscallHandler = (kernel, registers) => {
  const from = kernel.user.path(registers.u64(0));
  if (typeof from === 'number') return from;
  const to = kernel.user.path(registers.u64(1));
  if (typeof to === 'number') return to;
  return later(kernel, kernel.files.rename(from, to));
};

export const unlink: SyscallHandler = (kernel, registers) => {
  const path = kernel.user.path(registers.u64(0));
  if (typeof path === 'number') return path;
  return later(kernel, kernel.files.unlink(path));
};

function later(kernel: Kernel, result: Maybe<number>): Maybe<number> {
  return result instanceof Promise ? kernel.wait(result, 'other') : result;
}

export const lseek: SyscallHandler = (kernel, registers) => {
  const description = kernel.fds.get(registers.s32(0));
  if (description === undefined) return -ERRNO.EBADF;
  const whence = registers.u32(2);
  if (whence > SEEK.HOLE) return -ERRNO.EINVAL;
  if (typeof description.target === 'string') return -ERRNO.ESPIPE;
  const stat = description.target.stat();
  if (typeof stat === 'number') return stat;
  if (stat.kind === 'fifo' || stat.kind === 'device') return -ERRNO.ESPIPE;
  const position = seekTarget(description, stat, registers.s64(1), whence);
  if (position >= 0) description.position = position;
  return position;
};

/** The new position, or a negative errno. A file has data up to its size and a hole behind. */
function seekTarget(
  description: Description,
  stat: FileStat,
  offset: number,
  whence: number,
): number {
  if (whence === SEEK.DATA || whence === SEEK.HOLE) {
    if (offset < 0 || offset >= stat.size) return -ERRNO.ENXIO;
    return whence === SEEK.DATA ? offset : stat.size;
  }
  const from = whence === SEEK.SET ? 0 : whence === SEEK.CUR ? description.position : stat.size;
  const position = from + offset;
  return position >= 0 && Number.isSafeInteger(position) ? position : -ERRNO.EINVAL;
}

export const fstat: SyscallHandler = (kernel, registers) => {
  const description = kernel.fds.get(registers.s32(0));
  if (description === undefined) return -ERRNO.EBADF;
  const { target } = description;
  if (typeof target === 'string') {
    const fd = target === 'stdin' ? 0 : target === 'stdout' ? 1 : 2;
    const mode = kernel.isTerminal(fd) ? S_IFCHR | 0o620 : S_IFIFO | 0o600;
    return kernel.user.put(registers.u64(1), statBytes({ mode, size: 0, modified: 0, inode: 1 }));
  }
  const stat = target.stat();
  if (typeof stat === 'number') return stat;
  const mode = TYPE_BITS[stat.kind] | stat.mode;
  return kernel.user.put(registers.u64(1), statBytes({ ...stat, mode }));
};

const TYPE_BITS = { file: S_IFREG, directory: S_IFDIR, fifo: S_IFIFO, device: S_IFCHR } as const;

/** `struct stat` (arch/x86/include/uapi/asm/stat.h). */
function statBytes(stat: {
  mode: number;
  size: number;
  modified: number;
  inode: number;
}): Uint8Array {
  const bytes = new Uint8Array(STAT_SIZE);
  const view = new DataView(bytes.buffer);
  const put = (offset: number, value: number): void =>
    view.setBigUint64(offset, BigInt(Math.max(0, Math.floor(value))), true);
  put(0, 1); // st_dev
  put(8, stat.inode);
  put(16, 1); // st_nlink
  view.setUint32(24, stat.mode, true);
  view.setUint32(28, 1000, true); // st_uid
  view.setUint32(32, 1000, true); // st_gid
  put(48, stat.size);
  put(56, 4096); // st_blksize
  put(64, Math.ceil(stat.size / 512)); // st_blocks
  for (const offset of [72, 88, 104]) {
    put(offset, stat.modified / 1000); // st_atime, st_mtime, st_ctime
    put(offset + 8, (stat.modified % 1000) * 1e6);
  }
  return bytes;
}
