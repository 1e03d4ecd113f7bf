// SPDX-License-Identifier: GPL-2.0-or-later
/** A directory of the host as the guest's file tree. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { FileStat, GuestFiles, OpenFile, OpenOptions } from '../machine/files.ts';
import { NAME_MAX } from '../machine/linux/constants.ts';
import { ERRNO, errnoOf } from '../machine/linux/errno.ts';

interface HostPath {
  /** Real path on the host; its last component may be missing, or a symbolic link if asked for. */
  readonly path: string;
  /** The guest's path ended in a slash: only a directory will do. */
  readonly asDirectory: boolean;
}

/**
 * Nothing escapes the root: `..` stops there, an absolute path starts there, and a symbolic link
 * that leads out of it is EACCES. The root itself is resolved once, at the start.
 */
export class NodeFiles implements GuestFiles {
  readonly #root: string;

  /** @throws when `root` is not a directory. */
  constructor(root: string) {
    this.#root = realpathSync(root);
    if (!statSync(this.#root).isDirectory()) {
      throw Object.assign(new Error(`ENOTDIR: not a directory, '${root}'`), { code: 'ENOTDIR' });
    }
  }

  open(path: string, options: OpenOptions): OpenNodeFile | number {
    const found = this.#resolve(path, !options.noFollow && !(options.create && options.exclusive));
    if (typeof found === 'number') return found;
    if (found.asDirectory && options.create) return -ERRNO.EISDIR;
    const access =
      options.read && options.write
        ? constants.O_RDWR
        : options.write
          ? constants.O_WRONLY
          : constants.O_RDONLY;
    const flags =
      access |
      constants.O_NOFOLLOW |
      constants.O_NOCTTY |
      (options.create ? constants.O_CREAT : 0) |
      (options.exclusive ? constants.O_EXCL : 0) |
      (options.truncate ? constants.O_TRUNC : 0) |
      (options.append ? constants.O_APPEND : 0) |
      (options.directory || found.asDirectory ? constants.O_DIRECTORY : 0);
    return attempt(() => {
      const fd = openSync(found.path, flags, options.mode);
      return new OpenNodeFile(fd, relative(this.#root, found.path).split(sep).join('/'));
    });
  }

  rename(from: string, to: string): number {
    const source = this.#resolve(from, false);
    if (typeof source === 'number') return source;
    const target = this.#resolve(to, false);
    if (typeof target === 'number') return target;
    if (source.path === this.#root || target.path === this.#root) return -ERRNO.EBUSY;
    return attempt(() => {
      if (target.asDirectory && !lstatSync(source.path).isDirectory()) return -ERRNO.ENOTDIR;
      renameSync(source.path, target.path);
      return 0;
    });
  }

  unlink(path: string): number {
    const found = this.#resolve(path, false);
    if (typeof found === 'number') return found;
    return attempt(() => {
      // Linux says EISDIR for a directory, other hosts EPERM.
      if (lstatSync(found.path).isDirectory()) return -ERRNO.EISDIR;
      if (found.asDirectory) return -ERRNO.ENOTDIR;
      unlinkSync(found.path);
      return 0;
    });
  }

  /**
   * Walks the guest's path, component by component, without ever leaving the root.
   * @param follow whether the last component may be a symbolic link to follow.
   */
  #resolve(path: string, follow: boolean): HostPath | number {
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    const asDirectory = /(?:^|\/)\.{0,2}$/.test(path);
    return attempt(() => {
      let at = this.#root;
      for (const [i, name] of names.entries()) {
        const last = i === names.length - 1;
        if (Buffer.byteLength(name) > NAME_MAX) return -ERRNO.ENAMETOOLONG;
        if (!statSync(at).isDirectory()) return -ERRNO.ENOTDIR;
        if (name === '..') {
          if (at !== this.#root) at = dirname(at);
          continue;
        }
        const next = join(at, name);
        const stat = lstatSync(next, { throwIfNoEntry: false });
        if (stat === undefined && !last) return -ERRNO.ENOENT;
        at = next;
        if (stat?.isSymbolicLink() === true && (follow || !last || asDirectory)) {
          at = realpathSync(next); // a dangling link is ENOENT, also for O_CREAT
          if (!this.#contains(at)) return -ERRNO.EACCES;
        }
      }
      return { path: at, asDirectory };
    });
  }

  #contains(path: string): boolean {
    const prefix = this.#root.endsWith(sep) ? this.#root : this.#root + sep;
    return path === this.#root || path.startsWith(prefix);
  }
}

export class OpenNodeFile implements OpenFile {
  readonly path: string;
  readonly #fd: number;

  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.path = path;
  }

  stat(): FileStat | number {
    return attempt(() => {
      const stat = fstatSync(this.#fd);
      const { size, mtimeMs: modified, ino: inode, mode } = stat;
      return { kind: kindOf(stat), size, modified, inode, mode: mode & 0o7777 };
    });
  }

  read(into: Uint8Array, position: number): number {
    return attempt(() => {
      const stat = fstatSync(this.#fd);
      if (stat.isDirectory()) return -ERRNO.EISDIR;
      if (into.length === 0) return 0;
      return readSync(this.#fd, into, 0, into.length, stat.isFile() ? position : null);
    });
  }

  write(from: Uint8Array, position: number): number {
    return attempt(() => {
      const seekable = fstatSync(this.#fd).isFile();
      return writeSync(this.#fd, from, 0, from.length, seekable ? position : null);
    });
  }

  sync(): number {
    return attempt(() => {
      fsyncSync(this.#fd);
      return 0;
    });
  }

  close(): number {
    return attempt(() => {
      closeSync(this.#fd);
      return 0;
    });
  }
}

function kindOf(stat: Stats): FileStat['kind'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  return stat.isFIFO() || stat.isSocket() ? 'fifo' : 'device';
}

/** Runs something on the host; its error becomes the negative Linux number. */
function attempt<T>(action: () => T): T | number {
  try {
    return action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return -errnoOf(
      code === 'ERR_INVALID_ARG_VALUE' || code === 'ERR_OUT_OF_RANGE' ? 'EINVAL' : code,
    );
  }
}
