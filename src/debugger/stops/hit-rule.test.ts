// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { parseHitRule } from './hit-rule.ts';

function meant(text: string): number[] {
  const rule = parseHitRule(text);
  if (!rule.ok) throw new Error(rule.error.message);
  return [1, 2, 3, 4, 5, 6, 7, 8].filter(rule.value);
}

describe('a hit rule', () => {
  it.each([
    ['', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['5', [5]],
    ['= 5', [5]],
    ['==5', [5]],
    [' >= 7 ', [7, 8]],
    ['> 7', [8]],
    ['> 0', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['% 3', [3, 6]],
  ])('%j means %j', (text, hits) => expect(meant(text)).toEqual(hits));

  it.each(['often', '>= -1', '= 0', '% 0', '5 times'])('%j is refused', (text) => {
    const rule = parseHitRule(text);
    expect(rule.ok).toBe(false);
    if (!rule.ok) expect(rule.error.column).toBeGreaterThan(0);
  });
});
