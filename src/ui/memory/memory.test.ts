// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { DebugIndex } from '../../shared/debug-index.ts';
import { MemoryView } from '../../state/memory-view.svelte.ts';
import { DEBUG, FakeMachine } from '../../state/testing/fake-machine.ts';
import { addressText, asciiText, describeByte, numberTexts, rowShape } from './cells.ts';
import { isExact, rowAt, scrollHeight, scrollOf, SCROLL_LIMIT } from './scroll.ts';

describe('scrolling', () => {
  const small = { rows: 1000, rowHeight: 20, view: 400 };
  const huge = { rows: 30_000_000, rowHeight: 20, view: 400 };

  it('is exact while the area can be', () => {
    expect(isExact(small)).toBe(true);
    expect(scrollHeight(small)).toBe(20_000);
    expect(rowAt(scrollOf(137, small), small)).toBe(137);
  });

  it('reaches both ends of an area that cannot', () => {
    expect(isExact(huge)).toBe(false);
    expect(scrollHeight(huge)).toBe(SCROLL_LIMIT);
    expect(rowAt(0, huge)).toBe(0);
    expect(rowAt(SCROLL_LIMIT - huge.view, huge)).toBe(huge.rows - 20);
    expect(rowAt(SCROLL_LIMIT, huge)).toBe(huge.rows - 20);
    for (const row of [1, 12_345, 29_000_000]) expect(rowAt(scrollOf(row, huge), huge)).toBe(row);
  });
});

describe('rows', () => {
  it('take what fits', () => {
    expect(rowShape(100, 'f64')).toEqual({ bytes: 16, ascii: true });
    expect(rowShape(64, 'f64')).toEqual({ bytes: 8, ascii: true });
    expect(rowShape(50, 'f64')).toEqual({ bytes: 8, ascii: false });
    expect(rowShape(80, 'none')).toEqual({ bytes: 16, ascii: true });
    expect(rowShape(50, 'f32')).toEqual({ bytes: 4, ascii: false });
    expect(rowShape(20, 'f64').bytes).toBe(8);
  });

  it('show addresses in eight digits, or twelve', () => {
    expect(addressText(0x401000)).toBe('00401000');
    expect(addressText(0x7fff_0000_0000)).toBe('7fff00000000');
  });
});

describe('a view', () => {
  async function view(): Promise<MemoryView> {
    const fake = new FakeMachine();
    const bytes = new Uint8Array(new Float64Array([0.1307, -1 / 3]).buffer);
    bytes.forEach((byte, i) => fake.memory.set(0x402000 + i, byte));
    new TextEncoder().encode('Hi\n').forEach((c, i) => fake.memory.set(0x402010 + i, c));
    const made = new MemoryView(fake);
    await made.loadRegions();
    await made.read(0x401f00, 0x300, 1);
    return made;
  }
  const index = new DebugIndex(DEBUG);

  it('shows characters, dots and blanks', async () => {
    expect(asciiText(await view(), 0x402010, 4)).toBe('Hi··');
    expect(asciiText(await view(), 0x401ffe, 2)).toBe('  ');
  });

  it('shows numbers in ten characters, blanks where not mapped', async () => {
    expect(numberTexts(await view(), 0x402000, 16, 'f64')).toEqual(['0.1307', '-0.3333333']);
    expect(numberTexts(await view(), 0x401ff0, 16, 'f64')).toEqual(['', '']);
    expect(numberTexts(await view(), 0x402000, 16, 'none')).toEqual([]);
  });

  it('says what a byte means', async () => {
    expect(describeByte(await view(), index, 0x40200b)).toBe(
      'w[pixel 1] f64 = -0.3333333333333333, byte 3 of 8',
    );
    expect(describeByte(await view(), index, 0x402011)).toContain('table+0x11: byte 105');
    expect(describeByte(await view(), index, 0x401fff)).toContain('not mapped');
    expect(describeByte(await view(), null, 0x402800)).toContain('not mapped');
    expect(describeByte(await view(), null, 0x402010)).toContain('in .data: byte 72');
  });
});
