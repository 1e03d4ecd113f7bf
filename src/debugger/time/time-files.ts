// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * A file tree that can be put back to another moment of the process: in front of the real one it
 * notes what files held before they were changed, and what was done to them.
 */
import type { FileStat, GuestFiles, Maybe, OpenFile, OpenOptions } from '../../machine/files.ts';
import { ERRNO } from '../../machine/linux/errno.ts';
import { MemoryFiles } from '../../machine/memory-files.ts';
import type { KernelState } from '../../machine/process.ts';
import { FileLog, viewFiles, type FileView, type Node } from './file-log.ts';

/** Bytes of earlier contents that are kept at most. */
const MOST = 64 * 2 ** 20;

const READ: OpenOptions = {
  read: true,
  write: false,
  create: false,
  exclusive: false,
  truncate: false,
  append: false,
  directory: false,
  noFollow: false,
  mode: 0o644,
};
const REPLACE: OpenOptions = { ...READ, read: false, write: true, create: true, truncate: true };

export class TimeFiles implements GuestFiles {
  /** What the process does is noted here. */
  log = new FileLog();
  /** Whether it is; when it is not, this is but the tree behind it. */
  noting = true;
  readonly #base: GuestFiles;
  readonly #now: () => number;
  /** What files held before they were first changed; null: there was none. */
  readonly #before = new Map<string, Uint8Array | null>();
  /** Files that were too large to keep. */
  readonly #lost = new Set<string>();
  #bytes = 0;

  /** @param now instructions executed */
  constructor(base: GuestFiles, now: () => number) {
    this.#base = base;
    this.#now = now;
  }

  /** Memory that earlier contents take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins anew, with these files open. */
  restart(slots: KernelState['slots']): void {
    this.noting = true;
    this.log = new FileLog();
    this.#before.clear();
    this.#lost.clear();
    this.#bytes = 0;
    for (const { description } of slots) {
      const { target, writable } = description;
      if (typeof target === 'string') continue;
      this.#note(target, target.path, false);
      if (!writable) continue;
      this.#lost.add(target.path); // what it held before is not known
      this.#before.set(target.path, new Uint8Array(0));
    }
  }

