// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What the pages of RAM held at the checkpoints: for each page the versions it went through, each
 * from one checkpoint on. Versions are shared between branches of the timeline and counted.
 */

/** The contents of one page, immutable. */
export interface PageData {
  /** 4,096 bytes; null stands for zeros. May be part of a larger buffer that the tape holds. */
  readonly bytes: Uint8Array | null;
  readonly hash: Uint32Array;
  /** Memory that goes when nobody holds it any more. */
  readonly cost: number;
  holders: number;
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
    versions.splice(indexBefore(versions, at) + 1, 0, { at, data: this.#pool.hold(data) });
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
