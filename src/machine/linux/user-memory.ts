// SPDX-License-Identifier: GPL-2.0-or-later
import { addr } from '../../shared/brand.ts';
import { PAGE_PROT_OFFSET, PAGE_SIZE, PROT, GUEST_FLOOR } from '../layout.ts';
import type { GuestMemory } from '../memory.ts';
import { PATH_MAX, TASK_SIZE } from './constants.ts';
import { ERRNO } from './errno.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * The kernel's way to guest memory: every access is checked against page protection first, and
 * what may not be touched is -EFAULT. Addresses are unsigned 64-bit values as plain numbers.
 */
export class UserMemory {
  readonly #memory: GuestMemory;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** Whether the range lies in the user half at all (access_ok). */
  static inUserHalf(address: number, length: number): boolean {
    return address + length <= TASK_SIZE;
  }

  /** How many bytes from `address` on the guest may read, up to `length`. */
  readable(address: number, length: number): number {
    return this.#span(address, length, PROT.read);
  }

  /** How many bytes from `address` on the guest may write, up to `length`. */
  writable(address: number, length: number): number {
    return this.#span(address, length, PROT.write);
  }

  #span(address: number, length: number, want: number): number {
    const memory = this.#memory;
    const end = Math.min(address + length, memory.size);
    if (address < GUEST_FLOOR || address >= end) return 0;
    const table = memory.bytes;
    let page = Math.floor(address / PAGE_SIZE);
    while (page * PAGE_SIZE < end && ((table[PAGE_PROT_OFFSET + page] ?? 0) & want) !== 0) page++;
    return Math.max(0, Math.min(end, page * PAGE_SIZE) - address);
  }

  /** Bytes of RAM, not a copy; only for a range that was checked. */
  view(address: number, length: number): Uint8Array {
    return this.#memory.bytes.subarray(address, address + length);
  }

  /** To be called after writing through `view`. See `MemoryObserver.written`. */
  written(address: number, length: number, source: Uint8Array | null = null): void {
    this.#memory.noteWritten(addr(address), length, source);
  }

  /** @returns 0, or -EFAULT when not all of it can be written (nothing is, then). */
  put(address: number, bytes: Uint8Array): number {
    if (this.writable(address, bytes.length) < bytes.length) return -ERRNO.EFAULT;
    this.#memory.write(addr(address), bytes);
    return 0;
  }

  /** A view for reading a structure; null when not all of it can be read. */
  structure(address: number, length: number): DataView | null {
    if (this.readable(address, length) < length) return null;
    const bytes = this.#memory.bytes;
    return new DataView(bytes.buffer, address, length);
  }

  /**
   * A path: at most PATH_MAX bytes with the terminating zero, in UTF-8.
   * @returns -EFAULT, -ENAMETOOLONG, -ENOENT for the empty one, -EINVAL when it is not UTF-8.
   */
  path(address: number): string | number {
    const room = this.readable(address, PATH_MAX);
    const bytes = this.view(address, room);
    const length = bytes.indexOf(0);
    if (length < 0) return room === PATH_MAX ? -ERRNO.ENAMETOOLONG : -ERRNO.EFAULT;
    if (length === 0) return -ERRNO.ENOENT;
    try {
      return decoder.decode(bytes.subarray(0, length));
    } catch {
      return -ERRNO.EINVAL;
    }
  }
}
