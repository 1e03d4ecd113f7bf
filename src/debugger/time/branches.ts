// SPDX-License-Identifier: GPL-2.0-or-later
/** All branches of a recording, which of them the machine is in, and the memory that they take. */
import type { Branch } from './branch.ts';
import type { PagePool } from './page-history.ts';
import type { TimeFiles } from './time-files.ts';

/** Bytes that a recording may take, unless told otherwise. */
export const DEFAULT_BUDGET = 256 * 2 ** 20;

export class Branches {
  readonly #pool: PagePool;
  readonly #files: TimeFiles | null;
  readonly #branches = new Map<number, Branch>();
  #current: Branch;
  #nextId = 1;
  /** Bytes that all may take. */
  budget: number;

  /** @param pool counts the pages of the checkpoints */
  constructor(first: Branch, pool: PagePool, files: TimeFiles | null, budget = DEFAULT_BUDGET) {
    this.#current = first;
    this.#branches.set(first.id, first);
    this.#pool = pool;
    this.#files = files;
    this.budget = budget;
  }

  get current(): Branch {
    return this.#current;
  }

  get all(): readonly Branch[] {
    return [...this.#branches.values()];
  }

  /** Bytes in use. */
  get bytes(): number {
    let bytes = this.#pool.bytes + (this.#files?.bytes ?? 0);
    for (const branch of this.#branches.values()) bytes += branch.bytes;
    return bytes;
  }

  get(id: number): Branch | null {
    return this.#branches.get(id) ?? null;
  }

  /** The machine goes on in another of them. */
  enter(branch: Branch): void {
    this.#current = branch;
  }

  /** Begins a branch at a moment of the current one, behind so many entries of its tape. */
  fork(at: number, entries: number): void {
    this.#current = this.#current.fork(this.#nextId++, at, entries);
    this.#branches.set(this.#current.id, this.#current);
  }

  /** Lets one go that is not the current one. @returns false when it is, or there is none. */
  discard(id: number): boolean {
    const branch = this.#branches.get(id);
    if (branch === undefined || branch === this.#current) return false;
    branch.checkpoints.clear();
    return this.#branches.delete(id);
  }

  /**
   * Lets go of what is missed least until all is within the budget.
   * @param forget may let the beginning of the current branch go, and says whether it could
   */
  economise(forget: () => boolean): void {
    const { checkpoints } = this.#current;
    while (checkpoints.tooMany && checkpoints.thin());
    while (this.bytes > this.budget) {
      if (checkpoints.thin()) continue;
      const others = this.all.filter((branch) => branch !== this.#current);
      if (others.some((branch) => branch.checkpoints.thin())) continue;
      if (!forget()) break;
    }
  }

  clear(): void {
    for (const branch of this.#branches.values()) branch.checkpoints.clear();
  }
}
