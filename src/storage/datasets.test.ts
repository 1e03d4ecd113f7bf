// SPDX-License-Identifier: GPL-2.0-or-later
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { IDX_FILES, writeIdxImages, writeIdxLabels } from '../nn/idx.ts';
import type { IdxFileName } from '../nn/idx.ts';
import { DataSets } from './datasets.ts';
import type { DataStore, LoadProgress } from './datasets.ts';
import { gunzip } from './gzip.ts';
import type { GivenFile } from './mnist-files.ts';

const BASE = 'https://page.example/glassbox/';
const GOOGLE = 'https://storage.googleapis.com/cvdf-datasets/mnist/';
const AMAZON = 'https://ossci-datasets.s3.amazonaws.com/mnist/';

const MNIST: Record<IdxFileName, Uint8Array> = {
  'train-images-idx3-ubyte': writeIdxImages(new Uint8Array(60_000 * 784), 28, 28),
  'train-labels-idx1-ubyte': writeIdxLabels(new Uint8Array(60_000).fill(1)),
  't10k-images-idx3-ubyte': writeIdxImages(new Uint8Array(10_000 * 784), 28, 28),
  't10k-labels-idx1-ubyte': writeIdxLabels(new Uint8Array(10_000).fill(2)),
};
const PACKED = new Map(IDX_FILES.map((name) => [name, new Uint8Array(gzipSync(MNIST[name]))]));

class FakeStore implements DataStore {
  readonly files = new Map<string, Uint8Array>();
  /** Writes of paths that match fail. */
  refuse: RegExp | null = null;

  read(path: string): Promise<Uint8Array | null> {
    return Promise.resolve(this.files.get(path) ?? null);
  }
  write(path: string, bytes: Uint8Array): Promise<void> {
    if (this.refuse?.test(path) === true) return Promise.reject(new Error('quota exceeded'));
    this.files.set(path, bytes);
    return Promise.resolve();
  }
  remove(path: string): Promise<void> {
    this.files.delete(path);
    return Promise.resolve();
  }
  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.files.keys()]);
  }
}

/** A world with a page, its store and what the web answers; `null` is a network error. */
function world(web: (url: string) => Uint8Array | string | number | null) {
  const store = new FakeStore();
  const asked: string[] = [];
  const sets = new DataSets(store, BASE, (url, { signal }) => {
    asked.push(url);
    if (signal?.aborted === true) return Promise.reject(new Error('aborted'));
    const answer = web(url);
    if (answer === null) return Promise.reject(new TypeError('fetch failed'));
    if (typeof answer === 'number') return Promise.resolve(new Response(null, { status: answer }));
    const body = typeof answer === 'string' ? answer : new Uint8Array(answer);
    const headers = { 'Content-Length': String(answer.length) };
    return Promise.resolve(new Response(body, { headers }));
  });
  return { store, asked, sets };
}

/** Serves the packed files under one address and nothing elsewhere. */
function only(base: string, elsewhere: number | string | null = 404) {
  return (url: string) => (url.startsWith(base) ? (PACKED.get(nameOf(url)) ?? 404) : elsewhere);
}

function nameOf(url: string): IdxFileName {
  return url.split('/').at(-1)?.replace(/\.gz$/, '') as IdxFileName;
}

function given(name: string, bytes: Uint8Array): GivenFile {
  return {
    name,
    size: bytes.length,
    arrayBuffer: () => Promise.resolve(new Uint8Array(bytes).buffer),
  };
}

function message(result: { ok: true } | { ok: false; error: unknown }): string {
  if (result.ok) return '';
  return typeof result.error === 'string' ? result.error : JSON.stringify(result.error);
}

