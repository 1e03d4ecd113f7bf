// SPDX-License-Identifier: GPL-2.0-or-later
import {
  checkOpen,
  checkRename,
  checkUnlink,
  parentOf,
  resolvePath,
  type NameKind,
  type ResolvedPath,
} from './file-names.ts';
import {
  worthSharing,
  type FileStat,
  type GuestFiles,
  type OpenFile,
  type OpenOptions,
} from './files.ts';
import { ERRNO } from './linux/errno.ts';

/** Bytes that all files together may hold, unless told otherwise. */
const DEFAULT_CAPACITY = 256 * 2 ** 20;

interface Node {
  /** Room for at least `size` bytes. */
  data: Uint8Array;
  size: number;
  modified: number;
  readonly inode: number;
  readonly mode: number;
  /** Below this somebody keeps `data`, which must not change there any more. */
  shared: number;
  /** Open files on it, and whether it still has a name: with neither, its bytes are free again. */
  opens: number;
  named: boolean;
}

/** A file tree in memory: for tests, and for whoever needs files that vanish. Never waits. */
export class MemoryFiles implements GuestFiles {
  readonly #capacity: number;
  readonly #files = new Map<string, Node>();
  readonly #directories = new Set<string>(['']);
  #inodes = 1;
  #used = 0;

  /** @param files path to contents; the directories on the way are made. */
  constructor(files: Readonly<Record<string, Uint8Array>> = {}, capacity = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
    for (const [path, bytes] of Object.entries(files)) this.put(path, bytes);
  }

  makeDirectory(path: string): void {
    for (let at = path; at !== ''; at = parentOf(at)) this.#directories.add(at);
  }

  /** Puts a file in place, directories included, as an import would. */
  put(path: string, bytes: Uint8Array): void {
    this.makeDirectory(parentOf(path));
    this.#drop(path);
    this.#files.set(path, this.#newNode(bytes.slice(), 0o644));
    this.#used += bytes.length;
  }

  /** A copy of a file's bytes; null when there is no such file. */
  get(path: string): Uint8Array | null {
    const node = this.#files.get(path);
    return node === undefined ? null : node.data.slice(0, node.size);
  }

  /** Paths of all files, in order. */
  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  open(path: string, options: OpenOptions): OpenFile | number {
    const found = this.#resolve(path);
    if (typeof found === 'number') return found;
    const refused = checkOpen(found, options);
    if (refused !== 0) return refused;
    if (found.kind === 'directory') return new OpenDirectory(found.path);
    let node = this.#files.get(found.path);
    if (node === undefined) {
      node = this.#newNode(new Uint8Array(0), options.mode);
      this.#files.set(found.path, node);
    } else if (options.truncate) {
      this.#used -= node.size;
      node.data = new Uint8Array(0);
      node.size = 0;
      node.shared = 0;
      node.modified = Date.now();
    }
    const opened = node;
    opened.opens++;
    return new OpenMemoryFile(found.path, node, options.append, {
      reserve: (grown) => this.#reserve(grown),
      closed: () => this.#freeUnused(opened),
    });
  }

  rename(from: string, to: string): number {
    const source = this.#resolve(from);
    if (typeof source === 'number') return source;
    const target = this.#resolve(to);
    if (typeof target === 'number') return target;
    const refused = checkRename(source, target);
    if (refused !== 0) return refused;
    const node = this.#files.get(source.path);
    if (node === undefined || source.path === target.path) return 0;
    this.#drop(target.path);
    this.#files.set(target.path, node);
    this.#files.delete(source.path);
    return 0;
  }

  unlink(path: string): number {
    const found = this.#resolve(path);
    if (typeof found === 'number') return found;
    const refused = checkUnlink(found);
    if (refused !== 0) return refused;
    this.#drop(found.path);
    return 0;
  }

  /** Takes the name away; the bytes stay for those who have the file open. */
  #drop(path: string): void {
    const node = this.#files.get(path);
    if (node === undefined) return;
    this.#files.delete(path);
    node.named = false;
    this.#freeUnused(node);
  }

  #freeUnused(node: Node): void {
    if (node.named || node.opens > 0) return;
    this.#used -= node.size;
  }

  #resolve(path: string): ResolvedPath | number {
    return resolvePath(path, (canonical): NameKind => {
      if (this.#files.has(canonical)) return 'file';
      return this.#directories.has(canonical) ? 'directory' : null;
    });
  }

  #newNode(data: Uint8Array, mode: number): Node {
    return {
      data,
      size: data.length,
      shared: 0,
      modified: Date.now(),
      inode: ++this.#inodes,
      mode,
      opens: 0,
      named: true,
    };
  }

  /** Accounts for `grown` more bytes. @returns false when they do not fit. */
  #reserve(grown: number): boolean {
    if (this.#used + grown > this.#capacity) return false;
    this.#used += grown;
    return true;
  }
}

interface Accounting {
  /** @returns false when that many more bytes do not fit. */
  reserve(grown: number): boolean;
  closed(): void;
}

class OpenMemoryFile implements OpenFile {
  readonly path: string;
  readonly #node: Node;
  readonly #append: boolean;
  readonly #accounting: Accounting;

  constructor(path: string, node: Node, append: boolean, accounting: Accounting) {
    this.path = path;
    this.#node = node;
    this.#append = append;
    this.#accounting = accounting;
  }

  stat(): FileStat {
    const { size, modified, inode, mode } = this.#node;
    return { kind: 'file', size, modified, inode, mode };
  }

  read(into: Uint8Array, position: number): number {
    const { data, size } = this.#node;
    if (position >= size) return 0;
    const part = data.subarray(position, Math.min(size, position + into.length));
    into.set(part);
    return part.length;
  }

  share(position: number, length: number): Uint8Array | null {
    const node = this.#node;
    if (!worthSharing(length, node.size)) return null;
    node.shared = Math.max(node.shared, position + length);
    return node.data.subarray(position, position + length);
  }

  write(from: Uint8Array, position: number): number {
    const node = this.#node;
    const at = this.#append ? node.size : position;
    const end = at + from.length;
    if (end > node.size && !this.#accounting.reserve(end - node.size)) return -ERRNO.ENOSPC;
    if (end > node.data.length || (at < node.shared && from.length > 0)) {
      const room = end > node.data.length ? node.data.length * 2 : node.data.length;
      const own = new Uint8Array(Math.max(end, room, 4096));
      own.set(node.data.subarray(0, node.size));
      node.data = own;
      node.shared = 0;
    }
    node.data.set(from, at);
    node.size = Math.max(node.size, end);
    node.modified = Date.now();
    return from.length;
  }

  sync(): number {
    return 0;
  }

  close(): number {
    this.#node.opens--;
    this.#accounting.closed();
    return 0;
  }
}

/** An open directory of a tree that has no links: it can be looked at and walked from, no more. */
export class OpenDirectory implements OpenFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  stat(): FileStat {
    return { kind: 'directory', size: 4096, modified: 0, inode: 1, mode: 0o755 };
  }

  read(): number {
    return -ERRNO.EISDIR;
  }

  write(): number {
    return -ERRNO.EBADF;
  }

  sync(): number {
    return 0;
  }

  close(): number {
    return 0;
  }
}
