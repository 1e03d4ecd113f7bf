// SPDX-License-Identifier: GPL-2.0-or-later
/** Moments of the recording that the user wants to find again. */
import type { Timeline } from '../protocol/time.ts';

export interface Bookmark {
  readonly id: number;
  readonly branch: number;
  /** Instructions since the start. */
  readonly at: number;
  readonly note: string;
}

export class TimeBookmarks {
  readonly #timeline: () => Timeline;
  #all = $state.raw<readonly Bookmark[]>([]);
  #next = 1;

  constructor(timeline: () => Timeline) {
    this.#timeline = timeline;
  }

  /** Those on the way to this branch's end, in order: of its parents too, before it left them. */
  get list(): readonly Bookmark[] {
    const parts = this.#parts();
    return this.#all.filter((mark) =>
      parts.some(({ branch, until }) => branch === mark.branch && mark.at <= until),
    );
  }

  /** Marks the moment shown, unless it is marked. */
  add(note = ''): void {
    const { branch, position: at } = this.#timeline();
    if (this.list.some((mark) => mark.at === at)) return;
    const added = { id: this.#next++, branch, at, note };
    this.#all = [...this.#all, added].sort((a, b) => a.at - b.at);
  }

  annotate(id: number, note: string): void {
    this.#all = this.#all.map((mark) => (mark.id === id ? { ...mark, note } : mark));
  }

  remove(id: number): void {
    this.#all = this.#all.filter((mark) => mark.id !== id);
  }

  clear(): void {
    this.#all = [];
  }

  /** The branches that led here, and up to where each is this one's past. */
  #parts(): readonly { readonly branch: number; readonly until: number }[] {
    const { branch, branches } = this.#timeline();
    const parts = [{ branch, until: Infinity }];
    let until = Infinity;
    let child = branches.find(({ id }) => id === branch);
    while (child !== undefined && child.parent !== null) {
      const { parent, forkedAt } = child;
      until = Math.min(until, forkedAt);
      parts.push({ branch: parent, until });
      child = branches.find(({ id }) => id === parent);
    }
    return parts;
  }
}
