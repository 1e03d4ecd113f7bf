// SPDX-License-Identifier: GPL-2.0-or-later
import { GUEST_FLOOR, PAGE_PROT_OFFSET, PAGE_SIZE } from '../../../machine/layout.ts';
import type { GuestMemory } from '../../../machine/memory.ts';
import { hexBytes } from '../../../shared/format.ts';
import { HASH_WORDS, type PageHasher } from '../page-hash.ts';

/** Registers, page table and the hashes of all pages, as one text. */
export function stateHash(memory: GuestMemory, hasher: PageHasher): string {
  const parts = [hexBytes(memory.state.bytes)];
  const first = GUEST_FLOOR / PAGE_SIZE;
  const pages = memory.size / PAGE_SIZE;
  hasher.hash(first, pages - first, (from, hashes) => {
    for (let i = 0; i < hashes.length; i += HASH_WORDS) {
      const prot = memory.bytes[PAGE_PROT_OFFSET + from + i / HASH_WORDS] ?? 0;
      const blank = hasher.zero.every((word, k) => word === hashes[i + k]);
      if (prot === 0 && blank) continue;
      parts.push(`${from + i / HASH_WORDS}:${prot}:${hashes.slice(i, i + HASH_WORDS).join('.')}`);
    }
  });
  return parts.join(' ');
}
