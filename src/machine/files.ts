// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The guest's files: what the system calls need from whatever holds them (memory, a directory of
 * the host, IndexedDB). Failures are negative Linux error numbers, as in the kernel.
 */

/** A value now, or later when the host has to wait for it. */
export type Maybe<T> = T | Promise<T>;

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'fifo' | 'device';
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly inode: number;
  /** Permission bits, for example 0o644. */
  readonly mode: number;
}

export interface OpenOptions {
  readonly read: boolean;
  readonly write: boolean;
  readonly create: boolean;
  /** With `create`: the file must not exist. */
  readonly exclusive: boolean;
  readonly truncate: boolean;
  /** Every write goes to the end, wherever the position is. */
  readonly append: boolean;
  /** Only a directory will do. */
  readonly directory: boolean;
  /** A symbolic link as the last component is refused. */
  readonly noFollow: boolean;
  /** Permission bits of a file that is created. */
  readonly mode: number;
}

/** One open file or directory. Several may be open on one file and see each other's writes. */
/** Whether of `whole` bytes, all of which the next write has to copy, so many are worth sharing. */
export function worthSharing(length: number, whole: number): boolean {
  return length >= whole / 2;
}

export interface OpenFile {
  /** From the root, without a leading slash; '' is the root itself. */
  readonly path: string;
  /** @returns a negative errno on failure. */
  stat(): FileStat | number;
  /**
   * Reads at `position` without waiting: the bytes read (at least one, perhaps fewer than asked),
   * 0 at the end, or a negative errno. A promise says that the data is not at hand: ask again when
   * it resolves. `into` is never touched after the return.
   */
  read(into: Uint8Array, position: number): number | Promise<void>;
  /**
   * What a `read` has just given, without a copy: bytes that never change, whatever is written to
   * the file later, so that whoever gets them may keep them. Null when that would not pay; a file
   * that has no such bytes leaves it out.
   */
  share?(position: number, length: number): Uint8Array | null;
  /** Writes likewise; `from` must be copied before the return. */
  write(from: Uint8Array, position: number): number | Promise<void>;
  /** Makes what was written durable. @returns 0 or a negative errno. */
  sync(): Maybe<number>;
  /** @returns 0 or a negative errno; the file is closed in any case. */
  close(): Maybe<number>;
}

/**
 * A tree of files with one root. `/x` and `x` are the same file, `..` at the root stays there, and
 * nothing a path says leads out of the tree.
 */
export interface GuestFiles {
  open(path: string, options: OpenOptions): Maybe<OpenFile | number>;
  /** Atomic: at every moment `to` is either the old file or the new one. */
  rename(from: string, to: string): Maybe<number>;
  unlink(path: string): Maybe<number>;
}
