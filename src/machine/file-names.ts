// SPDX-License-Identifier: GPL-2.0-or-later
/** Path walking as Linux does it, for file trees without symbolic links. */
import type { OpenOptions } from './files.ts';
import { NAME_MAX } from './linux/constants.ts';
import { ERRNO } from './linux/errno.ts';

export type NameKind = 'file' | 'directory' | null;

export interface ResolvedPath {
  /** Canonical: no leading slash, no `.` or `..`; '' is the root. */
  readonly path: string;
  readonly kind: NameKind;
  /** The path ended in `/`, `.` or `..`: it can only mean a directory. */
  readonly asDirectory: boolean;
}

/**
 * Walks `path` from the root. Every component but the last must be a directory.
 * @param kindOf what lies at a canonical path.
 * @returns a negative errno when a component is missing, not a directory or too long.
 */
export function resolvePath(
  path: string,
  kindOf: (canonical: string) => NameKind,
): ResolvedPath | number {
  if (path === '') return -ERRNO.ENOENT;
  let at = '';
  let kind: NameKind = 'directory';
  let asDirectory = true;
  for (const name of path.split('/')) {
    if (name === '' || name === '.') {
      asDirectory = true;
      continue;
    }
    if (kind === null) return -ERRNO.ENOENT;
    if (kind === 'file') return -ERRNO.ENOTDIR;
    if (name === '..') {
      at = parentOf(at);
      asDirectory = true;
      continue;
    }
    if (name.length > NAME_MAX / 4 && new TextEncoder().encode(name).length > NAME_MAX) {
      return -ERRNO.ENAMETOOLONG;
    }
    at = at === '' ? name : `${at}/${name}`;
    kind = kindOf(at);
    asDirectory = false;
  }
  if (asDirectory && kind === 'file') return -ERRNO.ENOTDIR;
  return { path: at, kind, asDirectory };
}

/** `a/b` for `a/b/c`; '' for `c` and for the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Whether open(2) may go on with what it found: 0, or a negative errno. */
export function checkOpen(found: ResolvedPath, options: OpenOptions): number {
  if (found.kind === 'directory') {
    if (options.create && options.exclusive) return -ERRNO.EEXIST;
    return options.write || options.create || options.truncate ? -ERRNO.EISDIR : 0;
  }
  if (found.kind === 'file') {
    if (options.create && options.exclusive) return -ERRNO.EEXIST;
    return options.directory ? -ERRNO.ENOTDIR : 0;
  }
  if (!options.create) return -ERRNO.ENOENT;
  return found.asDirectory ? -ERRNO.EISDIR : 0;
}

/** Whether rename(2) may go on: 0, or a negative errno. Directories are not renamed here. */
export function checkRename(from: ResolvedPath, to: ResolvedPath): number {
  if (from.kind === null) return -ERRNO.ENOENT;
  if (from.kind === 'directory') return from.path === '' ? -ERRNO.EBUSY : -ERRNO.EPERM;
  if (to.kind === 'directory') return to.path === '' ? -ERRNO.EBUSY : -ERRNO.EISDIR;
  return to.asDirectory ? -ERRNO.ENOTDIR : 0;
}

/** Whether unlink(2) may go on: 0, or a negative errno. */
export function checkUnlink(found: ResolvedPath): number {
  if (found.kind === null) return -ERRNO.ENOENT;
  return found.kind === 'directory' ? -ERRNO.EISDIR : 0;
}
