// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { filterStrace, visibleRows } from './strace.ts';

const LINES = [
  { at: 1, text: 'openat(AT_FDCWD, "data/x", O_RDONLY) = -1 ENOENT', failed: true },
  { at: 2, text: 'read(0, "", 784) = 0', failed: false },
];

describe('filterStrace', () => {
  it('wants all words, in any case, and failures if asked', () => {
    expect(filterStrace(LINES, '', false)).toBe(LINES);
    expect(filterStrace(LINES, 'READ 784', false).map((l) => l.at)).toEqual([2]);
    expect(filterStrace(LINES, 'read enoent', false)).toEqual([]);
    expect(filterStrace(LINES, '', true).map((l) => l.at)).toEqual([1]);
  });
});

describe('visibleRows', () => {
  it('are those in sight and two more, never more than there are', () => {
    expect(visibleRows(0, 100, 20, 1000)).toEqual({ first: 0, end: 7 });
    expect(visibleRows(10_000, 100, 20, 1000)).toEqual({ first: 498, end: 507 });
    expect(visibleRows(0, 100, 20, 3)).toEqual({ first: 0, end: 3 });
  });
});
