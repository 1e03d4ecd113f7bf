// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { compileCondition, compileExpression } from '../../shared/expression/expression.ts';
import { Scope } from '../../shared/expression/scope.ts';
import { EXAMPLES } from './expression-help.ts';
import { matching } from './palette-match.ts';
import { sparkline } from './sparkline.ts';

describe('the palette', () => {
  const all = [
    { title: 'Step back over', key: 'Alt+F10' },
    { title: 'Step over', key: 'F10' },
    { title: 'Run to the next call' },
    { title: 'Recall the call', key: 'F1' },
  ];
  const titles = (text: string): string[] => matching(all, text, () => true).map((c) => c.title);

  it('finds by words in any order, by their beginnings first', () => {
    expect(titles('over st')).toEqual(['Step back over', 'Step over']);
    expect(titles('call')).toEqual(['Run to the next call', 'Recall the call']);
    expect(titles('nothing')).toEqual([]);
    expect(titles('').length).toBe(4);
  });

  it('finds by key, and leaves out what cannot be used', () => {
    expect(titles('f10')).toEqual(['Step over']);
    expect(matching(all, 'step', ({ key }) => key !== 'F10').length).toBe(1);
  });
});

describe('a sparkline', () => {
  it('spans its box from the least to the greatest value', () => {
    expect(sparkline([0, 5, 10])).toBe('M2.0 16.0L40.0 9.0L78.0 2.0');
  });

  it('leaves gaps where there is no number, and is none without two', () => {
    expect(sparkline([0, NaN, 10, 10])).toMatch(/^M2\.0 16\.0M52\.7 2\.0L78\.0 2\.0$/);
    expect(sparkline([1, NaN])).toBeNull();
    expect(sparkline([3, 3])).toBe('M2.0 9.0L78.0 9.0');
  });
});

describe('the help on expressions', () => {
  it.each(EXAMPLES)('shows one that is understood: $text', ({ text, watchpoint }) => {
    const scope = new Scope(null);
    const known = text.replace('_start', '0x400000');
    const compiled =
      watchpoint === true
        ? compileCondition(known, scope, { watched: { kind: 'float', bits: 64 } })
        : known.includes('hits')
          ? compileCondition(known, scope)
          : compileExpression(known, scope);
    expect(compiled).toMatchObject({ ok: true });
  });
});
