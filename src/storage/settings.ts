// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Small preferences and remembered positions (open file, breakpoints, training options), kept in
 * IndexedDB beside the project. Losing them costs nothing, so failures are values nobody must act
 * upon; what comes back is unknown and checked by its reader.
 */
import { openProjectDb, type ProjectDb } from './project-db.ts';

export interface SettingsStore {
  /** The stored value, or undefined when there is none or storage is refused. */
  get(key: string): Promise<unknown>;
  /** @returns whether it was stored. `value` must be cloneable. */
  set(key: string, value: unknown): Promise<boolean>;
  close(): void;
}

export class IndexedDbSettings implements SettingsStore {
  readonly #name: string | undefined;
  #db: Promise<ProjectDb> | null = null;

  /** @param name database name, for tests. */
  constructor(name?: string) {
    this.#name = name;
  }

  async get(key: string): Promise<unknown> {
    try {
      return await (await this.#open()).get('settings', key);
    } catch {
      return undefined;
    }
  }

  async set(key: string, value: unknown): Promise<boolean> {
    try {
      await (await this.#open()).put('settings', value, key);
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    void this.#db?.then((db) => db.close()).catch(() => undefined);
    this.#db = null;
  }

  #open(): Promise<ProjectDb> {
    if (!this.#db) {
      const opening = openProjectDb(this.#name);
      opening.catch(() => (this.#db = null));
      this.#db = opening;
    }
    return this.#db;
  }
}
