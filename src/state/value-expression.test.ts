// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import type { DebugInfo } from '../protocol/debug-info.ts';
import { DebugIndex } from '../shared/debug-index.ts';
import { compileExpression } from '../shared/expression/expression.ts';
import { Scope } from '../shared/expression/scope.ts';
import type { ValueLocation } from './value-actions.svelte.ts';
import { expressionOf } from './value-expression.ts';

const INFO: DebugInfo = {
  sha256: '',
  files: [],
  lines: [],
  sections: [],
  symbols: [],
  events: [],
  tensors: [
    {
      name: 'w1',
      address: 0x402000,
      type: 'f64',
      shape: [3, 5],
      axes: ['pixel', 'hidden'],
      file: 0,
      line: 1,
    },
  ],
} as unknown as DebugInfo;
const INDEX = new DebugIndex(INFO);

describe('expressionOf', () => {
  const memory = (address: number, length: number): ValueLocation => ({
    kind: 'memory',
    address,
    length,
  });

  it.each<[ValueLocation, string]>([
    [memory(0x402000 + 8 * 7, 8), 'w1[1][2]'],
    [memory(0x402000 + 8 * 7 + 3, 1), 'w1[1][2]'],
    [memory(0x402000, 16), '0x402000, 16'],
    [memory(0x500000, 4), '[0x500000].u32'],
    [memory(0x500000, 3), '0x500000, 3'],
    [{ kind: 'register', name: 'r12' }, 'r12'],
    [{ kind: 'register', name: 'xmm3' }, 'xmm3'],
    [{ kind: 'register', name: 'xmm3', lane: { offset: 8, length: 8 } }, 'xmm3.f64[1]'],
    [{ kind: 'register', name: 'xmm3', lane: { offset: 12, length: 4 } }, 'xmm3.f32[3]'],
    [{ kind: 'register', name: 'rax', lane: { offset: 0, length: 4 } }, 'rax'],
  ])('names %o', (location, text) => {
    expect(expressionOf(location, INDEX)).toBe(text);
    if (!text.includes(',')) expect(compileExpression(text, new Scope(INDEX)).ok).toBe(true);
  });
});