describe('loadMnist from the network', () => {
  it('takes the page server first, unpacked, with progress', async () => {
    const { store, asked, sets } = world((url) =>
      url.startsWith(`${BASE}data/mnist/`) ? MNIST[nameOf(url)] : 404,
    );
    const seen: LoadProgress[] = [];
    const result = await sets.loadMnist({ from: 'network', onProgress: (p) => seen.push(p) });
    expect(result).toEqual({ ok: true, value: null });
    expect(asked).toEqual(IDX_FILES.map((name) => `${BASE}data/mnist/${name}`));
    for (const name of IDX_FILES) {
      expect(store.files.get(`data/mnist/${name}`)?.length).toBe(MNIST[name].length);
    }
    expect(await sets.has('mnist')).toBe(true);
    expect(seen.at(-1)).toEqual({
      file: 't10k-labels-idx1-ubyte',
      done: 3,
      received: 10_008,
      total: 10_008,
      source: "the page's server",
    });
  });

  it('falls through the mirrors without asking a failing one twice', async () => {
    const { store, asked, sets } = world(only(AMAZON, null));
    expect((await sets.loadMnist({ from: 'network' })).ok).toBe(true);
    expect(asked.slice(0, 4).map((url) => url.replace(IDX_FILES[0], 'F'))).toEqual([
      `${BASE}data/mnist/F`,
      `${BASE}data/mnist/F.gz`,
      `${GOOGLE}F.gz`,
      `${AMAZON}F.gz`,
    ]);
    expect(asked).toHaveLength(7);
    expect(
      Buffer.compare(
        store.files.get('data/mnist/t10k-labels-idx1-ubyte') ?? Buffer.of(),
        MNIST['t10k-labels-idx1-ubyte'],
      ),
    ).toBe(0);
  });

  it('is not fooled by a host that answers everything with the page', async () => {
    const { sets } = world(only(GOOGLE, '<!doctype html><title>Glassbox</title>'));
    expect((await sets.loadMnist({ from: 'network' })).ok).toBe(true);
  });

  it('says what failed and what to do when nothing answers', async () => {
    const { store, sets } = world((url) => (url.startsWith(BASE) ? 404 : null));
    const result = await sets.loadMnist({ from: 'network' });
    expect(message(result)).toMatch(
      /"unreachable".*the page's server: HTTP status 404.*amazonaws\.com: not reachable.*by hand and drop them here/,
    );
    expect(store.files.size).toBe(0);
  });

  it('stops when aborted, with nothing stored', async () => {
    const control = new AbortController();
    const { store, sets } = world((url) => {
      if (url.includes('t10k')) control.abort();
      return only(GOOGLE)(url);
    });
    const result = await sets.loadMnist({ from: 'network', signal: control.signal });
    expect(result).toEqual({ ok: false, error: { kind: 'aborted' } });
    expect(store.files.size).toBe(0);
  });

  it('leaves nothing half stored when the storage is full', async () => {
    const { store, sets } = world(only(GOOGLE));
    store.refuse = /t10k-labels/;
    const result = await sets.loadMnist({ from: 'network' });
    expect(message(result)).toMatch(/"storage".*did not take the files: quota exceeded/);
    expect(store.files.size).toBe(0);
  });
});

describe('loadMnist from files given by hand', () => {
  it('knows them by their content, packed or not, under any name', async () => {
    const { store, sets } = world(() => 404);
    const files = IDX_FILES.map((name, i) =>
      given(`download(${i}).bin`, i % 2 === 0 ? (PACKED.get(name) ?? Buffer.of()) : MNIST[name]),
    ).reverse();
    expect(await sets.loadMnist({ from: files })).toEqual({ ok: true, value: null });
    expect(store.files.get('data/mnist/train-labels-idx1-ubyte')?.[8]).toBe(1);
    expect(store.files.get('data/mnist/t10k-labels-idx1-ubyte')?.[8]).toBe(2);
    await sets.removeMnist();
    expect(store.files.size).toBe(0);
  });

  it('names what is missing and what is something else', async () => {
    const { store, sets } = world(() => 404);
    const result = await sets.loadMnist({
      from: [
        given('holiday.jpg', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)),
        given('few', writeIdxLabels(new Uint8Array(5))),
        given('small', writeIdxImages(new Uint8Array(60_000), 1, 1)),
        given('cut.gz', (PACKED.get('train-images-idx3-ubyte') ?? Buffer.of()).slice(0, 999)),
        given('labels', MNIST['t10k-labels-idx1-ubyte']),
      ],
    });
    expect(
      !result.ok && result.error.kind === 'bad-files' && result.error.message.split('\n'),
    ).toEqual([
      'holiday.jpg: not an IDX file of images or labels: magic 0xffd8ffe0, expected 0x00000803 or 0x00000801',
      'few: 5 labels, MNIST has 60000 for training and 10000 for tests',
      'small: images of 1 x 1 pixels, MNIST has 28 x 28',
      'cut.gz: the gzip data are damaged or cut short',
      'Missing: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte. ' +
        'Give all four MNIST files together.',
    ]);
    expect(store.files.size).toBe(0);
  });
});

