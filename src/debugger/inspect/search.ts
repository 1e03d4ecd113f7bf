// SPDX-License-Identifier: GPL-2.0-or-later
/** Finding bytes in guest memory, a piece at a time, so that the machine stays responsive. */
import { GUEST_FLOOR, PAGE_SIZE, PROT_MAPPED } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { SearchRequest, SearchResult } from '../../protocol/inspect.ts';

/** Bytes of mapped memory looked through in one call. */
export const PIECE = 32 * 2 ** 20;
const LONGEST_PATTERN = 4096;
const MOST_HITS = 10_000;

/** The next mapped stretch [start, end) from `from` on, or null. */
function stretchFrom(memory: GuestMemory, from: number): { start: number; end: number } | null {
  const mapped = (at: number): boolean => (memory.protectionAt(at) & PROT_MAPPED) !== 0;
  let start = Math.max(GUEST_FLOOR, from);
  while (start < memory.size && !mapped(start)) start += PAGE_SIZE - (start % PAGE_SIZE);
  if (start >= memory.size) return null;
  let end = start;
  while (end < memory.size && mapped(end)) end += PAGE_SIZE - (end % PAGE_SIZE);
  return { start, end };
}

function matches(
  bytes: Uint8Array,
  at: number,
  pattern: Uint8Array,
  mask: Uint8Array | null,
): boolean {
  for (let i = 0; i < pattern.length; i++) {
    const difference = (bytes[at + i] ?? 0) ^ (pattern[i] ?? 0);
    if ((difference & (mask?.[i] ?? 0xff)) !== 0) return false;
  }
  return true;
}

/** Hits that begin in [from, to) and lie within [from, end). */
function scan(
  bytes: Uint8Array,
  from: number,
  to: number,
  end: number,
  request: SearchRequest,
  hits: number[],
  limit: number,
): number {
  const { pattern, mask, align } = request;
  const first = mask === null || mask[0] === 0xff ? (pattern[0] ?? 0) : null;
  const last = Math.min(to, end - pattern.length + 1);
  const heads = bytes.subarray(0, Math.max(0, last));
  let at = Math.ceil(from / align) * align;
  while (at < last) {
    if (align === 1 && first !== null) {
      // The host's own search is many times faster than a loop.
      at = heads.indexOf(first, at);
      if (at < 0) break;
    }
    if (matches(bytes, at, pattern, mask)) {
      hits.push(at);
      if (hits.length >= limit) return at + align;
    }
    at += align;
  }
  return to;
}

/** See `InspectApi.search`. A pattern that is empty or too long is found nowhere. */
export function searchMemory(memory: GuestMemory, request: SearchRequest): SearchResult {
  const { pattern } = request;
  const limit = Math.max(1, Math.min(request.limit, MOST_HITS));
  const hits: number[] = [];
  if (pattern.length === 0 || pattern.length > LONGEST_PATTERN) return { hits, next: null };
  let at = Math.max(0, Math.floor(request.from));
  let left = PIECE;
  for (;;) {
    const stretch = stretchFrom(memory, at);
    if (stretch === null) return { hits, next: null };
    const to = Math.min(stretch.end, stretch.start + left);
    const bytes = memory.bytes.subarray(0, stretch.end);
    const next = scan(bytes, stretch.start, to, stretch.end, request, hits, limit);
    if (hits.length >= limit) return { hits, next };
    left -= to - stretch.start;
    at = to;
    if (left <= 0) return { hits, next: at };
  }
}
