// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { DEBUG } from '../../state/testing/fake-machine.ts';
import { filterOutline, outlineOf } from './outline.ts';

describe('the outline', () => {
  const all = outlineOf(DEBUG);
  const names = (filter: string, kind: Parameters<typeof filterOutline>[2] = 'all') =>
    filterOutline(all, filter, kind).map((entry) => `${entry.kind} ${entry.name}`);

  it('lists sections, functions, data, tensors and events by address', () => {
    expect(names('')).toEqual([
      'section .text',
      'function _start',
      'event forward_begin',
      'function helper',
      'section .data',
      'data table',
      'tensor w',
    ]);
    expect(all.find((entry) => entry.name === 'w')).toMatchObject({
      size: 16,
      detail: 'f64[2], pixel',
      file: 'main.asm',
      line: 30,
    });
  });

  it('filters by name, file, detail and kind; local labels come when asked for', () => {
    expect(names('start')).toEqual(['function _start', 'label _start.loop']);
    expect(names('', 'label')).toEqual(['label _start.loop']);
    expect(names('lib.inc')).toEqual(['function helper']);
    expect(names('PIXEL f64')).toEqual(['tensor w']);
    expect(names('', 'event')).toEqual(['event forward_begin']);
    expect(names('nothing')).toEqual([]);
  });
});
