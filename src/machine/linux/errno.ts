// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Linux error numbers (include/uapi/asm-generic/errno-base.h, errno.h) with the texts strerror(3)
 * gives for them. Inside the machine a failed call is the negative number, as in the kernel.
 */
const ERRORS = {
  EPERM: [1, 'Operation not permitted'],
  ENOENT: [2, 'No such file or directory'],
  EINTR: [4, 'Interrupted system call'],
  EIO: [5, 'Input/output error'],
  ENXIO: [6, 'No such device or address'],
  EBADF: [9, 'Bad file descriptor'],
  EAGAIN: [11, 'Resource temporarily unavailable'],
  ENOMEM: [12, 'Cannot allocate memory'],
  EACCES: [13, 'Permission denied'],
  EFAULT: [14, 'Bad address'],
  EBUSY: [16, 'Device or resource busy'],
  EEXIST: [17, 'File exists'],
  EXDEV: [18, 'Invalid cross-device link'],
  ENODEV: [19, 'No such device'],
  ENOTDIR: [20, 'Not a directory'],
  EISDIR: [21, 'Is a directory'],
  EINVAL: [22, 'Invalid argument'],
  ENFILE: [23, 'Too many open files in system'],
  EMFILE: [24, 'Too many open files'],
  ENOTTY: [25, 'Inappropriate ioctl for device'],
  ETXTBSY: [26, 'Text file busy'],
  EFBIG: [27, 'File too large'],
  ENOSPC: [28, 'No space left on device'],
  ESPIPE: [29, 'Illegal seek'],
  EROFS: [30, 'Read-only file system'],
  EPIPE: [32, 'Broken pipe'],
  ENAMETOOLONG: [36, 'File name too long'],
  ENOSYS: [38, 'Function not implemented'],
  ENOTEMPTY: [39, 'Directory not empty'],
  ELOOP: [40, 'Too many levels of symbolic links'],
  EOVERFLOW: [75, 'Value too large for defined data type'],
  EOPNOTSUPP: [95, 'Operation not supported'],
  ESTALE: [116, 'Stale file handle'],
  EDQUOT: [122, 'Disk quota exceeded'],
} as const;

export type ErrnoName = keyof typeof ERRORS;

/** `ERRNO.ENOENT` is 2. */
export const ERRNO = Object.fromEntries(
  Object.entries(ERRORS).map(([name, [number]]) => [name, number]),
) as { readonly [N in ErrnoName]: (typeof ERRORS)[N][0] };

const BY_NUMBER = new Map(
  Object.entries(ERRORS).map(([name, [number, text]]) => [number as number, { name, text }]),
);

/** `ENOENT (No such file or directory)`, as strace(1) prints an error. */
export function describeErrno(errno: number): string {
  const known = BY_NUMBER.get(errno);
  return known === undefined ? `errno ${errno}` : `${known.name} (${known.text})`;
}

/** The number of an error that the host names (`error.code` in Node); EIO for one not listed. */
export function errnoOf(code: string | undefined): number {
  return code !== undefined && code in ERRNO ? ERRNO[code as ErrnoName] : ERRNO.EIO;
}
