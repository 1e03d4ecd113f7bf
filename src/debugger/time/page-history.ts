// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What the pages of RAM held at the checkpoints: for each page the versions it went through, each
 * from one checkpoint on. Versions are shared between branches of the timeline and counted.
 */

/** The contents of one page, immutable. */
export interface PageData {
  /** Where its bytes are; null: they are zeros. Often a larger buffer that the tape holds. */
  readonly source: Uint8Array | null;
  /** Where in it they begin. */
  readonly offset: number;
  /** Null when nobody has needed it. */
  readonly hash: Uint32Array | null;
  /** Memory that goes when nobody holds it any more. */
  readonly cost: number;
  holders: number;
}

/** Whether two pages hold the same, as far as one can tell without looking at all their bytes. */
export function isSamePage(a: PageData, b: PageData): boolean {
  if (a === b || (a.source !== null && a.source === b.source && a.offset === b.offset)) return true;
  return a.hash !== null && b.hash !== null && isSameHash(a.hash, b.hash);
}

export function isSameHash(a: Uint32Array, b: Uint32Array): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}

/** Beside its bytes a version costs some objects. */
const VERSION_COST = 120;

/** Counts the memory of all versions of all branches. */
export class PagePool {
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  hold(data: PageData): PageData {
    if (data.holders++ === 0) this.#bytes += data.cost;
    this.#bytes += VERSION_COST;
    return data;
  }

  release(data: PageData): void {
    if (--data.holders === 0) this.#bytes -= data.cost;
    this.#bytes -= VERSION_COST;
  }
}

interface Version {
  /** The checkpoint from which on the page held this: its instruction number. */
  at: number;
  readonly data: PageData;
}

export class PageHistory {
  readonly #pool: PagePool;
  /** What a page holds that has no version: zeros. */
  readonly #zero: PageData;
  readonly #versions = new Map<number, Version[]>();

  constructor(pool: PagePool, zero: PageData) {
    this.#pool = pool;
    this.#zero = zero;
  }

  /** What the page held at the latest checkpoint not behind `at`. */
  lookup(page: number, at: number): PageData {
    const versions = this.#versions.get(page);
    if (versions === undefined) return this.#zero;
    return versions[indexBefore(versions, at)]?.data ?? this.#zero;
  }

  /** Whether the page has a version that begins exactly at this checkpoint. */
  changedAt(page: number, at: number): boolean {
    const versions = this.#versions.get(page);
    return versions !== undefined && versions[indexBefore(versions, at)]?.at === at;
  }

  /** The page held `data` from the checkpoint `at` on. */
  add(page: number, at: number, data: PageData): void {
    let versions = this.#versions.get(page);
    if (versions === undefined) this.#versions.set(page, (versions = []));
    const version = { at, data: this.#pool.hold(data) };
    const index = indexBefore(versions, at) + 1;
    if (index === versions.length) versions.push(version);
    else versions.splice(index, 0, version);
  }

  /**
   * The checkpoint `at` goes: what began there begins at `next` instead, unless the page has
   * changed again by then. @returns the pages whose version now begins at `next`.
   */
  remove(at: number, pages: Iterable<number>, next: number | null): number[] {
    const moved: number[] = [];
    for (const page of pages) {
      const versions = this.#versions.get(page);
      const index = versions === undefined ? -1 : indexBefore(versions, at);
      const version = versions?.[index];
      if (versions === undefined || version?.at !== at) continue;
      if (next === null || versions[index + 1]?.at === next) {
        versions.splice(index, 1);
        this.#pool.release(version.data);
      } else {
        version.at = next;
        moved.push(page);
      }
    }
    return moved;
  }

  /** An independent copy of what was known up to `at`. */
  fork(at: number): PageHistory {
    const copy = new PageHistory(this.#pool, this.#zero);
    for (const [page, versions] of this.#versions) {
      const kept = versions.slice(0, indexBefore(versions, at) + 1).map((v) => ({ ...v }));
      for (const { data } of kept) this.#pool.hold(data);
      if (kept.length > 0) copy.#versions.set(page, kept);
    }
    return copy;
  }

  /** Lets go of everything. */
  clear(): void {
    for (const versions of this.#versions.values()) {
      for (const { data } of versions) this.#pool.release(data);
    }
    this.#versions.clear();
  }
}

/** Index of the last version not behind `at`; -1 when there is none. */
function indexBefore(versions: readonly Version[], at: number): number {
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const version = versions[middle];
    if (version !== undefined && version.at <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
