// SPDX-License-Identifier: GPL-2.0-or-later
import * as fs from './fs.ts';
import * as io from './io.ts';
import type { SyscallHandler } from './kernel.ts';
import * as misc from './misc.ts';
import * as mm from './mm.ts';
import * as time from './time.ts';

/**
 * The calls that are served, by their x86-64 number; whatever is not here is -ENOSYS. Only what
 * is done truthfully stands here: a call that would have to pretend is better not known.
 */
export const SYSCALLS: ReadonlyMap<number, SyscallHandler> = new Map<number, SyscallHandler>([
  [0, io.read],
  [1, io.write],
  [2, fs.open],
  [3, fs.close],
  [5, fs.fstat],
  [8, fs.lseek],
  [9, mm.mmap],
  [10, mm.mprotect],
  [11, mm.munmap],
  [12, mm.brk],
  [16, misc.ioctl],
  [19, io.readv],
  [20, io.writev],
  [35, time.nanosleep],
  [39, misc.getpid],
  [60, misc.exit],
  [74, fs.fsync],
  [82, fs.rename],
  [87, fs.unlink],
  [96, time.gettimeofday],
  [158, misc.archPrctl],
  [186, misc.getpid], // gettid: the main thread's id is the process's
  [218, misc.getpid], // set_tid_address returns the id; the address only matters with threads
  [228, time.clockGettime],
  [231, misc.exit],
  [257, fs.openat],
  [318, misc.getrandom],
]);
