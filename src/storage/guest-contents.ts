// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Contents of guest files in memory, in front of the database: chunks that were read lately, and
 * chunks that were written and not stored yet.
 */
import { worthSharing } from '../machine/files.ts';
import { ERRNO } from '../machine/linux/errno.ts';
import { CHUNK_SIZE, type GuestDb } from './guest-db.ts';

/** Bytes of chunks kept in memory, and how many of them may wait to be stored. */
const CACHE_LIMIT = 64 * 2 ** 20;
const DIRTY_LIMIT = 8 * 2 ** 20;

/** No file may be larger: 1 TiB, so that chunk numbers and sizes stay exact. */
const MAX_FILE = 2 ** 40;

interface Chunk {
  /** May be shorter than a chunk; the rest is zeros. */
  bytes: Uint8Array;
  dirty: boolean;
  /** Somebody keeps `bytes`, which must not change any more. */
  shared: boolean;
}

/** What the contents of all open files have in common: the database and one memory budget. */
export class ContentsCache {
  readonly db: GuestDb;
  /** Told the error of a failed transaction. @returns the errno that it means. */
  readonly failed: (error: unknown) => number;
  /** In order of last use. */
  readonly #chunks = new Map<Chunk, Map<number, Chunk>>();
  readonly #dirty = new Set<Contents>();
  #total = 0;
  #dirtyBytes = 0;

  constructor(db: GuestDb, failed: (error: unknown) => number) {
    this.db = db;
    this.failed = failed;
  }

