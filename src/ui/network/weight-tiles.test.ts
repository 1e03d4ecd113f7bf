// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { tileAt, tilesFor } from './weight-tiles.ts';

describe('the pictures of the neurons', () => {
  it.each([
    [32, 320, 8, 4],
    [128, 320, 8, 16],
    [10, 320, 8, 2],
    [3, 320, 3, 1],
    [5, 20, 1, 5],
    [5, 0, 1, 5],
  ])('%i in %i pixels: %i columns, %i rows', (count, width, columns, rows) => {
    const tiles = tilesFor(count, width);
    expect(tiles.columns).toBe(columns);
    expect([tiles.width, tiles.height]).toEqual([columns * 31 + 3, rows * 31 + 3]);
  });

  it('are found again at every place of theirs, and nowhere else', () => {
    const tiles = tilesFor(10, 160);
    for (let n = 0; n < 10; n++) {
      const { x, y } = tiles.place(n);
      expect(tileAt(tiles, 10, x, y)).toBe(n);
      expect(tileAt(tiles, 10, x + 27.9, y + 27.9)).toBe(n);
    }
    expect(tileAt(tiles, 10, 3 * 31, 2 * 31 + 5)).toBeNull();
    expect(tileAt(tiles, 10, -1, 5)).toBeNull();
    expect(tileAt(tiles, 10, 4 * 31 + 2, 5)).toBeNull();
  });
});
