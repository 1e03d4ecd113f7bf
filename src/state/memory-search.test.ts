// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { bitsText } from '../shared/elements.ts';
import { MemorySearch, parsePattern, type SearchKind } from './memory-search.svelte.ts';
import { FakeMachine } from './testing/fake-machine.ts';

function pattern(text: string, kind: SearchKind): string {
  const parsed = parsePattern(text, kind);
  if (!parsed.ok) return parsed.error;
  const { pattern, mask, align } = parsed.value;
  return `${bitsText(pattern)} ${mask === null ? 'all' : bitsText(mask)} ${align}`;
}

function machine(): FakeMachine {
  const fake = new FakeMachine();
  fake.mapped = [
    { start: 0x402000, end: 0x402100, prot: 'rw-', name: '.data' },
    { start: 0x500000, end: 0x500100, prot: 'rw-', name: 'heap' },
  ];
  for (const at of [0x402010, 0x402050, 0x500020]) {
    new TextEncoder().encode('key').forEach((byte, i) => fake.memory.set(at + i, byte));
  }
  return fake;
}

describe('patterns', () => {
  it('are bytes, text and numbers', () => {
    expect(pattern('48 89 e5', 'bytes')).toBe('0xe58948 all 1');
    expect(pattern('0x4889', 'bytes')).toBe('0x8948 all 1');
    expect(pattern('48 ?9', 'bytes')).toBe('0x0948 0x0fff 1');
    expect(pattern('ab', 'text')).toBe('0x6261 all 1');
    expect(pattern('0.5', 'f64')).toBe('0x3fe0000000000000 all 8');
    expect(pattern('-1', 'i16')).toBe('0xffff all 2');
  });

  it('say what is wrong with them', () => {
    expect(pattern('', 'bytes')).toContain('Type bytes');
    expect(pattern('488', 'bytes')).toContain('one is missing');
    expect(pattern('pear', 'bytes')).toContain('not a row of hexadecimal bytes');
    expect(pattern('', 'text')).toContain('Type the text');
    expect(pattern('x', 'f32')).toContain('not a number');
  });
});

describe('a search', () => {
  it('goes through all of memory, piece by piece, and starts where one is', async () => {
    const fake = machine();
    const search = new MemorySearch(fake);
    expect(search.summary).toBe('');
    expect(await search.start('key', 'text', 0x402040)).toBe(0x402050);
    expect(search.hits).toEqual([0x402010, 0x402050, 0x500020]);
    expect(fake.calls).toEqual(['search', 'search']);
    expect(search.summary).toBe('2 of 3');
    expect(search.current).toEqual({ start: 0x402050, end: 0x402053 });
    expect(search.step(1)).toBe(0x500020);
    expect(search.step(1)).toBe(0x402010);
    expect(search.step(-1)).toBe(0x500020);
  });

  it('says when nothing is found, or the pattern is none, or the machine is gone', async () => {
    const fake = machine();
    const search = new MemorySearch(fake);
    expect(await search.start('lock', 'text', 0)).toBeNull();
    expect(search.summary).toBe('Not found');
    expect(search.step(1)).toBeNull();
    await search.start('zz', 'bytes', 0);
    expect(search.summary).toContain('not a row');
    fake.crash('out');
    await search.start('key', 'text', 0);
    expect(search.summary).toBe('The machine does not answer.');
  });

  it('can be given up, and a new one ends an old one', async () => {
    const search = new MemorySearch(machine());
    const first = search.start('key', 'text', 0);
    expect(search.running).toBe(true);
    search.cancel();
    expect(await first).toBeNull();
    expect(search.running).toBe(false);
    const old = search.start('key', 'text', 0);
    const next = search.start('e', 'text', 0);
    expect(await old).toBeNull();
    expect(await next).toBe(0x402011);
    expect(search.hits).toHaveLength(3);
  });
});
