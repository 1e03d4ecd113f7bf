// SPDX-License-Identifier: GPL-2.0-or-later
/** Numbers of the Linux x86-64 ABI that the guest passes; kept apart from the host's. */

/** open(2) flags (asm-generic/fcntl.h). */
export const O = {
  WRONLY: 0x1,
  RDWR: 0x2,
  ACCMODE: 0x3,
  CREAT: 0x40,
  EXCL: 0x80,
  NOCTTY: 0x100,
  TRUNC: 0x200,
  APPEND: 0x400,
  NONBLOCK: 0x800,
  DSYNC: 0x1000,
  DIRECT: 0x4000,
  LARGEFILE: 0x8000,
  DIRECTORY: 0x10000,
  NOFOLLOW: 0x20000,
  NOATIME: 0x40000,
  CLOEXEC: 0x80000,
  SYNC: 0x101000,
  PATH: 0x200000,
  TMPFILE: 0x410000,
} as const;

export const AT_FDCWD = -100;

/** mmap(2) flags. */
export const MAP = {
  SHARED: 0x1,
  PRIVATE: 0x2,
  SHARED_VALIDATE: 0x3,
  TYPE: 0xf,
  FIXED: 0x10,
  ANONYMOUS: 0x20,
  GROWSDOWN: 0x100,
  DENYWRITE: 0x800,
  EXECUTABLE: 0x1000,
  LOCKED: 0x2000,
  NORESERVE: 0x4000,
  POPULATE: 0x8000,
  NONBLOCK: 0x10000,
  STACK: 0x20000,
  HUGETLB: 0x40000,
  FIXED_NOREPLACE: 0x100000,
} as const;

/** File types in `st_mode`. */
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;

export const SEEK = { SET: 0, CUR: 1, END: 2, DATA: 3, HOLE: 4 } as const;

/** ioctl(2) requests. */
export const TCGETS = 0x5401;
export const TIOCGWINSZ = 0x5413;

/** arch_prctl(2) codes. */
export const ARCH = { SET_GS: 0x1001, SET_FS: 0x1002, GET_FS: 0x1003, GET_GS: 0x1004 } as const;

/** Clock ids of clock_gettime(2); the index is the id. */
export const CLOCK_NAMES = [
  'CLOCK_REALTIME',
  'CLOCK_MONOTONIC',
  'CLOCK_PROCESS_CPUTIME_ID',
  'CLOCK_THREAD_CPUTIME_ID',
  'CLOCK_MONOTONIC_RAW',
  'CLOCK_REALTIME_COARSE',
  'CLOCK_MONOTONIC_COARSE',
  'CLOCK_BOOTTIME',
] as const;

/** Longest path with its terminating zero, and longest single name; in bytes. */
export const PATH_MAX = 4096;
export const NAME_MAX = 255;

/** Most bytes that one read or write moves (MAX_RW_COUNT). */
export const MAX_RW_COUNT = 0x7ffff000;

/** Most segments of one readv or writev. */
export const IOV_MAX = 1024;

/** File descriptors a process may have (the usual RLIMIT_NOFILE). */
export const MAX_FILES = 1024;

/** End of the user half of the address space (TASK_SIZE_MAX). */
export const TASK_SIZE = 0x7ffffffff000;
