// SPDX-License-Identifier: GPL-2.0-or-later
/** clock_gettime, gettimeofday, nanosleep. */
import { CLOCK_NAMES } from './constants.ts';
import { ERRNO } from './errno.ts';
import type { Kernel, SyscallHandler } from './kernel.ts';

const NS_PER_S = 1_000_000_000n;

export const clockGettime: SyscallHandler = (kernel, registers) => {
  const now = readClock(kernel, registers.u32(0));
  if (now === null) return -ERRNO.EINVAL;
  return kernel.user.put(registers.u64(1), pair(now / NS_PER_S, now % NS_PER_S));
};

/** Nanoseconds on one of the clocks; null when there is no such clock. */
function readClock(kernel: Kernel, id: number): bigint | null {
  switch (CLOCK_NAMES[id]) {
    case 'CLOCK_REALTIME':
    case 'CLOCK_REALTIME_COARSE':
      return kernel.clock.realtime();
    case 'CLOCK_MONOTONIC':
    case 'CLOCK_MONOTONIC_RAW':
    case 'CLOCK_MONOTONIC_COARSE':
    case 'CLOCK_BOOTTIME':
      return kernel.clock.monotonic();
    case 'CLOCK_PROCESS_CPUTIME_ID':
    case 'CLOCK_THREAD_CPUTIME_ID':
      return kernel.cpuTime();
    default:
      return null;
  }
}

export const gettimeofday: SyscallHandler = (kernel, registers) => {
  const now = kernel.clock.realtime();
  const time = registers.u64(0);
  const zone = registers.u64(1);
  if (time !== 0) {
    const result = kernel.user.put(time, pair(now / NS_PER_S, (now % NS_PER_S) / 1000n));
    if (result < 0) return result;
  }
  return zone === 0 ? 0 : kernel.user.put(zone, new Uint8Array(8)); // UTC
};

export const nanosleep: SyscallHandler = (kernel, registers) => {
  const view = kernel.user.structure(registers.u64(0), 16);
  if (view === null) return -ERRNO.EFAULT;
  const seconds = view.getBigInt64(0, true);
  const nanoseconds = view.getBigInt64(8, true);
  if (seconds < 0n || nanoseconds < 0n || nanoseconds >= NS_PER_S) return -ERRNO.EINVAL;
  const total = seconds * NS_PER_S + nanoseconds;
  if (total === 0n) return 0;
  return kernel.wait(kernel.clock.sleep(total, kernel.cancelled()), 'sleep').then(() => 0);
};

/** Two 64-bit fields: `struct timespec` or `struct timeval`. */
function pair(first: bigint, second: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, first, true);
  view.setBigInt64(8, second, true);
  return bytes;
}