  /** Notes a use of a chunk, and lets go of what was not used for long when there is too much. */
  use(chunk: Chunk, owner: Map<number, Chunk>, grown = 0): void {
    this.#chunks.delete(chunk);
    this.#chunks.set(chunk, owner);
    this.#total += grown;
    if (chunk.dirty) this.#dirtyBytes += grown;
    if (this.#total <= CACHE_LIMIT) return;
    for (const [old, from] of this.#chunks) {
      if (old.dirty || old === chunk) continue;
      for (const [index, candidate] of from) if (candidate === old) from.delete(index);
      this.forget(old);
      if (this.#total <= CACHE_LIMIT) break;
    }
  }

  forget(chunk: Chunk): void {
    if (!this.#chunks.delete(chunk)) return;
    this.#total -= chunk.bytes.length;
    if (chunk.dirty) this.#dirtyBytes -= chunk.bytes.length;
  }

  setDirty(chunk: Chunk, dirty: boolean, contents: Contents): void {
    if (dirty) this.#dirty.add(contents);
    if (chunk.dirty === dirty) return;
    chunk.dirty = dirty;
    this.#dirtyBytes += dirty ? chunk.bytes.length : -chunk.bytes.length;
  }

  /** A promise while more waits to be stored than may; null when there is room. */
  relief(): Promise<void> | null {
    if (this.#dirtyBytes <= DIRTY_LIMIT) return null;
    const all = [...this.#dirty];
    this.#dirty.clear();
    return Promise.all(all.map((contents) => contents.store())).then(() => undefined);
  }
}

/** What one entry stands for; shared by all who have the file open in this context. */
export class Contents {
  readonly mode: number;
  readonly inode: number;
  /** Open files on it. */
  opens = 0;
  /** No entry names it any more; its chunks go when the last one closes it. */
  nameless = false;
  #id: string;
  #size: number;
  #modified: number;
  /** Below this size the database may have chunks. */
  #stored: number;
  #changed = false;
  #error = 0;
  #storing: Promise<void> = Promise.resolve();
  readonly #cache: ContentsCache;
  readonly #chunks = new Map<number, Chunk>();

  constructor(
    cache: ContentsCache,
    file: { id: string; size: number; modified: number; mode: number; inode: number },
  ) {
    this.#cache = cache;
    this.#id = file.id;
    this.mode = file.mode;
    this.inode = file.inode;
    this.#size = file.size;
    this.#stored = file.size;
    this.#modified = file.modified;
  }

  get id(): string {
    return this.#id;
  }

  get size(): number {
    return this.#size;
  }

  get modified(): number {
    return this.#modified;
  }

  /** As `OpenFile.read`. */
  read(into: Uint8Array, position: number): number | Promise<void> {
    if (this.#error !== 0) return this.#takeError();
    const index = Math.floor(position / CHUNK_SIZE);
    const offset = position % CHUNK_SIZE;
    const length = Math.min(into.length, this.#size - position, CHUNK_SIZE - offset);
    if (length <= 0) return 0;
    const chunk = this.#chunkAt(index);
    if (chunk instanceof Promise) return chunk;
    const part = chunk.bytes.subarray(offset, offset + length);
    into.set(part);
    into.fill(0, part.length, length);
    this.#cache.use(chunk, this.#chunks);
    return length;
  }

  /** As `OpenFile.share`: of one chunk, as `read` reads. */
  share(position: number, length: number): Uint8Array | null {
    const chunk = this.#chunks.get(Math.floor(position / CHUNK_SIZE));
    const offset = position % CHUNK_SIZE;
    if (chunk === undefined || offset + length > chunk.bytes.length) return null;
    if (!worthSharing(length, chunk.bytes.length)) return null;
    chunk.shared = true;
    return chunk.bytes.subarray(offset, offset + length);
  }

  /** As `OpenFile.write`. */
  write(from: Uint8Array, position: number): number | Promise<void> {
    if (this.#error !== 0) return this.#takeError();
    const index = Math.floor(position / CHUNK_SIZE);
    const offset = position % CHUNK_SIZE;
    const length = Math.min(from.length, CHUNK_SIZE - offset);
    if (length === 0) return 0;
    if (position + length > MAX_FILE) return -ERRNO.EFBIG;
    const relief = this.#cache.relief();
    if (relief !== null) return relief;
    const chunk = this.#chunkAt(index);
    if (chunk instanceof Promise) return chunk;
    this.#cache.setDirty(chunk, true, this);
    const end = offset + length;
    let grown = 0;
    if (end > chunk.bytes.length || chunk.shared) {
      const { length: old } = chunk.bytes;
      const room = new Uint8Array(end > old ? Math.min(CHUNK_SIZE, Math.max(end, old * 2)) : old);
      room.set(chunk.bytes);
      grown = room.length - old;
      chunk.bytes = room;
      chunk.shared = false;
    }
    chunk.bytes.set(from.subarray(0, length), offset);
    this.#cache.use(chunk, this.#chunks, grown);
    this.#size = Math.max(this.#size, position + length);
    this.#modified = Date.now();
    this.#changed = true;
    return length;
  }

  /** Stores what was written. @returns 0, or the negative errno of a failure since the last call. */
  async sync(): Promise<number> {
    await this.store();
    return this.#takeError();
  }

  /** One transaction for all that waits. What cannot be stored is lost, and the error kept. */
  store(): Promise<void> {
    const stored = this.#storing.then(() => this.#storeNow());
    this.#storing = stored;
    return stored;
  }

  /** Empties the file; what is written from now on belongs to a new id. */
  truncate(id: string): void {
    this.drop();
    this.#id = id;
    this.#size = 0;
    this.#stored = 0;
    this.#changed = false;
    this.#modified = Date.now();
  }

  /** Lets go of all memory; what was not stored is lost. */
  drop(): void {
    for (const chunk of this.#chunks.values()) this.#cache.forget(chunk);
    this.#chunks.clear();
  }

  async #storeNow(): Promise<void> {
    if (!this.#changed) return;
    const dirty = new Map<number, Uint8Array>();
    for (const [index, chunk] of this.#chunks) {
      if (!chunk.dirty) continue;
      dirty.set(index, chunk.bytes.slice(0, Math.min(CHUNK_SIZE, this.#size - index * CHUNK_SIZE)));
      this.#cache.setDirty(chunk, false, this);
    }
    this.#changed = false;
    const state = { size: this.#size, modified: this.#modified };
    try {
      await this.#cache.db.commit(this.id, state, dirty, this.nameless);
      this.#stored = Math.max(this.#stored, state.size);
    } catch (error) {
      this.#error = this.#cache.failed(error);
      this.#size = this.#stored;
      this.drop();
    }
  }

  /** A chunk in memory, or a promise to ask again when it is. */
  #chunkAt(index: number): Chunk | Promise<void> {
    const chunk = this.#chunks.get(index);
    if (chunk !== undefined) return chunk;
    if (index * CHUNK_SIZE < this.#stored) return this.#load(index);
    return this.#keep(index, new Uint8Array(0));
  }

  #keep(index: number, bytes: Uint8Array): Chunk {
    const chunk = { bytes, dirty: false, shared: false };
    this.#chunks.set(index, chunk);
    this.#cache.use(chunk, this.#chunks, bytes.length);
    return chunk;
  }

  async #load(index: number): Promise<void> {
    try {
      const bytes = await this.#cache.db.chunk(this.id, index);
      if (bytes === undefined && !this.nameless && !(await this.#cache.db.exists(this.id))) {
        this.#error = ERRNO.ESTALE; // removed or replaced by another tab
      } else if (!this.#chunks.has(index)) {
        this.#keep(index, bytes ?? new Uint8Array(0));
      }
    } catch (error) {
      this.#error = this.#cache.failed(error);
    }
  }

  #takeError(): number {
    const error = this.#error;
    this.#error = 0;
    return error === 0 ? 0 : -error;
  }
}
