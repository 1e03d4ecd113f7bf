// SPDX-License-Identifier: GPL-2.0-or-later
/** ioctl, getrandom, exit and the small calls that static start-up code makes. */
import { addr } from '../../shared/brand.ts';
import { ARCH, TASK_SIZE, TCGETS, TIOCGWINSZ } from './constants.ts';
import { ERRNO } from './errno.ts';
import type { SyscallHandler } from './kernel.ts';
import { UserMemory } from './user-memory.ts';

/** The one process of this machine. */
export const PID = 1000;

const GRND_RANDOM = 2;
const GRND_ALL = 7;
const INT_MAX = 2 ** 31 - 1;
/** The most a host's generator gives at once. */
const RANDOM_PIECE = 65536;

export const ioctl: SyscallHandler = (kernel, registers) => {
  const description = kernel.fds.get(registers.s32(0));
  if (description === undefined) return -ERRNO.EBADF;
  const { target } = description;
  if (typeof target !== 'string') return -ERRNO.ENOTTY;
  const fd = target === 'stdin' ? 0 : target === 'stdout' ? 1 : 2;
  if (!kernel.isTerminal(fd)) return -ERRNO.ENOTTY;
  switch (registers.u32(1)) {
    case TCGETS:
      return kernel.user.put(registers.u64(2), termios());
    case TIOCGWINSZ: {
      const { rows, columns } = kernel.terminalSize();
      const words = new Uint16Array([rows, columns, 0, 0]);
      return kernel.user.put(registers.u64(2), new Uint8Array(words.buffer));
    }
    default:
      return -ERRNO.ENOTTY;
  }
};

/** The kernel's `struct termios` of a terminal in its usual state. */
function termios(): Uint8Array {
  const bytes = new Uint8Array(36);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x500, true); // c_iflag: ICRNL | IXON
  view.setUint32(4, 0x5, true); // c_oflag: OPOST | ONLCR
  view.setUint32(8, 0xbf, true); // c_cflag: B38400 | CS8 | CREAD
  view.setUint32(12, 0x8a3b, true); // c_lflag: ISIG | ICANON | ECHO … | IEXTEN
  bytes.set([3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22], 17); // c_cc
  return bytes;
}

export const getrandom: SyscallHandler = (kernel, registers) => {
  const flags = registers.u32(2);
  const asked = Math.min(registers.u64(1), INT_MAX);
  if (flags > GRND_ALL || flags >= (GRND_RANDOM | 4)) return -ERRNO.EINVAL;
  if (asked === 0) return 0;
  const start = registers.u64(0);
  if (!UserMemory.inUserHalf(start, asked)) return -ERRNO.EFAULT;
  const length = kernel.user.writable(start, asked);
  if (length === 0) return -ERRNO.EFAULT;
  for (let done = 0; done < length; done += RANDOM_PIECE) {
    kernel.random(kernel.user.view(start + done, Math.min(RANDOM_PIECE, length - done)));
  }
  kernel.user.written(start, length);
  return length;
};

export const exit: SyscallHandler = (kernel, registers) => {
  kernel.exit(registers.u32(0) & 0xff);
  return 0;
};

export const getpid: SyscallHandler = () => PID;

/** FS and GS bases; the thread-local storage of static C programs hangs on them. */
export const archPrctl: SyscallHandler = (kernel, registers) => {
  const state = kernel.memory.state;
  const value = registers.u64(1);
  switch (registers.u32(0)) {
    case ARCH.SET_FS:
    case ARCH.SET_GS: {
      if (value >= TASK_SIZE) return -ERRNO.EPERM;
      if (registers.u32(0) === ARCH.SET_FS) state.fsBase = BigInt(addr(value));
      else state.gsBase = BigInt(addr(value));
      return 0;
    }
    case ARCH.GET_FS:
      return kernel.user.put(value, word(state.fsBase));
    case ARCH.GET_GS:
      return kernel.user.put(value, word(state.gsBase));
    default:
      return -ERRNO.EINVAL;
  }
};

function word(value: bigint): Uint8Array {
  return new Uint8Array(new BigUint64Array([value]).buffer);
}
