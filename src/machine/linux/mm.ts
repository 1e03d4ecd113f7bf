// SPDX-License-Identifier: GPL-2.0-or-later
/** brk, mmap, munmap, mprotect. */
import { pageUp } from '../elf.ts';
import type { Maybe, OpenFile } from '../files.ts';
import { GUEST_FLOOR, MAX_RAM, PAGE_SIZE, PROT } from '../layout.ts';
import { MAP, TASK_SIZE } from './constants.ts';
import { ERRNO } from './errno.ts';
import type { Kernel, SyscallHandler } from './kernel.ts';

const ANY_PROT = PROT.read | PROT.write | PROT.exec;
/** Linux's vm.mmap_min_addr. */
const MMAP_MIN_ADDR = 65536;

export const brk: SyscallHandler = (kernel, registers) => kernel.space.moveBreak(registers.u64(0));

export const munmap: SyscallHandler = (kernel, registers) => {
  const start = registers.u64(0);
  const length = pageUp(registers.u64(1));
  if (start % PAGE_SIZE !== 0 || length === 0 || start + length > TASK_SIZE) return -ERRNO.EINVAL;
  kernel.space.unmap(start, length);
  return 0;
};

export const mprotect: SyscallHandler = (kernel, registers) => {
  const start = registers.u64(0);
  const length = pageUp(registers.u64(1));
  const prot = registers.u64(2);
  if (start % PAGE_SIZE !== 0) return -ERRNO.EINVAL;
  if (length === 0) return 0;
  if (start + length >= 2 ** 64) return -ERRNO.ENOMEM;
  if (prot > ANY_PROT) return -ERRNO.EINVAL;
  return kernel.space.protect(start, length, prot) ? 0 : -ERRNO.ENOMEM;
};

export const mmap: SyscallHandler = (kernel, registers) => {
  const hint = registers.u64(0);
  const length = registers.u64(1);
  const prot = registers.u32(2) & ANY_PROT;
  const flags = registers.u32(3);
  const offset = registers.u64(5);
  if (offset % PAGE_SIZE !== 0) return -ERRNO.EINVAL;
  const file = fileToMap(kernel, flags, registers.s32(4));
  if (typeof file === 'number') return file;
  if (length === 0) return -ERRNO.EINVAL;
  if (length > MAX_RAM) return -ERRNO.ENOMEM;
  const start = place(kernel, hint, pageUp(length), flags);
  if (start < 0) return start;
  if (file === null) {
    return kernel.space.map(start, pageUp(length), prot) ? start : -ERRNO.ENOMEM;
  }
  return mapFile(kernel, file, { start, length: pageUp(length), offset, prot });
};

/**
 * The file behind a mapping, null for anonymous memory, or a negative errno. Shared mappings of
 * files are refused as on a file system that cannot map (ENODEV); shared anonymous memory is the
 * same as private for a process that cannot fork.
 */
function fileToMap(kernel: Kernel, flags: number, fd: number): OpenFile | number | null {
  const type = flags & MAP.TYPE;
  if ((flags & MAP.ANONYMOUS) !== 0) {
    return type === MAP.PRIVATE || type === MAP.SHARED ? null : -ERRNO.EINVAL;
  }
  const description = kernel.fds.get(fd);
  if (description === undefined) return -ERRNO.EBADF;
  if (type !== MAP.PRIVATE) {
    return type === MAP.SHARED || type === MAP.SHARED_VALIDATE ? -ERRNO.ENODEV : -ERRNO.EINVAL;
  }
  if (!description.readable) return -ERRNO.EACCES;
  const { target } = description;
  if (typeof target === 'string') return -ERRNO.ENODEV;
  const stat = target.stat();
  if (typeof stat === 'number') return stat;
  return stat.kind === 'file' ? target : -ERRNO.ENODEV;
}

/** Where a mapping goes, or a negative errno. */
function place(kernel: Kernel, hint: number, length: number, flags: number): number {
  const { space } = kernel;
  if ((flags & (MAP.FIXED | MAP.FIXED_NOREPLACE)) !== 0) {
    if (hint % PAGE_SIZE !== 0) return -ERRNO.EINVAL;
    if (hint < MMAP_MIN_ADDR) return -ERRNO.EPERM;
    if (hint < GUEST_FLOOR || hint + length > MAX_RAM) return -ERRNO.ENOMEM;
    const taken = (flags & MAP.FIXED_NOREPLACE) !== 0 && !space.isFree(hint, length);
    return taken ? -ERRNO.EEXIST : hint;
  }
  const wanted = pageUp(hint);
  if (wanted >= GUEST_FLOOR && wanted + length <= kernel.memory.size) {
    if (space.isFree(wanted, length) && !space.inGuard(wanted, length)) return wanted;
  }
  return space.findFree(length) ?? -ERRNO.ENOMEM;
}

interface FileMapping {
  readonly start: number;
  readonly length: number;
  readonly offset: number;
  readonly prot: number;
}

/**
 * A private mapping is filled at once rather than page by page. Pages that lie wholly past the end
 * of the file cannot be accessed (SIGBUS on Linux, SIGSEGV here).
 */
function mapFile(kernel: Kernel, file: OpenFile, mapping: FileMapping): Maybe<number> {
  const stat = file.stat();
  if (typeof stat === 'number') return stat;
  const { start, length, offset, prot } = mapping;
  const fromFile = Math.max(0, Math.min(length, stat.size - offset));
  const backed = pageUp(fromFile);
  if (!kernel.space.map(start, length, PROT.none)) return -ERRNO.ENOMEM;
  const finish = (error: number): number => {
    if (error < 0) {
      kernel.space.unmap(start, length);
      return error;
    }
    if (backed > 0) kernel.space.protect(start, backed, prot);
    return start;
  };
  const filled = fill(kernel, file, mapping, 0, fromFile);
  return typeof filled === 'number' ? finish(filled) : filled.then(finish);
}

/** Reads `size` bytes of the file to the mapping's start. @returns 0 or a negative errno. */
function fill(
  kernel: Kernel,
  file: OpenFile,
  mapping: FileMapping,
  done: number,
  size: number,
): Maybe<number> {
  let at = done;
  while (at < size) {
    const into = kernel.user.view(mapping.start + at, size - at);
    const n = file.read(into, mapping.offset + at);
    if (typeof n !== 'number') {
      const soFar = at;
      return kernel.wait(n, 'other').then(() => fill(kernel, file, mapping, soFar, size));
    }
    if (n < 0) return n;
    if (n === 0) break;
    kernel.user.written(mapping.start + at, n, file.share?.(mapping.offset + at, n));
    at += n;
  }
  return 0;
}
