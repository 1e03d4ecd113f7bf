// SPDX-License-Identifier: GPL-2.0-or-later
/** What a translation relies on: bytes of code, and what its code may access without asking. */
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import { accessible } from './protection.ts';
import type { Range } from './ranges.ts';
import type { Region } from './region.ts';
import type { Window } from './vars.ts';

/** A run of guest bytes that a translation was made from, and what they were. */
interface Source {
  readonly start: number;
  readonly bytes: Uint8Array;
}

export interface Grounds {
  readonly sources: readonly Source[];
  /** Pages of fixed addresses, each with the `PROT` bits that were taken for granted. */
  readonly assumed: ReadonlyMap<number, number>;
  /** Ranges of RAM that are taken to be accessible, by the `PROT` bits needed. */
  readonly ranges: ReadonlyMap<Range, number>;
}

/** @param assumed see `Grounds`; filled while the region was compiled. */
export function groundsOf(
  memory: GuestMemory,
  region: Region,
  assumed: ReadonlyMap<number, number>,
  windows: readonly Window[],
): Grounds {
  const spans = region.blocks
    .flatMap((b) => {
      const last = b.insns.at(-1);
      return last ? [{ start: b.ip, end: last.next }] : [];
    })
    .sort((a, b) => a.start - b.start);
  const merged: { start: number; end: number }[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else merged.push({ ...span });
  }
  const sources = merged.map(({ start, end }) => ({
    start,
    bytes: memory.bytes.slice(start, end),
  }));
  const ranges = new Map<Range, number>();
  for (const { fixed, need } of windows) {
    if (fixed) ranges.set(fixed, (ranges.get(fixed) ?? 0) | need);
  }
  return { sources, assumed, ranges };
}

/** Whether a page may be written to without anybody looking: a store into code must be noticed. */
export function storesFreely(memory: GuestMemory, page: number): boolean {
  return (memory.protectionAt(page * PAGE_SIZE) & PROT.exec) === 0;
}

/** Whether the translation could be made again, just as it is; never so of writable code. */
export function hold({ sources, assumed, ranges }: Grounds, memory: GuestMemory): boolean {
  const allowed = (start: number, end: number, need: number): boolean => {
    if (!accessible(memory, start, end - start, need)) return false;
    return (
      (need & PROT.write) === 0 || pages(start, end - start).every((p) => storesFreely(memory, p))
    );
  };
  return (
    sources.every((s) => pages(s.start, s.bytes.length).every((p) => onlyRuns(memory, p))) &&
    !sources.some((s) => differs(s, memory)) &&
    [...assumed].every(([page, need]) => allowed(page * PAGE_SIZE, (page + 1) * PAGE_SIZE, need)) &&
    [...ranges].every(([range, need]) => allowed(range.start, range.end, need))
  );
}

/** Tells memory where the translation may store without asking. */
export function expectStores({ assumed, ranges }: Grounds, memory: GuestMemory): void {
  for (const [page, need] of assumed) {
    if ((need & PROT.write) !== 0) memory.expectStores(page * PAGE_SIZE, PAGE_SIZE);
  }
  for (const [{ start, end }, need] of ranges) {
    if ((need & PROT.write) !== 0) memory.expectStores(start, end - start);
  }
}

/** Whether any byte that it was made from lies in the range. */
export function madeFrom({ sources }: Grounds, start: number, length: number): boolean {
  return sources.some((s) => overlaps(s, start, length));
}

/** Whether any run of bytes that reaches into the range is no longer what it was. */
export function changedIn(
  { sources }: Grounds,
  memory: GuestMemory,
  start: number,
  length: number,
): boolean {
  return sources.some((s) => overlaps(s, start, length) && differs(s, memory));
}

/** Numbers of the pages that bytes and fixed accesses lie on. */
export function pagesOf(grounds: Grounds): Set<number> {
  return new Set([...grounds.assumed.keys(), ...codePages(grounds)]);
}

/** Numbers of the pages that bytes lie on. */
export function codePages({ sources }: Grounds): Set<number> {
  return new Set(sources.flatMap((s) => pages(s.start, s.bytes.length)));
}

/** Numbers of the pages of a range. */
export function pages(start: number, length: number): number[] {
  const first = Math.floor(start / PAGE_SIZE);
  const last = Math.floor((start + length - 1) / PAGE_SIZE);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function onlyRuns(memory: GuestMemory, page: number): boolean {
  return (memory.protectionAt(page * PAGE_SIZE) & (PROT.exec | PROT.write)) === PROT.exec;
}

function overlaps(s: Source, start: number, length: number): boolean {
  return s.start < start + length && start < s.start + s.bytes.length;
}

function differs(source: Source, memory: GuestMemory): boolean {
  const now = memory.bytes;
  return source.bytes.some((b, i) => now[source.start + i] !== b);
}
