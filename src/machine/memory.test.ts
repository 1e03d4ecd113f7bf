// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { addr } from '../shared/brand.ts';
import { PAGE_SIZE, PROT } from './layout.ts';
import { GuestMemory } from './memory.ts';

const AT = addr(0x40_0000);
const READ_WRITE = PROT.read | PROT.write;

describe('mapped regions', () => {
  it('joins neighbours of equal protection and keeps others apart', () => {
    const memory = new GuestMemory();
    memory.protect(AT, PAGE_SIZE, READ_WRITE);
    memory.protect(addr(AT + PAGE_SIZE), PAGE_SIZE, READ_WRITE);
    memory.protect(addr(AT + 2 * PAGE_SIZE), PAGE_SIZE, PROT.read);
    expect(memory.regions()).toEqual([
      { start: AT, end: AT + 2 * PAGE_SIZE, prot: READ_WRITE },
      { start: AT + 2 * PAGE_SIZE, end: AT + 3 * PAGE_SIZE, prot: PROT.read },
    ]);
  });

  it('is the same array until a mapping changes, and tells observers of the new state', () => {
    const memory = new GuestMemory();
    memory.protect(AT, PAGE_SIZE, PROT.read);
    const before = memory.regions();
    memory.write(AT, Uint8Array.of(1));
    expect(memory.regions()).toBe(before);
    const seen: number[] = [];
    memory.observe({
      written: () => undefined,
      remapped: () => seen.push(memory.regions().length),
    });
    memory.unmap(AT, PAGE_SIZE);
    expect(seen).toEqual([0]);
    expect(before).toHaveLength(1);
  });
});
