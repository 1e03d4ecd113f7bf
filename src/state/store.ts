// SPDX-License-Identifier: GPL-2.0-or-later
/** Small settings that must be there before the first paint: JSON in `localStorage`, or in memory. */

/** Where the state classes keep what outlives the page. Both methods never throw. */
export interface Store {
  /** The value last kept under `key` when `isValid` accepts it, else `fallback`. */
  get<T>(key: string, fallback: T, isValid: (value: unknown) => value is T): T;
  set(key: string, value: unknown): void;
}

const PREFIX = 'glassbox.';

/** A store over any `Storage`; one that refuses (private mode, full disk) loses only the keeping. */
export function storeOver(storage: () => Pick<Storage, 'getItem' | 'setItem'>): Store {
  return {
    get(key, fallback, isValid) {
      try {
        const text = storage().getItem(PREFIX + key);
        const value: unknown = text === null ? undefined : JSON.parse(text);
        return isValid(value) ? value : fallback;
      } catch {
        return fallback;
      }
    },
    set(key, value) {
      try {
        storage().setItem(PREFIX + key, JSON.stringify(value));
      } catch {
        // The page works without: the setting lasts until it is closed.
      }
    },
  };
}

/** A store that lasts as long as the page. */
export function memoryStore(): Store {
  const values = new Map<string, string>();
  return storeOver(() => ({
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
  }));
}

export function isString(value: unknown): value is string {
  return typeof value === 'string';
}

export function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** A guard for one of the literals in `options`. */
export function oneOf<T extends string>(...options: readonly T[]): (value: unknown) => value is T {
  return (value): value is T => options.some((option) => option === value);
}
