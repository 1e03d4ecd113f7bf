// SPDX-License-Identifier: GPL-2.0-or-later
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

/** One edited, added or removed source file; `text` is null when the edit was taken back. */
export interface StoredFile {
  readonly text: string | null;
  /** Counts the writes of this file; what a writer must name to prove it saw the latest. */
  readonly revision: number;
}

interface ProjectSchema extends DBSchema {
  /** Key: path relative to `asm/`. */
  files: { key: string; value: StoredFile };
}

export type ProjectDb = IDBPDatabase<ProjectSchema>;

export const PROJECT_DB = 'glassbox-project';

/**
 * Opens the database of source edits.
 * @throws when the browser refuses storage (private windows of some browsers, a full disk).
 */
export function openProjectDb(name = PROJECT_DB): Promise<ProjectDb> {
  return openDB<ProjectSchema>(name, 1, {
    upgrade(db) {
      db.createObjectStore('files');
    },
    blocking(_current, _blocked, event) {
      (event.target as IDBDatabase).close();
    },
  });
}
