// SPDX-License-Identifier: GPL-2.0-or-later
/** Plain collections for rune classes: replaced as a whole, or not part of what is shown. */

/** A map with one entry more or another value. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

export function withoutKey<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}

export function mapOf<K, V>(entries: Iterable<readonly [K, V]>): ReadonlyMap<K, V> {
  return new Map(entries);
}

export function emptyMap<K, V>(): ReadonlyMap<K, V> {
  return new Map();
}

/** A map that is changed in place and that no view depends on. */
export function plainMap<K, V>(): Map<K, V> {
  return new Map();
}

export function plainSet<T>(): Set<T> {
  return new Set();
}

/** Ascending, each once. */
export function ascending(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** Who wants to hear of something. */
export class Listeners<T> {
  readonly #all = new Set<(value: T) => void>();

  /** @returns the function that removes the listener. */
  add(listener: (value: T) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  tell(value: T): void {
    for (const listener of [...this.#all]) listener(value);
  }

  clear(): void {
    this.#all.clear();
  }
}
