// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The IndexedDB home of the guest's files: what the system calls use in the worker, and what the
 * page's file manager uses. Several of these may be open at once, in several tabs too: what one
 * has stored (at close, fsync or import) all others find at their next open.
 */
import { err, ok, type Result } from '../shared/result.ts';
import {
  checkOpen,
  checkRename,
  checkUnlink,
  parentOf,
  resolvePath,
  type NameKind,
  type ResolvedPath,
} from '../machine/file-names.ts';
import type { FileStat, GuestFiles, OpenFile, OpenOptions } from '../machine/files.ts';
import { ERRNO } from '../machine/linux/errno.ts';
import { OpenDirectory } from '../machine/memory-files.ts';
import { Contents, ContentsCache } from './guest-contents.ts';
import { CHUNK_SIZE, GuestDb, newContentId, type FileEntry } from './guest-db.ts';
import { errnoOfStorage, nameOf, NOTICES, type StorageNotice } from './storage-notices.ts';
import { takeLock } from './tab-lock.ts';

export const GUEST_FILES_NAME = 'glassbox-guest-files';

/** Directories that are there even when nothing is in them, as in a checkout of the project. */
const DIRECTORIES = ['data', 'data/digits', 'data/mnist', 'data/weights'];

export interface GuestFileInfo {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

export interface GuestFileStoreOptions {
  /** Name of the database. */
  readonly name?: string;
  readonly onNotice?: (notice: StorageNotice) => void;
}

export class GuestFileStore implements GuestFiles {
  readonly #db: GuestDb;
  readonly #cache: ContentsCache;
  readonly #channel: BroadcastChannel;
  readonly #release: () => void;
  readonly #listeners = new Set<(paths: readonly string[]) => void>();
  /** Contents that are open here, by id. */
  readonly #open = new Map<string, Contents>();
  #entries = new Map<string, FileEntry>();
  #inodes = 1;

  /** @returns why the browser refuses, as a sentence. */
  static async open(options: GuestFileStoreOptions = {}): Promise<Result<GuestFileStore, string>> {
    const name = options.name ?? GUEST_FILES_NAME;
    const notice = options.onNotice ?? (() => undefined);
    try {
      const db: GuestDb = await GuestDb.open(name, {
        blocked: () => notice({ kind: 'blocked', text: NOTICES.blocked }),
        blocking: (_from, _to, event) => {
          (event.target as IDBDatabase).close();
          notice({ kind: 'outdated', text: NOTICES.outdated });
        },
        terminated: () => notice({ kind: 'lost', text: NOTICES.lost }),
      });
      const release = await takeLock(name, () => db.sweep());
      return ok(new GuestFileStore(db, name, notice, release));
    } catch (error) {
      if (nameOf(error) === 'VersionError') return err(NOTICES.newer);
      return err(`The browser does not let this page store files (${String(error)}).`);
    }
  }

