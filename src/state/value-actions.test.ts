// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { locationText, ValueActions, type ValueLocation } from './value-actions.svelte.ts';

const BYTE: ValueLocation = { kind: 'memory', address: 0x402000, length: 1 };
const LANE: ValueLocation = { kind: 'register', name: 'xmm3', lane: { offset: 8, length: 8 } };

describe('value actions', () => {
  it('come in order, where they apply, until they are removed', () => {
    const actions = new ValueActions();
    const asked: string[] = [];
    const remove = actions.add({
      id: 'who',
      label: (at) => `Who wrote ${locationText(at)}?`,
      run: (at) => asked.push(locationText(at)),
    });
    actions.add({
      id: 'memory',
      label: (at) => (at.kind === 'memory' ? 'Watch' : null),
      run: () => undefined,
    });
    expect(actions.itemsFor(BYTE).map((item) => item.label)).toEqual([
      'Who wrote byte at 0x402000?',
      'Watch',
    ]);
    const [first, ...rest] = actions.itemsFor(LANE);
    expect(first?.label).toBe('Who wrote xmm3, bytes 8 to 15?');
    expect(rest).toEqual([]);
    first?.run();
    expect(asked).toEqual(['xmm3, bytes 8 to 15']);
    remove();
    expect(actions.itemsFor(BYTE).map((item) => item.id)).toEqual(['memory']);
  });

  it('replace one of the same name', () => {
    const actions = new ValueActions();
    for (const label of ['old', 'new']) {
      actions.add({ id: 'a', label: () => label, run: () => undefined });
    }
    expect(actions.itemsFor(BYTE).map((item) => item.label)).toEqual(['new']);
  });
});
