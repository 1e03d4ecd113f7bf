// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The IndexedDB behind the guest's files: which stores there are and the transactions on them.
 *
 * A file is an entry (its name, size and an id that stands for its contents) and chunks of a
 * mebibyte under that id, so that a file of any size opens at once and is read piece by piece.
 * Contents that are replaced get a new id; a reader of the old ones never sees a mixture.
 */
import { openDB, type DBSchema, type IDBPDatabase, type OpenDBCallbacks } from 'idb';

export const CHUNK_SIZE = 2 ** 20;

export interface FileEntry {
  /** Canonical: from the root, no leading slash. */
  readonly path: string;
  readonly id: string;
  /** Bytes. A chunk that is missing below it is a hole: zeros. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** Permission bits. */
  readonly mode: number;
}

interface Schema extends DBSchema {
  entries: { key: string; value: FileEntry; indexes: { id: string } };
  /** Key: id and number of the chunk. The last chunk of a file may be short. */
  chunks: { key: [id: string, index: number]; value: Uint8Array };
}

/**
 * Version of the schema. To change it, raise it and add a step to `upgrade` that brings a database
 * of the version before to it; steps are never edited once they are out.
 */
const VERSION = 1;

function upgrade(db: IDBPDatabase<Schema>, from: number): void {
  if (from < 1) {
    db.createObjectStore('entries', { keyPath: 'path' }).createIndex('id', 'id', { unique: true });
    db.createObjectStore('chunks');
  }
}

export function newContentId(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))]
    .map((n) => n.toString(16).padStart(8, '0'))
    .join('');
}

/** Chunks of one file's contents. */
function chunksOf(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id, 0], [id, Infinity]);
}

export class GuestDb {
  readonly #db: IDBPDatabase<Schema>;

  static async open(
    name: string,
    events: Pick<OpenDBCallbacks<Schema>, 'blocked' | 'blocking' | 'terminated'>,
  ): Promise<GuestDb> {
    return new GuestDb(await openDB<Schema>(name, VERSION, { upgrade, ...events }));
  }

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
  }

  close(): void {
    this.#db.close();
  }

  entries(): Promise<FileEntry[]> {
    return this.#db.getAll('entries');
  }

  chunk(id: string, index: number): Promise<Uint8Array | undefined> {
    return this.#db.get('chunks', [id, index]);
  }

  async exists(id: string): Promise<boolean> {
    return (await this.#db.countFromIndex('entries', 'id', id)) > 0;
  }

  /** Puts an entry, in place of the one of that name; chunks of that one go unless kept. */
  async put(entry: FileEntry, keep: (id: string) => boolean): Promise<void> {
    const tx = this.#db.transaction(['entries', 'chunks'], 'readwrite');
    const entries = tx.objectStore('entries');
    const old = await entries.get(entry.path);
    if (old !== undefined && old.id !== entry.id && !keep(old.id)) {
      void tx.objectStore('chunks').delete(chunksOf(old.id));
    }
    void entries.put(entry);
    await tx.done;
  }

  /**
   * Writes chunks and the new size of the entry that has this id.
   * @param nameless the contents are known to have no entry any more; else that is left alone.
   */
  async commit(
    id: string,
    state: { readonly size: number; readonly modified: number },
    chunks: ReadonlyMap<number, Uint8Array>,
    nameless: boolean,
  ): Promise<void> {
    const tx = this.#db.transaction(['entries', 'chunks'], 'readwrite');
    const entries = tx.objectStore('entries');
    const entry = await entries.index('id').get(id);
    if (entry !== undefined || nameless) {
      const store = tx.objectStore('chunks');
      const puts = [...chunks].map(([index, bytes]) => store.put(bytes, [id, index]));
      if (entry !== undefined) puts.push(entries.put({ ...entry, ...state }).then(() => [id, 0]));
      await Promise.all([...puts, tx.done]);
    }
    await tx.done;
  }

  /** Writes chunks of contents that have no entry yet. */
  async putChunk(id: string, index: number, bytes: Uint8Array): Promise<void> {
    await this.#db.put('chunks', bytes, [id, index]);
  }

  async deleteChunks(id: string): Promise<void> {
    await this.#db.delete('chunks', chunksOf(id));
  }

  /** Gives an entry another name, in place of what has it. @returns whether there was such. */
  async move(from: string, to: string, keep: (id: string) => boolean): Promise<boolean> {
    const tx = this.#db.transaction(['entries', 'chunks'], 'readwrite');
    const entries = tx.objectStore('entries');
    const [entry, replaced] = await Promise.all([entries.get(from), entries.get(to)]);
    if (entry !== undefined && from !== to) {
      if (replaced !== undefined && !keep(replaced.id)) {
        void tx.objectStore('chunks').delete(chunksOf(replaced.id));
      }
      void entries.delete(from);
      void entries.put({ ...entry, path: to });
    }
    await tx.done;
    return entry !== undefined;
  }

  /** Removes an entry, and its chunks unless kept. @returns whether there was such. */
  async remove(path: string, keep: (id: string) => boolean): Promise<boolean> {
    const tx = this.#db.transaction(['entries', 'chunks'], 'readwrite');
    const entry = await tx.objectStore('entries').get(path);
    if (entry !== undefined) {
      void tx.objectStore('entries').delete(path);
      if (!keep(entry.id)) void tx.objectStore('chunks').delete(chunksOf(entry.id));
    }
    await tx.done;
    return entry !== undefined;
  }

  /** Deletes chunks that belong to no entry: what a page that was closed too early left behind. */
  async sweep(): Promise<void> {
    const tx = this.#db.transaction(['entries', 'chunks'], 'readwrite');
    const entries = await tx.objectStore('entries').getAll();
    const known = new Set(entries.map(({ id }) => id));
    const keys = await tx.objectStore('chunks').getAllKeys();
    const lost = new Set(keys.map(([id]) => id).filter((id) => !known.has(id)));
    for (const id of lost) void tx.objectStore('chunks').delete(chunksOf(id));
    await tx.done;
  }
}
