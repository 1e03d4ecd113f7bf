// SPDX-License-Identifier: GPL-2.0-or-later
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IndexedDbProjectStore, storageMessage, type FileChange } from './projects.ts';

let counter = 0;
let name = '';
const stores: IndexedDbProjectStore[] = [];

function open(): IndexedDbProjectStore {
  const store = new IndexedDbProjectStore(name);
  stores.push(store);
  return store;
}

beforeEach(() => {
  name = `test-project-${counter++}`;
});

afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});

describe('IndexedDbProjectStore', () => {
  it('keeps files and hands them to the next session', async () => {
    const first = open();
    expect(await first.save('math/exp.asm', 'ret\n', 0)).toEqual({ ok: true, value: 1 });
    expect(await first.save('math/exp.asm', 'nop\nret\n', 1)).toEqual({ ok: true, value: 2 });
    expect(await first.save('mine.asm', 'x', 0)).toEqual({ ok: true, value: 1 });
    const loaded = await open().load();
    expect(loaded.ok && [...loaded.value]).toEqual([
      ['math/exp.asm', { text: 'nop\nret\n', revision: 2 }],
      ['mine.asm', { text: 'x', revision: 1 }],
    ]);
  });

  it('refuses a write upon a stale revision and shows what is there', async () => {
    const [mine, theirs] = [open(), open()];
    await mine.save('a.asm', 'one', 0);
    await theirs.save('a.asm', 'two', 1);
    expect(await mine.save('a.asm', 'three', 1)).toEqual({
      ok: false,
      error: { kind: 'conflict', theirs: { text: 'two', revision: 2 } },
    });
    const loaded = await mine.load();
    expect(loaded.ok && loaded.value.get('a.asm')?.text).toBe('two');
  });

  it('remembers that an edit was taken back, so that a stale tab cannot revive it', async () => {
    const [mine, theirs] = [open(), open()];
    await mine.save('a.asm', 'edited', 0);
    await mine.save('a.asm', null, 1);
    const late = await theirs.save('a.asm', 'edited again', 1);
    expect(late.ok).toBe(false);
  });

  it('tells the other tabs of a write, not the writer', async () => {
    const [mine, theirs] = [open(), open()];
    const heardByMe: FileChange[] = [];
    mine.onChange((change) => heardByMe.push(change));
    const heard = new Promise<FileChange>((resolve) => theirs.onChange(resolve));
    await mine.save('a.asm', 'text', 0);
    expect(await heard).toEqual({ path: 'a.asm', text: 'text', revision: 1 });
    expect(heardByMe).toEqual([]);
  });

  it('says what a full or refused storage means', () => {
    expect(storageMessage(new DOMException('', 'QuotaExceededError'))).toMatch(/no room/);
    expect(storageMessage(new DOMException('', 'SecurityError'))).toMatch(/private window/);
    expect(storageMessage(new Error('disk on fire'))).toMatch(/disk on fire/);
  });
});
