// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { ARGUMENT_PRESETS, splitArguments, withoutWeights } from './arguments.ts';

describe('splitArguments', () => {
  it.each([
    ['', []],
    ['  train   --epochs 3 ', ['train', '--epochs', '3']],
    ["--data 'my data' x", ['--data', 'my data', 'x']],
    ['"a \\"b\\" c"', ['a "b" c']],
    ["'a\\b'", ['a\\b']],
    ['a\\ b', ['a b']],
    ['--name=""', ['--name=']],
    ['""', ['']],
  ])('%s', (line, words) => {
    expect(splitArguments(line)).toEqual({ ok: true, value: words });
  });

  it('refuses a quote without its end', () => {
    expect(splitArguments('train "x').ok).toBe(false);
    expect(splitArguments("it's").ok).toBe(false);
  });

  it('reads all presets, each different', () => {
    const lines = ARGUMENT_PRESETS.map((preset) => preset.args);
    for (const line of lines) expect(splitArguments(line).ok).toBe(true);
    expect(new Set(lines).size).toBe(lines.length);
  });
});

it('drops the weights of another network from an argument line', () => {
  expect(withoutWeights('classify --weights data/weights/sigmoid.bin')).toBe('classify');
  expect(withoutWeights('train --weights data/weights/trained.bin --epochs 2')).toBe(
    'train --epochs 2',
  );
  expect(withoutWeights('test --data data/digits')).toBe('test --data data/digits');
});