  private constructor(
    db: GuestDb,
    name: string,
    notice: (notice: StorageNotice) => void,
    release: () => void,
  ) {
    this.#db = db;
    this.#release = release;
    this.#cache = new ContentsCache(db, (error) => {
      const errno = errnoOfStorage(error);
      if (errno === ERRNO.ENOSPC) notice({ kind: 'quota', text: NOTICES.quota });
      return errno;
    });
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (Array.isArray(data)) this.#tell(data.filter((path) => typeof path === 'string'));
    };
  }

  /** Files that are still open are not stored any more. */
  close(): void {
    this.#channel.close();
    this.#release();
    this.#db.close();
  }

  /** Tells of files that changed here or in another tab. @returns the way to stop. */
  onChange(listener: (paths: readonly string[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // The file manager's side

  async list(): Promise<GuestFileInfo[]> {
    const entries = await this.#db.entries();
    return entries
      .map(({ path, size, modified }) => ({ path, size, modified }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** All bytes of a file; null when there is none of that name. */
  async read(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
    await this.#refresh();
    const entry = this.#entries.get(path);
    if (entry === undefined) return null;
    const bytes = new Uint8Array(entry.size);
    for (let index = 0; index * CHUNK_SIZE < entry.size; index++) {
      const at = index * CHUNK_SIZE;
      const chunk = await this.#db.chunk(entry.id, index);
      if (chunk === undefined && !(await this.#db.exists(entry.id))) return this.read(path);
      if (chunk !== undefined) bytes.set(chunk.subarray(0, entry.size - at), at);
    }
    return bytes;
  }

  /**
   * Puts a file in place at once, whole: until then, and on failure, the old one stays.
   * @param path canonical, for example `data/mnist/train-images-idx3-ubyte`.
   * @param progress told how many bytes are stored.
   */
  async write(
    path: string,
    data: Uint8Array | Blob,
    progress?: (stored: number) => void,
  ): Promise<Result<null, string>> {
    await this.#refresh();
    const refused = this.#refuseName(path);
    if (refused !== null) return err(refused);
    const size = data instanceof Blob ? data.size : data.length;
    const id = newContentId();
    try {
      for (let index = 0; index * CHUNK_SIZE < size; index++) {
        const end = Math.min(size, (index + 1) * CHUNK_SIZE);
        const part = data.slice(index * CHUNK_SIZE, end);
        const bytes = part instanceof Blob ? new Uint8Array(await part.arrayBuffer()) : part;
        await this.#db.putChunk(id, index, bytes);
        progress?.(end);
      }
      const entry = { path, id, size, modified: Date.now(), mode: 0o644 };
      await this.#db.put(entry, (old) => this.#detach(old));
    } catch (error) {
      await this.#db.deleteChunks(id).catch(() => undefined);
      const errno = this.#cache.failed(error);
      return err(errno === ERRNO.ENOSPC ? NOTICES.quota : `${path}: ${String(error)}`);
    }
    this.#changed(path);
    return ok(null);
  }

  /** @returns whether there was such a file. */
  async remove(path: string): Promise<boolean> {
    const removed = await this.#db.remove(path, (id) => this.#detach(id));
    if (removed) this.#changed(path);
    return removed;
  }

  // The guest's side

  open(path: string, options: OpenOptions): Promise<OpenFile | number> {
    return this.#guarded(async () => {
      const found = await this.#resolve(path);
      if (typeof found === 'number') return found;
      const refused = checkOpen(found, options);
      if (refused !== 0) return refused;
      if (found.kind === 'directory') return new OpenDirectory(found.path);
      const contents = await this.#contentsFor(found.path, options);
      contents.opens++;
      return new OpenStoredFile(found.path, contents, options.append, (wrote) =>
        this.#closed(found.path, contents, wrote),
      );
    });
  }

  rename(from: string, to: string): Promise<number> {
    return this.#guarded(async () => {
      const source = await this.#resolve(from);
      if (typeof source === 'number') return source;
      const target = await this.#resolve(to);
      if (typeof target === 'number') return target;
      const refused = checkRename(source, target);
      if (refused !== 0) return refused;
      const id = this.#entries.get(source.path)?.id ?? '';
      await this.#open.get(id)?.store(); // what is renamed is what was written so far
      const moved = await this.#db.move(source.path, target.path, (old) => this.#detach(old));
      if (moved) this.#changed(source.path, target.path);
      return moved ? 0 : -ERRNO.ENOENT;
    });
  }

  unlink(path: string): Promise<number> {
    return this.#guarded(async () => {
      const found = await this.#resolve(path);
      if (typeof found === 'number') return found;
      const refused = checkUnlink(found);
      if (refused !== 0) return refused;
      return (await this.remove(found.path)) ? 0 : -ERRNO.ENOENT;
    });
  }

  /** Contents to open: those of the entry, or fresh ones for a file that is new or truncated. */
  async #contentsFor(path: string, options: OpenOptions): Promise<Contents> {
    const entry = this.#entries.get(path);
    const opened = entry === undefined ? undefined : this.#open.get(entry.id);
    if (entry !== undefined && !options.truncate) return opened ?? this.#track(entry);
    if (opened?.size === 0) return opened;
    const mode = entry?.mode ?? options.mode;
    const fresh = { path, id: newContentId(), size: 0, modified: Date.now(), mode };
    await this.#db.put(fresh, () => false);
    this.#changed(path);
    if (opened === undefined) return this.#track(fresh);
    this.#open.delete(opened.id);
    opened.truncate(fresh.id); // those who have it open see it shrink
    this.#open.set(fresh.id, opened);
    return opened;
  }

  #track(entry: FileEntry): Contents {
    const contents = new Contents(this.#cache, { ...entry, inode: ++this.#inodes });
    this.#open.set(entry.id, contents);
    return contents;
  }

  /** An entry goes. @returns whether its chunks must stay, because the file is open here. */
  #detach(id: string): boolean {
    const contents = this.#open.get(id);
    if (contents !== undefined) contents.nameless = true;
    return contents !== undefined;
  }

  async #closed(path: string, contents: Contents, wrote: boolean): Promise<number> {
    const last = --contents.opens === 0;
    const unwanted = last && contents.nameless;
    const result = unwanted ? 0 : await contents.sync();
    if (last && contents.opens === 0) {
      contents.drop();
      this.#open.delete(contents.id);
      if (contents.nameless) await this.#guarded(() => this.#sweepOne(contents.id));
    }
    if (wrote && !contents.nameless) this.#changed(path);
    return result;
  }

  async #sweepOne(id: string): Promise<number> {
    await this.#db.deleteChunks(id);
    return 0;
  }

  async #resolve(path: string): Promise<ResolvedPath | number> {
    await this.#refresh();
    return resolvePath(path, (canonical) => this.#kindOf(canonical));
  }

  async #refresh(): Promise<void> {
    this.#entries = new Map((await this.#db.entries()).map((entry) => [entry.path, entry]));
  }

  #kindOf(path: string): NameKind {
    if (this.#entries.has(path)) return 'file';
    if (path === '' || DIRECTORIES.includes(path)) return 'directory';
    const prefix = `${path}/`;
    for (const name of this.#entries.keys()) if (name.startsWith(prefix)) return 'directory';
    return null;
  }

  /** Why a file of this name cannot be imported, or null. */
  #refuseName(path: string): string | null {
    const canonical = path.split('/').every((n) => n !== '' && n !== '.' && n !== '..');
    if (!canonical || path.includes('\0')) return `“${path}” is not a file name.`;
    if (this.#kindOf(path) === 'directory') return `${path} is a directory.`;
    for (let at = parentOf(path); at !== ''; at = parentOf(at)) {
      if (this.#kindOf(at) === 'file') return `${at} is a file, so nothing can lie in it.`;
    }
    return null;
  }

  #changed(...paths: readonly string[]): void {
    this.#tell(paths);
    this.#channel.postMessage(paths);
  }

  #tell(paths: readonly string[]): void {
    for (const listener of this.#listeners) listener(paths);
  }

  /** A failed transaction is a negative errno, never a rejection. */
  async #guarded<T>(action: () => Promise<T>): Promise<T | number> {
    try {
      return await action();
    } catch (error) {
      return -this.#cache.failed(error);
    }
  }
}

class OpenStoredFile implements OpenFile {
  readonly path: string;
  readonly #contents: Contents;
  readonly #append: boolean;
  readonly #closed: (wrote: boolean) => Promise<number>;
  #wrote = false;

  constructor(
    path: string,
    contents: Contents,
    append: boolean,
    closed: (wrote: boolean) => Promise<number>,
  ) {
    this.path = path;
    this.#contents = contents;
    this.#append = append;
    this.#closed = closed;
  }

  stat(): FileStat {
    const { size, modified, inode, mode } = this.#contents;
    return { kind: 'file', size, modified, inode, mode };
  }

  read(into: Uint8Array, position: number): number | Promise<void> {
    return this.#contents.read(into, position);
  }

  share(position: number, length: number): Uint8Array | null {
    return this.#contents.share(position, length);
  }

  write(from: Uint8Array, position: number): number | Promise<void> {
    this.#wrote = true;
    return this.#contents.write(from, this.#append ? this.#contents.size : position);
  }

  sync(): Promise<number> {
    return this.#contents.sync();
  }

  close(): Promise<number> {
    return this.#closed(this.#wrote);
  }
}
