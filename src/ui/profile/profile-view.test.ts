// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import type { ProfileLine, ProfileNode, ProfileReport } from '../../protocol/profile.ts';
import { flameHue, flameNeighbour, flameText, layoutFlame, nodesAlong } from './flame.ts';
import { heatLevel, heatOf } from './heat.ts';
import { COLUMNS, rowsOf, sorted } from './rows.ts';

function node(
  name: string,
  address: number,
  self: number,
  ...children: ProfileNode[]
): ProfileNode {
  const total = self + children.reduce((sum, child) => sum + child.total, 0);
  return { name, address, calls: address, total, self, children };
}

/** main 100: a 60 (c 40, d 1), b 30. */
const C = node('c', 3, 40);
const A = node('a', 1, 19, C, node('d', 4, 1));
const ROOT = node('main', 0, 10, A, node('b', 2, 30));

describe('a flame graph', () => {
  const shape = (zoom: number[], narrowest = 0) =>
    layoutFlame(ROOT, zoom, narrowest).map(({ node: n, depth, x, width, above }) => [
      n.name,
      depth,
      Number(x.toFixed(4)),
      Number(width.toFixed(4)),
      ...(above ? ['above'] : []),
    ]);

  it('gives each call its part of the width, below its caller', () => {
    expect(shape([])).toEqual([
      ['main', 0, 0, 1],
      ['a', 1, 0, 0.6],
      ['c', 2, 0, 0.4],
      ['d', 2, 0.4, 0.01],
      ['b', 1, 0.6, 0.3],
    ]);
  });

  it('leaves out what is too narrow to see', () => {
    expect(shape([], 0.02).map(([name]) => name)).toEqual(['main', 'a', 'c', 'b']);
  });

  it('fills the width with what is zoomed to, its callers above', () => {
    expect(shape([1])).toEqual([
      ['main', 0, 0, 1, 'above'],
      ['a', 1, 0, 1],
      ['c', 2, 0, 0.6667],
      ['d', 2, 0.6667, 0.0167],
    ]);
    expect(nodesAlong(ROOT, [1, 3]).map(({ name }) => name)).toEqual(['main', 'a', 'c']);
  });

  it('goes as far along a path as it exists: another program may have come', () => {
    expect(shape([1, 99, 98])).toEqual(shape([1]));
    expect(layoutFlame(node('idle', 0, 0, node('never', 1, 0)), [], 0.001).length).toBe(1);
  });

  it('is walked with the arrow keys', () => {
    const boxes = layoutFlame(ROOT, [], 0);
    const to = (from: number[], key: string) => flameNeighbour(boxes, from, key)?.node.name ?? null;
    expect(to([], 'ArrowDown')).toBe('a');
    expect(to([1], 'ArrowDown')).toBe('c');
    expect(to([1, 3], 'ArrowDown')).toBeNull();
    expect(to([2], 'ArrowDown')).toBeNull();
    expect(to([1, 3], 'ArrowRight')).toBe('d');
    expect(to([1], 'ArrowRight')).toBe('b');
    expect(to([2], 'ArrowLeft')).toBe('a');
    expect(to([1], 'ArrowLeft')).toBeNull();
    expect(to([1, 4], 'ArrowUp')).toBe('a');
    expect(to([], 'ArrowUp')).toBeNull();
    expect(to([1, 4], 'Home')).toBe('main');
    expect(to([1], 'x')).toBeNull();
  });

  it('says the exact numbers', () => {
    expect(flameText(A, 100)).toEqual([
      'a, called once',
      '60 instructions with what it calls (60.0 %)',
      '19 of its own (19.0 %)',
    ]);
    expect(flameText(C, 100)[0]).toBe('c, called 3 times');
    expect(flameText(ROOT, 100)[0]).toBe('main');
    expect(flameHue('dense')).toBe(flameHue('dense'));
    for (const name of ['', 'a', 'ü', 'x'.repeat(99)]) {
      expect(flameHue(name)).toBeGreaterThanOrEqual(10);
      expect(flameHue(name)).toBeLessThanOrEqual(60);
    }
  });
});

describe('heat', () => {
  const lines: ProfileLine[] = [
    { file: 'a.asm', line: 3, count: 8000, times: 4000 },
    { file: 'a.asm', line: 5, count: 7, times: 7 },
    { file: 'b.asm', line: 3, count: 1993, times: 1993 },
  ];

  it('is measured by the hottest line', () => {
    expect([1000, 500, 499, 200, 50, 10, 9, 1, 0.5].map((n) => heatLevel(n, 1000))).toEqual([
      6, 6, 5, 5, 4, 3, 2, 2, 1,
    ]);
  });

  it('is that of the file shown, where its lines are now', () => {
    const shown = (line: number) => (line === 5 ? null : line + 10);
    expect(heatOf(lines, 10_000, 'a.asm', shown)).toEqual([
      {
        line: 13,
        level: 6,
        text: 'Executed 4,000 times: 8,000 instructions, 80.0 % of all',
      },
    ]);
    expect(heatOf(lines, 10_000, 'b.asm', (line) => line)[0]?.level).toBe(5);
    expect(heatOf(lines, 10_000, 'c.asm', (line) => line)).toEqual([]);
  });
});

describe('the tables of a profile', () => {
  const report: ProfileReport = {
    on: true,
    total: 100,
    lines: [
      { file: 'm.asm', line: 10, count: 60, times: 30 },
      { file: 'm.asm', line: 9, count: 40, times: 40 },
    ],
    functions: [
      { name: 'f', address: 8, file: 'm.asm', line: 10, self: 60, total: 60, calls: 30 },
      { name: '0x400000', address: 4, file: null, line: null, self: 40, total: 100, calls: 0 },
    ],
    classes: [
      {
        name: 'branch',
        count: 100,
        mnemonics: ['jnz', 'jz', 'jmp', 'ja', 'jb'].map((name) => ({ name, count: 20 })),
      },
    ],
    root: null,
  };
  const rows = (view: 'lines' | 'functions' | 'kinds') =>
    rowsOf(report, view, (file, line) => `text of ${file} ${line}`);

  it('show lines with their text, functions with their place, kinds with their parts', () => {
    expect(rows('lines')[0]).toMatchObject({
      name: 'm.asm:10',
      detail: 'text of m.asm 10',
      self: 60,
      times: 30,
      place: { file: 'm.asm', line: 10 },
    });
    expect(rows('functions').map((row) => [row.detail, row.place !== null, row.total])).toEqual([
      ['m.asm:10', true, 60],
      ['', false, 100],
    ]);
    const [kind] = rows('kinds');
    expect(kind?.detail).toBe('jnz, jz, jmp, ja, …');
    expect(kind?.parts.map(({ name, detail }) => `${name} ${detail}`)[4]).toBe('jb 20.0 % of them');
  });

  it('are sorted by any of their columns, either way, names by their numbers', () => {
    const names = (view: 'lines' | 'functions', column: string, down: boolean) =>
      sorted(rows(view), { column, down }).map(({ name }) => name);
    expect(names('lines', 'name', false)).toEqual(['m.asm:9', 'm.asm:10']);
    expect(names('lines', 'name', true)).toEqual(['m.asm:10', 'm.asm:9']);
    expect(names('lines', 'times', true)).toEqual(['m.asm:9', 'm.asm:10']);
    expect(names('functions', 'total', true)).toEqual(['0x400000', 'f']);
    expect(names('functions', 'self', false)).toEqual(['0x400000', 'f']);
    expect(sorted(rows('lines'), null)).toEqual(rows('lines'));
    for (const column of COLUMNS.functions) expect(column.tip).not.toBe('');
  });
});