describe('ensureDigits and ensureWeights', () => {
  const labels = writeIdxLabels(Uint8Array.of(4));
  const image = writeIdxImages(new Uint8Array(784), 28, 28);
  const digits = (url: string, sums: string): Uint8Array | string | number => {
    if (url === `${BASE}data/digits/SHA256SUMS`) return sums;
    if (!url.startsWith(`${BASE}data/digits/`)) return 404;
    return new Uint8Array(gzipSync(url.includes('labels') ? labels : image));
  };

  it('unpack the digits once, and again when the page has other ones', async () => {
    let sums = 'first\n';
    const { store, asked, sets } = world((url) => digits(url, sums));
    expect(await sets.ensureDigits()).toEqual({ ok: true, value: null });
    expect(store.files.get('data/digits/train-labels-idx1-ubyte')).toEqual(labels);
    expect(await sets.has('digits')).toBe(true);
    expect(asked).toHaveLength(5);
    await sets.ensureDigits();
    expect(asked).toHaveLength(6);
    sums = 'second\n';
    await sets.ensureDigits();
    expect(asked).toHaveLength(11);
  });

  it('do without the network once the digits are there', async () => {
    let online = true;
    const { sets } = world((url) => (online ? digits(url, 'sums') : null));
    await sets.ensureDigits();
    online = false;
    expect((await sets.ensureDigits()).ok).toBe(true);
  });

  it('say so when the digits are missing or damaged', async () => {
    expect(message(await world(() => 404).sets.ensureDigits())).toBe(
      'The embedded digits could not be loaded: HTTP status 404',
    );
    expect(message(await world(() => 'no IDX file').sets.ensureDigits())).toMatch(
      /^The embedded digits are damaged: train-images-idx3-ubyte: not an IDX file/,
    );
  });

  it('put the weights there, but never over trained ones', async () => {
    const weights = new Uint8Array(203_600).fill(5);
    const { store, asked, sets } = world((url) =>
      url === `${BASE}data/weights/sigmoid.bin` ? weights : 404,
    );
    expect((await sets.ensureWeights()).ok).toBe(true);
    expect(store.files.get('data/weights/sigmoid.bin')?.every((byte) => byte === 5)).toBe(true);
    store.files.set('data/weights/sigmoid.bin', Uint8Array.of(1));
    expect((await sets.ensureWeights()).ok).toBe(true);
    expect(store.files.get('data/weights/sigmoid.bin')).toEqual(Uint8Array.of(1));
    expect(asked).toHaveLength(1);
    expect(message(await world(() => 'short').sets.ensureWeights())).toBe(
      'The trained weights have 5 bytes, not 203600.',
    );
  });

  it('bring each program its own weights, and none to one that has none', async () => {
    const { store, asked, sets } = world((url) =>
      url === `${BASE}data/weights/relu.bin` ? new Uint8Array(437_544) : 404,
    );
    expect((await sets.ensureWeights('relu')).ok).toBe(true);
    expect(store.files.get('data/weights/relu.bin')?.length).toBe(437_544);
    expect((await sets.ensureWeights('hello')).ok).toBe(true);
    expect(asked).toHaveLength(1);
  });
});

describe('gunzip', () => {
  it('stops at its limit', async () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(5_000_000)));
    expect(await gunzip(bomb, 1_000_000)).toEqual({
      ok: false,
      error: 'unpacks to more than 1000000 bytes',
    });
    expect((await gunzip(bomb, 5_000_000)).ok).toBe(true);
  });
});
