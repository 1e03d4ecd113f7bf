// SPDX-License-Identifier: GPL-2.0-or-later
/** read, write, readv, writev: bytes between descriptors and guest memory. */
import type { Maybe } from '../files.ts';
import { IOV_MAX, MAX_RW_COUNT } from './constants.ts';
import { ERRNO } from './errno.ts';
import type { Description } from './file-table.ts';
import type { Kernel, SyscallHandler } from './kernel.ts';
import type { SyscallRegisters } from './registers.ts';
import { UserMemory } from './user-memory.ts';

/** Bytes handed to the output sink at once. */
const OUTPUT_PIECE = 2 ** 20;
const SSIZE_MAX = 2 ** 63;

/** Moves some bytes: their number, 0 at the end, a negative errno, or "ask again then". */
type Move = (
  kernel: Kernel,
  description: Description,
  address: number,
  length: number,
) => number | Wait;

interface Wait {
  readonly promise: Promise<void>;
  readonly why: 'stdin' | 'other';
}

export const read: SyscallHandler = (kernel, registers) => {
  const description = kernel.fds.get(registers.s32(0));
  if (description?.readable !== true) return -ERRNO.EBADF;
  return single(kernel, description, registers, moveIn);
};

export const write: SyscallHandler = (kernel, registers) => {
  const description = kernel.fds.get(registers.s32(0));
  if (description?.writable !== true) return -ERRNO.EBADF;
  return single(kernel, description, registers, moveOut);
};

export const readv: SyscallHandler = (kernel, registers) => {
  const description = kernel.fds.get(registers.s32(0));
  if (description?.readable !== true) return -ERRNO.EBADF;
  return vector(kernel, description, registers, moveIn);
};

export const writev: SyscallHandler = (kernel, registers) => {
  const description = kernel.fds.get(registers.s32(0));
  if (description?.writable !== true) return -ERRNO.EBADF;
  return vector(kernel, description, registers, moveOut);
};

function single(
  kernel: Kernel,
  description: Description,
  registers: SyscallRegisters,
  move: Move,
): Maybe<number> {
  const address = registers.u64(1);
  const length = registers.u64(2);
  if (!UserMemory.inUserHalf(address, length)) return -ERRNO.EFAULT;
  return transfer(kernel, description, address, Math.min(length, MAX_RW_COUNT), move);
}

/** Goes on moving until all is moved, the end, an error, or a short answer of a stream. */
function transfer(
  kernel: Kernel,
  description: Description,
  address: number,
  length: number,
  move: Move,
  moved = 0,
): Maybe<number> {
  let done = moved;
  do {
    const n = move(kernel, description, address + done, length - done);
    if (typeof n !== 'number') {
      if (n.why === 'stdin' && done > 0) return done;
      const soFar = done;
      return kernel
        .wait(n.promise, n.why)
        .then(() => transfer(kernel, description, address, length, move, soFar));
    }
    if (n <= 0) return done > 0 ? done : n;
    done += n;
  } while (done < length && description.target !== 'stdin');
  return done;
}

const moveIn: Move = (kernel, description, address, length) => {
  const { target } = description;
  if (typeof target === 'string') return moveStdin(kernel, address, length);
  const room = kernel.user.writable(address, length);
  if (room === 0 && length > 0) {
    const stat = target.stat();
    if (typeof stat === 'number') return stat;
    if (stat.kind === 'directory') return -ERRNO.EISDIR;
    return stat.kind === 'file' && description.position >= stat.size ? 0 : -ERRNO.EFAULT;
  }
  const { position } = description;
  const n = target.read(kernel.user.view(address, room), position);
  if (typeof n !== 'number') return { promise: n, why: 'other' };
  if (n > 0) {
    description.position += n;
    kernel.user.written(address, n, target.share?.(position, n));
  }
  return n;
};

function moveStdin(kernel: Kernel, address: number, length: number): number | Wait {
  if (length === 0) return 0;
  const room = kernel.user.writable(address, length);
  if (room === 0 && kernel.stdin.available > 0) return -ERRNO.EFAULT;
  const n = kernel.stdin.read(kernel.user.view(address, room));
  if (typeof n !== 'number') return { promise: n, why: 'stdin' };
  if (n > 0) kernel.user.written(address, n);
  return n;
}

const moveOut: Move = (kernel, description, address, length) => {
  const { target } = description;
  if (length === 0) return 0;
  const room = kernel.user.readable(address, length);
  if (room === 0) return -ERRNO.EFAULT;
  if (typeof target === 'string') {
    const bytes = kernel.user.view(address, Math.min(room, OUTPUT_PIECE)).slice();
    return moveOutput(kernel, target === 'stderr' ? 2 : 1, bytes);
  }
  const n = target.write(kernel.user.view(address, room), description.position);
  if (typeof n !== 'number') return { promise: n, why: 'other' };
  if (n > 0) {
    const stat = description.append ? target.stat() : null;
    description.position =
      stat !== null && typeof stat !== 'number' ? stat.size : description.position + n;
  }
  return n;
};

/** Output that has to wait is accepted all the same; what waits is the next piece. */
function moveOutput(kernel: Kernel, fd: 1 | 2, bytes: Uint8Array): number | Wait {
  const busy = kernel.outputs.busy(fd);
  if (busy !== null) return { promise: busy, why: 'other' };
  if (kernel.outputs.send(fd, bytes)) return bytes.length;
  kernel.kill('SIGPIPE');
  return -ERRNO.EPIPE;
}

function vector(
  kernel: Kernel,
  description: Description,
  registers: SyscallRegisters,
  move: Move,
): Maybe<number> {
  const table = registers.u64(1);
  const count = registers.u64(2);
  if (count > IOV_MAX) return -ERRNO.EINVAL;
  if (count === 0) return 0;
  const view = kernel.user.structure(table, count * 16);
  if (view === null) return -ERRNO.EFAULT;
  const segments: { address: number; length: number }[] = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const address = unsigned(view, i * 16);
    const wanted = unsigned(view, i * 16 + 8);
    if (wanted >= SSIZE_MAX) return -ERRNO.EINVAL;
    if (!UserMemory.inUserHalf(address, wanted)) return -ERRNO.EFAULT;
    const length = Math.min(wanted, MAX_RW_COUNT - total);
    total += length;
    if (length > 0) segments.push({ address, length });
  }
  return eachSegment(kernel, description, segments, move, 0, 0);
}

function eachSegment(
  kernel: Kernel,
  description: Description,
  segments: readonly { address: number; length: number }[],
  move: Move,
  first: number,
  before: number,
): Maybe<number> {
  let done = before;
  for (let i = first; i < segments.length; i++) {
    const segment = segments[i];
    if (segment === undefined) break;
    // Input that is not there yet is waited for only while there is nothing to return.
    if (description.target === 'stdin' && done > 0 && kernel.stdin.available === 0) break;
    const n = transfer(kernel, description, segment.address, segment.length, move);
    if (typeof n !== 'number') {
      const soFar = done;
      return n.then((late) => {
        if (late < 0) return soFar > 0 ? soFar : late;
        if (late < segment.length) return soFar + late;
        return eachSegment(kernel, description, segments, move, i + 1, soFar + late);
      });
    }
    if (n < 0) return done > 0 ? done : n;
    done += n;
    if (n < segment.length) break;
  }
  return done;
}

function unsigned(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}