  open(path: string, options: OpenOptions): Maybe<OpenFile | number> {
    if (!this.noting) return this.#base.open(path, options);
    const changes = options.write || options.truncate || options.create;
    const remembered = changes ? this.#remember(canonical(path)) : null;
    return then(remembered, () =>
      then(this.#base.open(path, options), (file) => {
        if (typeof file === 'number') return file;
        const opened = new TimeFile(file, options.append, this);
        this.#note(opened, file.path, options.truncate);
        return opened;
      }),
    );
  }

  rename(from: string, to: string): Maybe<number> {
    if (!this.noting) return this.#base.rename(from, to);
    const [source, target] = [canonical(from), canonical(to)];
    return then(this.#remember(source), () =>
      then(this.#remember(target), () =>
        then(this.#base.rename(from, to), (result) => {
          if (result === 0) {
            this.log.push({ at: this.#now(), kind: 'rename', from: source, to: target });
          }
          return result;
        }),
      ),
    );
  }

  unlink(path: string): Maybe<number> {
    if (!this.noting) return this.#base.unlink(path);
    const name = canonical(path);
    return then(this.#remember(name), () =>
      then(this.#base.unlink(path), (result) => {
        if (result === 0) this.log.push({ at: this.#now(), kind: 'unlink', path: name });
        return result;
      }),
    );
  }

  /** To be told of what an open file has written. */
  wrote(file: OpenFile, position: number, bytes: Uint8Array): void {
    if (!this.noting) return;
    this.log.push({ at: this.#now(), kind: 'write', file, position, bytes: bytes.slice() });
  }

  /**
   * Puts all files to the moment at the end of another log, which is used from now on.
   * @param slots the descriptors of that moment
   * @returns the same with files that are open again, or an error text
   */
  async rewind(to: FileLog, slots: KernelState['slots']): Promise<KernelState['slots'] | string> {
    const now = viewFiles(this.log.ops, this.#before);
    const then = viewFiles(to.ops, this.#before);
    this.log = to;
    for (const path of this.#before.keys()) {
      const wanted = this.#contentOf(then, path);
      if (same(wanted, this.#contentOf(now, path))) continue;
      if (this.#lost.has(path))
        return `${path} cannot be put back to that moment: it is too large.`;
      const error = await this.#put(path, wanted);
      if (error !== null) return error;
    }
    const opened: KernelState['slots'][number][] = [];
    for (const { fd, description } of slots) {
      const { target } = description;
      if (typeof target === 'string') {
        opened.push({ fd, description });
        continue;
      }
      const file = await this.#reopen(target, then.opened.get(target), description);
      if (typeof file === 'string') return file;
      opened.push({ fd, description: { ...description, target: file } });
    }
    return opened;
  }

  #contentOf(view: FileView, path: string): Uint8Array | null {
    const node = view.names.get(path);
    return node === null ? null : (node?.content ?? this.#before.get(path) ?? null);
  }

  async #put(path: string, content: Uint8Array | null): Promise<string | null> {
    const failed = `${path} cannot be put back to that moment.`;
    if (content === null) {
      const gone = await this.#base.unlink(path);
      return gone === 0 || gone === -ERRNO.ENOENT ? null : failed;
    }
    const file = await this.#base.open(path, REPLACE);
    if (typeof file === 'number') return failed;
    let done = 0;
    while (done < content.length) {
      const n = file.write(content.subarray(done), done);
      if (typeof n !== 'number') await n;
      else if (n <= 0) break;
      else done += n;
    }
    const closed = await file.close();
    return done === content.length && closed === 0 ? null : failed;
  }

  async #reopen(
    old: OpenFile,
    node: Node | undefined,
    how: { readable: boolean; writable: boolean; append: boolean },
  ): Promise<OpenFile | string> {
    await old.close();
    const path = node === undefined ? old.path : node.path;
    const options = { ...READ, read: how.readable, write: how.writable, append: how.append };
    const content = node?.content ?? new Uint8Array(0);
    const base = path === null ? new MemoryFiles({ file: content }) : this.#base;
    const file = await base.open(path ?? 'file', options);
    if (typeof file === 'number') return `${old.path} cannot be opened again.`;
    const opened = new TimeFile(file, how.append, this);
    this.#note(opened, path, false, path === null ? content : null);
    return opened;
  }

  #note(
    file: OpenFile,
    path: string | null,
    truncated: boolean,
    content: Uint8Array | null = null,
  ): void {
    this.log.push({ at: this.#now(), kind: 'open', file, path, content, truncated });
  }

  /** Keeps what a file holds, the first time that it may change. */
  #remember(path: string): Maybe<null> {
    if (this.#before.has(path)) return null;
    return then(this.#base.open(path, READ), (file) => {
      if (typeof file === 'number') {
        if (file === -ERRNO.ENOENT) this.#before.set(path, null);
        return null;
      }
      const stat = file.stat();
      if (typeof stat === 'number' || stat.kind !== 'file') return then(file.close(), () => null);
      if (this.#bytes + stat.size > MOST) {
        this.#lost.add(path);
        this.#before.set(path, new Uint8Array(0));
        return then(file.close(), () => null);
      }
      const content = new Uint8Array(stat.size);
      return then(readAll(file, content, 0), () => {
        this.#before.set(path, content);
        this.#bytes += content.length;
        return then(file.close(), () => null);
      });
    });
  }
}

/** An open file whose writes are noted. */
class TimeFile implements OpenFile {
  readonly path: string;
  readonly #file: OpenFile;
  readonly #append: boolean;
  readonly #files: TimeFiles;
  #closed = false;

  constructor(file: OpenFile, append: boolean, files: TimeFiles) {
    this.path = file.path;
    this.#file = file;
    this.#append = append;
    this.#files = files;
  }

  stat(): FileStat | number {
    return this.#file.stat();
  }

  read(into: Uint8Array, position: number): number | Promise<void> {
    return this.#file.read(into, position);
  }

  share(position: number, length: number): Uint8Array | null {
    return this.#file.share?.(position, length) ?? null;
  }

  write(from: Uint8Array, position: number): number | Promise<void> {
    const stat = this.#append ? this.#file.stat() : null;
    const at = stat === null || typeof stat === 'number' ? position : stat.size;
    const n = this.#file.write(from, position);
    if (typeof n === 'number' && n > 0) this.#files.wrote(this, at, from.subarray(0, n));
    return n;
  }

  sync(): Maybe<number> {
    return this.#file.sync();
  }

  close(): Maybe<number> {
    if (this.#closed) return 0;
    this.#closed = true;
    return this.#file.close();
  }
}

function then<T, U>(value: Maybe<T>, next: (value: T) => Maybe<U>): Maybe<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

function readAll(file: OpenFile, into: Uint8Array, from: number): Maybe<null> {
  let done = from;
  while (done < into.length) {
    const n = file.read(into.subarray(done), done);
    if (typeof n !== 'number') {
      const soFar = done;
      return n.then(() => readAll(file, into, soFar));
    }
    if (n <= 0) break;
    done += n;
  }
  return null;
}

function same(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  return a === b || (a.length === b.length && a.every((byte, i) => byte === b[i]));
}

/** A path from the root as the file tree names it. */
function canonical(path: string): string {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return names.join('/');
}
