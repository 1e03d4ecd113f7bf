// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { err, ok } from '../shared/result.ts';
import { DatasetsState, sizeText, uploadPath, type FileStore } from './datasets.svelte.ts';

/** Guest files in a map. */
class FakeStore implements FileStore {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  full = false;
  #told: (paths: readonly string[]) => void = () => undefined;

  list() {
    return Promise.resolve(
      [...this.files].map(([path, bytes]) => ({ path, size: bytes.length, modified: 1 })),
    );
  }

  read(path: string) {
    return Promise.resolve(this.files.get(path) ?? null);
  }

  async write(path: string, data: Uint8Array | Blob) {
    if (this.full) return err('no room');
    const bytes = data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : data.slice();
    this.files.set(path, bytes);
    return ok(null);
  }

  remove(path: string) {
    return Promise.resolve(this.files.delete(path));
  }

  onChange(listener: (paths: readonly string[]) => void) {
    this.#told = listener;
    return () => undefined;
  }

  close() {
    this.files.clear();
  }

  /** Another context wrote a file. */
  elsewhere(path: string): void {
    this.files.set(path, new Uint8Array(3));
    this.#told([path]);
  }
}

const word = (n: number) => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];

/** Twenty test digits: number i is a (i % 10), its pixels all i. */
function withDigits(): FakeStore {
  const store = new FakeStore();
  const pixels = Array.from({ length: 20 }, (_, i) => new Array<number>(784).fill(i)).flat();
  const images = new Uint8Array([...word(0x803), ...word(20), ...word(28), ...word(28), ...pixels]);
  const labels = new Uint8Array([
    ...word(0x801),
    ...word(20),
    ...Array.from({ length: 20 }, (_, i) => i % 10),
  ]);
  for (const part of ['t10k', 'train']) {
    store.files.set(`data/digits/${part}-images-idx3-ubyte`, images);
    store.files.set(`data/digits/${part}-labels-idx1-ubyte`, labels);
  }
  store.files.set('data/weights/sigmoid.bin', new Uint8Array(203_600));
  return store;
}

function made(store: FakeStore, random = () => 0.99): DatasetsState {
  return new DatasetsState({
    openStore: () => Promise.resolve(ok(store)),
    base: 'http://localhost/',
    fetch: () => Promise.resolve(new Response(null, { status: 404 })),
    estimate: () => Promise.resolve({ usage: 5, quota: 10 }),
    random,
  });
}

describe('DatasetsState', () => {
  it('lists what is there and offers one digit of each kind', async () => {
    const datasets = made(withDigits());
    await datasets.start();
    expect(datasets.ready).toBe(true);
    expect(datasets.problem).toBeNull();
    expect(datasets.has('data/weights/sigmoid.bin')).toBe(true);
    expect(datasets.usage).toEqual({ usage: 5, quota: 10 });
    expect(datasets.samples.map((s) => s.label)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(datasets.samples.map((s) => s.index)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(datasets.samples[3]?.image[0]).toBe(13);
  });

  it('says so when the embedded data cannot be had', async () => {
    const datasets = made(new FakeStore());
    await datasets.start();
    expect(datasets.problem).toContain('weights');
  });

  it('says so when storage is refused', async () => {
    const datasets = new DatasetsState({
      openStore: () => Promise.resolve(err('The browser refuses.')),
      base: 'http://localhost/',
    });
    await datasets.start();
    expect(datasets.problem).toBe('The browser refuses.');
    expect(datasets.ready).toBe(false);
  });

  it('reports an unreachable MNIST with what to do', async () => {
    const datasets = made(withDigits());
    await datasets.start();
    await datasets.loadMnist();
    expect(datasets.mnist).toMatchObject({ kind: 'failed' });
    expect(datasets.mnist.kind === 'failed' && datasets.mnist.message).toContain('drop them here');
  });

  it('hears of files written elsewhere, adds and deletes', async () => {
    const store = withDigits();
    const datasets = made(store);
    await datasets.start();
    store.elsewhere('data/weights/trained.bin');
    await expect.poll(() => datasets.has('data/weights/trained.bin')).toBe(true);
    expect(await datasets.upload('data/mine.bin', new Blob(['abc']))).toBeNull();
    expect((await datasets.read('data/mine.bin'))?.length).toBe(3);
    await datasets.remove('data/mine.bin');
    expect(datasets.has('data/mine.bin')).toBe(false);
    store.full = true;
    expect(await datasets.upload('data/mine.bin', new Blob(['abc']))).toBe('no room');
  });

  it('names sizes and paths', () => {
    expect([12, 203_600, 47_040_016, 2e9].map(sizeText)).toEqual([
      '12 B',
      '203.6 kB',
      '47.0 MB',
      '2.0 GB',
    ]);
    expect(uploadPath('a.bin')).toEqual({ ok: true, value: 'data/a.bin' });
    expect(uploadPath('/x/a.bin')).toEqual({ ok: true, value: 'x/a.bin' });
    expect(uploadPath('  ').ok).toBe(false);
  });
});
