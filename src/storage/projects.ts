// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The user's changes to the program's sources, kept in IndexedDB, one record a file.
 *
 * Two tabs may edit at once. Each write names the revision it was made upon; a write upon a stale
 * revision is refused and answered with what is there, so nobody's work is lost in silence.
 * A broadcast tells the other tabs of each write as it happens.
 */
import { err, ok, type Result } from '../shared/result.ts';
import { openProjectDb, type ProjectDb, type StoredFile } from './project-db.ts';

export type { StoredFile } from './project-db.ts';

export type SaveFailure =
  /** Another tab wrote the file since; `theirs` is what is stored now. */
  | { readonly kind: 'conflict'; readonly theirs: StoredFile }
  /** Storage is refused, full or broken; `message` says it for people. */
  | { readonly kind: 'storage'; readonly message: string };

export interface FileChange extends StoredFile {
  readonly path: string;
}

/** What the project state needs of a store; `IndexedDbProjectStore` in the page. */
export interface ProjectStore {
  load(): Promise<Result<ReadonlyMap<string, StoredFile>, SaveFailure>>;
  /**
   * Writes one file, or takes its edit back (`text` null), if `basedOn` is the stored revision
   * (0: there is none).
   * @returns the new revision.
   */
  save(path: string, text: string | null, basedOn: number): Promise<Result<number, SaveFailure>>;
  /** Hears of writes by other tabs; @returns the function that ends it. */
  onChange(listener: (change: FileChange) => void): () => void;
  close(): void;
}

const CHANNEL = 'glassbox-project';

/** An error of the browser's storage as a sentence. */
export function storageMessage(error: unknown): string {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (name === 'QuotaExceededError') {
    return 'The browser has no room left for this page. Remove data sets or other sites’ data.';
  }
  if (name === 'SecurityError' || name === 'InvalidStateError') {
    return 'The browser does not let this page store anything (a private window, perhaps).';
  }
  const text = error instanceof Error ? error.message : String(error);
  return `The browser could not store it: ${text}`;
}

export class IndexedDbProjectStore implements ProjectStore {
  readonly #name: string | undefined;
  readonly #channel: BroadcastChannel | null;
  #db: Promise<ProjectDb> | null = null;

  /** @param name database and channel name, for tests. */
  constructor(name?: string) {
    this.#name = name;
    this.#channel =
      typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(name ?? CHANNEL);
  }

  async load(): Promise<Result<ReadonlyMap<string, StoredFile>, SaveFailure>> {
    try {
      const db = await this.#open();
      const tx = db.transaction('files');
      const [keys, values] = await Promise.all([tx.store.getAllKeys(), tx.store.getAll()]);
      const files = new Map<string, StoredFile>();
      keys.forEach((key, i) => {
        const value = values[i];
        if (value) files.set(key, value);
      });
      return ok(files);
    } catch (error) {
      return err({ kind: 'storage', message: storageMessage(error) });
    }
  }

  async save(
    path: string,
    text: string | null,
    basedOn: number,
  ): Promise<Result<number, SaveFailure>> {
    try {
      const db = await this.#open();
      const tx = db.transaction('files', 'readwrite');
      const theirs = await tx.store.get(path);
      if ((theirs?.revision ?? 0) !== basedOn) {
        await tx.done;
        return err({ kind: 'conflict', theirs: theirs ?? { text: null, revision: 0 } });
      }
      const revision = basedOn + 1;
      await Promise.all([tx.store.put({ text, revision }, path), tx.done]);
      this.#channel?.postMessage({ path, text, revision } satisfies FileChange);
      return ok(revision);
    } catch (error) {
      return err({ kind: 'storage', message: storageMessage(error) });
    }
  }

  onChange(listener: (change: FileChange) => void): () => void {
    const channel = this.#channel;
    if (!channel) return () => undefined;
    const hear = (event: MessageEvent<FileChange>) => listener(event.data);
    channel.addEventListener('message', hear);
    return () => channel.removeEventListener('message', hear);
  }

  close(): void {
    this.#channel?.close();
    void this.#db?.then((db) => db.close()).catch(() => undefined);
    this.#db = null;
  }

  #open(): Promise<ProjectDb> {
    if (!this.#db) {
      const opening = openProjectDb(this.#name);
      // A refusal is not kept: the next call tries again.
      opening.catch(() => (this.#db = null));
      this.#db = opening;
    }
    return this.#db;
  }
}
