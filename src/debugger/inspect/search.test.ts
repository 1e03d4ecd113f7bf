// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import { GuestMemory } from '../../machine/memory.ts';
import type { SearchRequest } from '../../protocol/inspect.ts';
import { addr } from '../../shared/brand.ts';
import { PIECE, searchMemory } from './search.ts';

const RW = PROT.read | PROT.write;

function memory(): GuestMemory {
  const made = new GuestMemory(64 * 2 ** 20);
  made.protect(addr(0x400000), 2 * PAGE_SIZE, RW);
  made.protect(addr(0x500000), PAGE_SIZE, RW);
  return made;
}

function request(text: string | readonly number[], more: Partial<SearchRequest> = {}) {
  const pattern = typeof text === 'string' ? new TextEncoder().encode(text) : Uint8Array.from(text);
  return { pattern, mask: null, from: 0, align: 1, limit: 100, ...more };
}

describe('search', () => {
  it('finds every place, over page borders and in each stretch, in order', () => {
    const ram = memory();
    const put = (at: number) => ram.write(addr(at), new TextEncoder().encode('abab'));
    for (const at of [0x400000, 0x400ffe, 0x401ffc, 0x500ffc]) put(at);
    expect(searchMemory(ram, request('abab'))).toEqual({
      hits: [0x400000, 0x400ffe, 0x401ffc, 0x500ffc],
      next: null,
    });
    // Overlapping ones too.
    ram.write(addr(0x400100), new TextEncoder().encode('aaaa'));
    expect(searchMemory(ram, request('aa', { from: 0x400100, limit: 3 })).hits).toEqual([
      0x400100, 0x400101, 0x400102,
    ]);
  });

  it('does not join what is not adjacent, nor look at what is not mapped', () => {
    const ram = memory();
    ram.write(addr(0x401ffe), Uint8Array.of(1, 2));
    ram.write(addr(0x402000), Uint8Array.of(3, 4));
    expect(searchMemory(ram, request([1, 2, 3, 4])).hits).toEqual([]);
    expect(searchMemory(ram, request([3, 4])).hits).toEqual([]);
    expect(searchMemory(ram, request([1, 2])).hits).toEqual([0x401ffe]);
  });

  it('keeps to an alignment and to a mask', () => {
    const ram = memory();
    ram.write(addr(0x400003), Uint8Array.of(0x12, 0x34));
    ram.write(addr(0x400008), Uint8Array.of(0x12, 0x35));
    expect(searchMemory(ram, request([0x12, 0x34], { align: 8 })).hits).toEqual([]);
    const mask = Uint8Array.of(0xff, 0xfe);
    expect(searchMemory(ram, request([0x12, 0x34], { mask })).hits).toEqual([0x400003, 0x400008]);
    expect(searchMemory(ram, request([0x12, 0x35], { align: 8 })).hits).toEqual([0x400008]);
  });

  it('goes on where it stopped: at the limit, and after a piece', () => {
    const ram = memory();
    ram.protect(addr(0x600000), PIECE + PAGE_SIZE, RW);
    for (const at of [0x400000, 0x400004, 0x600000 + PIECE]) ram.write(addr(at), Uint8Array.of(9));
    const first = searchMemory(ram, request([9], { limit: 1 }));
    expect(first.hits).toEqual([0x400000]);
    const found: number[] = [];
    let from: number | null = first.next;
    let pieces = 0;
    while (from !== null) {
      const result = searchMemory(ram, request([9], { from }));
      found.push(...result.hits);
      from = result.next;
      pieces++;
    }
    expect(found).toEqual([0x400004, 0x600000 + PIECE]);
    expect(pieces).toBe(2);
  });

  it('finds nothing of nothing', () => {
    expect(searchMemory(memory(), request(''))).toEqual({ hits: [], next: null });
    expect(searchMemory(new GuestMemory(2 ** 22), request('a'))).toEqual({ hits: [], next: null });
  });
});
