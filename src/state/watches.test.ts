// SPDX-License-Identifier: GPL-2.0-or-later
import { beforeEach, describe, expect, it } from 'vitest';
import type { Evaluation } from '../protocol/breakpoints.ts';
import { memoryStore, type Store } from './store.ts';
import { FakeMachine } from './testing/fake-machine.ts';
import { Watches } from './watches.svelte.ts';

let fake: FakeMachine;
let store: Store;
let watches: Watches;

function value(number: number): Evaluation {
  return { ok: true, type: 'u64', text: String(number), number, address: null };
}

function idOf(text: string): number {
  return watches.list.find((watch) => watch.text === text)?.id ?? -1;
}

beforeEach(() => {
  fake = new FakeMachine();
  store = memoryStore();
  watches = new Watches(fake, store);
});

describe('the watch list', () => {
  it('remembers the values of earlier stops, and what changed', async () => {
    watches.add(' rcx ');
    const id = idOf('rcx');
    for (const [at, number] of [
      [1, 10],
      [5, 10],
      [9, 8],
    ] as const) {
      fake.values.set('rcx', value(number));
      await watches.refresh(at);
    }
    expect(watches.valueOf(id).history.map(({ at, number }) => [at, number])).toEqual([
      [1, 10],
      [5, 10],
      [9, 8],
    ]);
    expect(watches.previousOf(id)?.text).toBe('10');
    fake.values.set('rcx', value(10));
    await watches.refresh(5); // back in time
    expect(watches.valueOf(id).history.length).toBe(2);
    expect(watches.previousOf(id)).toBeNull();
  });

  it('shows what is wrong with an expression and keeps its history', async () => {
    watches.add('[rdi]');
    fake.values.set('[rdi]', value(1));
    await watches.refresh(1);
    fake.values.set('[rdi]', { ok: false, column: 1, length: 5, message: 'Not mapped.' });
    await watches.refresh(2);
    const { now, history } = watches.valueOf(idOf('[rdi]'));
    expect(now).toMatchObject({ ok: false, column: 1 });
    expect(history.length).toBe(1);
  });

  it('is kept between visits, with formats', () => {
    watches.add('rax', 'hex');
    watches.add('');
    watches.add('rbx');
    watches.setFormat(idOf('rbx'), 'binary');
    watches.change(idOf('rax'), 'rax + 1');
    const again = new Watches(fake, store);
    expect(again.list.map(({ text, format }) => [text, format])).toEqual([
      ['rax + 1', 'hex'],
      ['rbx', 'binary'],
    ]);
    watches.change(idOf('rbx'), ' ');
    expect(new Watches(fake, store).list.length).toBe(1);
  });

  it('takes the latest answer when several are under way', async () => {
    watches.add('rcx');
    fake.values.set('rcx', value(1));
    const first = watches.refresh(1);
    fake.values.set('rcx', value(2));
    await Promise.all([first, watches.refresh(2)]);
    expect(watches.valueOf(idOf('rcx')).history.map(({ at }) => at)).toEqual([2]);
  });
});
