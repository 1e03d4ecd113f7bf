// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { DebugIndex } from '../../shared/debug-index.ts';
import { MemoryView } from '../../state/memory-view.svelte.ts';
import { DEBUG, FakeMachine } from '../../state/testing/fake-machine.ts';
import { addressText, asciiText, describeByte, numberTexts, rowShape } from './cells.ts';
import { interpretations, placeFacts, pointerAt, textAt } from './interpret.ts';
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
    expect(describeByte(await view(), null, 0x412800)).toContain('not mapped');
    expect(describeByte(await view(), null, 0x402010)).toContain('in .data: byte 72');
  });
});

describe('the inspector', () => {
  it('reads the bytes as everything at once, text and pointers included', async () => {
    const fake = new FakeMachine();
    new Uint8Array(new Float64Array([-0.5]).buffer).forEach((b, i) =>
      fake.memory.set(0x402000 + i, b),
    );
    new TextEncoder().encode('hello').forEach((c, i) => fake.memory.set(0x402010 + i, c));
    [0x10, 0x20, 0x40].forEach((b, i) => fake.memory.set(0x402020 + i, b));
    const view = new MemoryView(fake);
    await view.loadRegions();
    await view.read(0x402000, 0x100, 1);
    const rows = interpretations(view, 0x402000);
    expect(rows.find((row) => row.format === 'f64')).toEqual({
      format: 'f64',
      text: '-0.5',
      bits: '0xbfe0000000000000',
    });
    expect(rows.find((row) => row.format === 'u64')?.text).toBe('13826050856027422720');
    // At the end of what is mapped only the small ones are left.
    expect(interpretations(view, 0x402ffe).map((row) => row.format)).toEqual(
      rows.map((row) => row.format).filter((format) => /^(u16|i16|u8|i8|b8|char)$/.test(format)),
    );
    expect(textAt(view, 0x402010)).toBe('hello');
    expect(textAt(view, 0x402000)).toBeNull();
    expect(pointerAt(view, 0x402020)).toBe(0x402010);
    expect(pointerAt(view, 0x402000)).toBeNull();
    const index = new DebugIndex(DEBUG);
    expect(placeFacts(view, index, 0x402009)).toEqual({
      place: '0x402009, .data, rw-',
      symbol: 'table+0x9',
      lens: 'w[pixel 1] f64 = 0, byte 1 of 8',
    });
  });
});
