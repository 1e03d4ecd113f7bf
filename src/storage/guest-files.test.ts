// SPDX-License-Identifier: GPL-2.0-or-later
import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { OpenFile, OpenOptions } from '../machine/files.ts';
import { ERRNO } from '../machine/linux/errno.ts';
import { CHUNK_SIZE } from './guest-db.ts';
import { GuestFileStore } from './guest-files.ts';
import type { StorageNotice } from './storage-notices.ts';

const READ: OpenOptions = {
  read: true,
  write: false,
  create: false,
  exclusive: false,
  truncate: false,
  append: false,
  directory: false,
  noFollow: false,
  mode: 0o644,
};
const CREATE: OpenOptions = { ...READ, write: true, create: true, truncate: true };

let databases = 0;
let name = 'unused';
const stores: GuestFileStore[] = [];

/** Whether the bytes are the same; vitest's own comparison takes seconds for a mebibyte. */
function same(a: Uint8Array | number | null, b: Uint8Array): boolean {
  return a instanceof Uint8Array && Buffer.compare(a, b) === 0;
}

/** A store on a database of its own, or one more on that of the test. */
async function store(fresh = true, notices: StorageNotice[] = []): Promise<GuestFileStore> {
  if (fresh) name = `guest-files-${++databases}`;
  const opened = await GuestFileStore.open({ name, onNotice: (notice) => notices.push(notice) });
  if (!opened.ok) throw new Error(opened.error);
  stores.push(opened.value);
  return opened.value;
}

afterEach(() => {
  vi.restoreAllMocks();
  for (const opened of stores.splice(0)) opened.close();
});

async function open(files: GuestFileStore, path: string, options = READ): Promise<OpenFile> {
  const file = await files.open(path, options);
  if (typeof file === 'number') throw new Error(`open of ${path}: ${file}`);
  return file;
}

/** Writes everything, asking again as the kernel does. @returns the bytes written or an errno. */
async function writeAll(file: OpenFile, bytes: Uint8Array, at = 0): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const n = file.write(bytes.subarray(done), at + done);
    if (typeof n !== 'number') await n;
    else if (n < 0) return n;
    else done += n;
  }
  return done;
}

async function readAll(file: OpenFile, length: number, at = 0): Promise<Uint8Array | number> {
  const into = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const n = file.read(into.subarray(done), at + done);
    if (typeof n !== 'number') await n;
    else if (n < 0) return n;
    else if (n === 0) break;
    else done += n;
  }
  return into.subarray(0, done);
}

function pattern(length: number, seed = 7): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0, x = seed; i < length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    bytes[i] = x >>> 24;
  }
  return bytes;
}

describe('the file manager', () => {
  it('imports, lists, reads and removes', async () => {
    const files = await store();
    const big = pattern(2 * CHUNK_SIZE + 12345);
    const stored: number[] = [];
    expect(await files.write('data/mnist/b', big, (n) => stored.push(n))).toEqual({
      ok: true,
      value: null,
    });
    expect(stored).toEqual([CHUNK_SIZE, 2 * CHUNK_SIZE, big.length]);
    await files.write('data/mnist/a', new Blob([pattern(10), pattern(5)]));
    const list = await files.list();
    expect(list.map(({ path, size }) => [path, size])).toEqual([
      ['data/mnist/a', 15],
      ['data/mnist/b', big.length],
    ]);
    expect(same(await files.read('data/mnist/b'), big)).toBe(true);
    expect(await files.read('missing')).toBeNull();
    expect(await files.remove('data/mnist/b')).toBe(true);
    expect(await files.remove('data/mnist/b')).toBe(false);
    expect(await files.read('data/mnist/b')).toBeNull();
  });

  it.each(['', '/x', 'a//b', '../x', 'a/./b', 'x/', 'data', 'there/below', 'a\0b'])(
    'refuses the name %j',
    async (path) => {
      const files = await store();
      await files.write('there', pattern(1));
      expect(await files.write(path, pattern(1))).toMatchObject({ ok: false });
      expect(await files.list()).toHaveLength(1);
    },
  );

  it('survives a reload, and another tab sees the same', async () => {
    const first = await store();
    const second = await store(false);
    const seen: string[] = [];
    const told = new Promise<void>((resolve) => {
      second.onChange((paths) => {
        seen.push(...paths);
        resolve();
      });
    });
    await first.write('f', pattern(100));
    await told;
    expect(seen).toEqual(['f']);
    expect(await second.read('f')).toEqual(pattern(100));
    first.close();
    expect(await (await store(false)).read('f')).toEqual(pattern(100));
  });
});

describe('the guest', () => {
  it('writes over chunk borders, and all of it is there after close', async () => {
    const files = await store();
    const bytes = pattern(3 * CHUNK_SIZE + 99);
    const file = await open(files, 'data/weights/w', CREATE);
    expect(await writeAll(file, bytes)).toBe(bytes.length);
    expect(file.stat()).toMatchObject({ kind: 'file', size: bytes.length });
    expect(await readAll(file, 1000, CHUNK_SIZE - 500)).toEqual(
      bytes.subarray(CHUNK_SIZE - 500, CHUNK_SIZE + 500),
    );
    const other = await store(false);
    expect((await other.list())[0]?.size).toBe(0); // made, and nothing stored yet
    expect(await file.close()).toBe(0);
    expect(same(await other.read('data/weights/w'), bytes)).toBe(true);
    const again = await open(other, 'data/weights/w');
    expect(same(await readAll(again, bytes.length + 10), bytes)).toBe(true);
  });

  it('shares what was read, and whoever has it keeps it whatever is written later', async () => {
    const files = await store();
    const bytes = pattern(CHUNK_SIZE + 1000);
    await files.write('f', bytes);
    const file = await open(files, 'f', { ...READ, write: true });
    await readAll(file, bytes.length);
    const first = file.share?.(0, CHUNK_SIZE) ?? null;
    const second = file.share?.(CHUNK_SIZE, 1000) ?? null;
    expect(file.share?.(10, 100)).toBeNull(); // too little of it
    await writeAll(file, new Uint8Array(bytes.length + CHUNK_SIZE).fill(9));
    expect(same(first, bytes.subarray(0, CHUNK_SIZE))).toBe(true);
    expect(same(second, bytes.subarray(CHUNK_SIZE))).toBe(true);
    expect(await readAll(file, 2, CHUNK_SIZE - 1)).toEqual(new Uint8Array([9, 9]));
    expect(await file.close()).toBe(0);
    expect((await files.read('f'))?.every((byte) => byte === 9)).toBe(true);
  });

  it('stores at fsync, changes parts, appends, leaves holes', async () => {
    const files = await store();
    const other = await store(false);
    await files.write('f', pattern(CHUNK_SIZE + 10));
    const file = await open(files, 'f', { ...READ, write: true });
    await writeAll(file, new Uint8Array([1, 2, 3]), CHUNK_SIZE - 1);
    await writeAll(file, new Uint8Array([9]), 3 * CHUNK_SIZE);
    expect(await file.sync()).toBe(0);
    const expected = new Uint8Array(3 * CHUNK_SIZE + 1);
    expected.set(pattern(CHUNK_SIZE + 10));
    expected.set([1, 2, 3], CHUNK_SIZE - 1);
    expected.set([9], 3 * CHUNK_SIZE);
    expect(same(await other.read('f'), expected)).toBe(true);
    const log = await open(files, 'f', { ...READ, read: false, write: true, append: true });
    await writeAll(log, new Uint8Array([8]), 0);
    expect(file.stat()).toMatchObject({ size: expected.length + 1 }); // one file, two descriptors
    await log.close();
    await file.close();
    expect((await other.read('f'))?.at(-1)).toBe(8);
  });

  it('knows the directories of the project, and those that files make', async () => {
    const files = await store();
    await files.write('my/own/file', pattern(3));
    const kind = async (path: string): Promise<string | number> => {
      const file = await files.open(path, READ);
      if (typeof file === 'number') return file;
      const stat = file.stat();
      return typeof stat === 'number' ? stat : stat.kind;
    };
    expect(await kind('data/weights')).toBe('directory');
    expect(await kind('my/own')).toBe('directory');
    expect(await kind('my/own/../own/file')).toBe('file');
    expect(await kind('my/other')).toBe(-ERRNO.ENOENT);
    expect(await kind('my/own/file/x')).toBe(-ERRNO.ENOTDIR);
    expect(await files.open('nowhere/x', CREATE)).toBe(-ERRNO.ENOENT);
    expect(await files.open('data/x', { ...CREATE, exclusive: true })).toHaveProperty('path');
    expect(await files.open('data/x', { ...CREATE, exclusive: true })).toBe(-ERRNO.EEXIST);
  });

  it('replaces a file by rename, while readers keep the old one', async () => {
    const files = await store();
    await files.write('w', pattern(2 * CHUNK_SIZE, 1));
    const reader = await open(files, 'w');
    const writer = await open(files, 'w.new', CREATE);
    await writeAll(writer, pattern(1000, 2));
    await writer.close();
    expect(await files.rename('w.new', 'w')).toBe(0);
    expect((await files.list()).map(({ path }) => path)).toEqual(['w']);
    expect(await files.read('w')).toEqual(pattern(1000, 2));
    expect(same(await readAll(reader, 2 * CHUNK_SIZE), pattern(2 * CHUNK_SIZE, 1))).toBe(true);
    await reader.close();
    const raw = await openDB(name);
    expect(await raw.count('chunks')).toBe(1); // the old chunks went with the last reader
    raw.close();
    expect(await files.rename('missing', 'x')).toBe(-ERRNO.ENOENT);
    expect(await files.rename('w', 'data')).toBe(-ERRNO.EISDIR);
  });

  it('renames what was written before the close too', async () => {
    const files = await store();
    const file = await open(files, 'a', CREATE);
    await writeAll(file, pattern(50));
    expect(await files.rename('a', 'b')).toBe(0);
    await writeAll(file, pattern(10, 3), 50);
    await file.close();
    expect(await files.read('b')).toHaveLength(60);
    expect(await files.read('a')).toBeNull();
  });

  it('keeps an unlinked file as long as it is open', async () => {
    const files = await store();
    const file = await open(files, 'tmp', CREATE);
    await writeAll(file, pattern(CHUNK_SIZE * 2));
    expect(await files.unlink('tmp')).toBe(0);
    expect(await file.sync()).toBe(0);
    expect(await readAll(file, 5)).toEqual(pattern(5));
    expect(await files.list()).toEqual([]);
    await file.close();
    const raw = await openDB(name);
    expect(await raw.count('chunks')).toBe(0);
    raw.close();
    expect(await files.unlink('tmp')).toBe(-ERRNO.ENOENT);
    expect(await files.unlink('data')).toBe(-ERRNO.EISDIR);
  });

  it('shrinks for all who have it open when it is truncated', async () => {
    const files = await store();
    await files.write('f', pattern(100));
    const reader = await open(files, 'f');
    const writer = await open(files, 'f', CREATE);
    expect(reader.stat()).toMatchObject({ size: 0 });
    await writeAll(writer, pattern(3, 5));
    expect(await readAll(reader, 10)).toEqual(pattern(3, 5));
    await writer.close();
    expect(await files.read('f')).toEqual(pattern(3, 5));
  });

  it('never mixes contents when another tab replaces the file', async () => {
    const files = await store();
    await files.write('f', pattern(CHUNK_SIZE * 2, 1));
    const reader = await open(files, 'f');
    expect(await readAll(reader, 10)).toEqual(pattern(10, 1));
    await (await store(false)).write('f', pattern(CHUNK_SIZE * 2, 2));
    expect(await readAll(reader, 10, CHUNK_SIZE)).toBe(-ERRNO.ESTALE);
    const reopened = await open(files, 'f');
    expect(await readAll(reopened, 10)).toEqual(pattern(10, 2));
  });

  it('holds a 47 MB file without reading it whole', async () => {
    const files = await store();
    const big = new Blob(Array.from({ length: 47 }, (_, i) => new Uint8Array(CHUNK_SIZE).fill(i)));
    await files.write('data/mnist/train', big);
    const started = performance.now();
    const file = await open(files, 'data/mnist/train');
    expect(await readAll(file, 1, 46 * CHUNK_SIZE)).toEqual(new Uint8Array([46]));
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('when the browser refuses', () => {
  it('says ENOSPC and tells the user when there is no room', async () => {
    const notices: StorageNotice[] = [];
    const files = await store(true, notices);
    await files.write('f', pattern(20));
    const file = await open(files, 'f', { ...READ, write: true });
    await writeAll(file, pattern(100, 2));
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    expect(await file.sync()).toBe(-ERRNO.ENOSPC);
    expect(notices.map(({ kind }) => kind)).toEqual(['quota']);
    expect(await files.open('g', CREATE)).toBe(-ERRNO.ENOSPC);
    expect(await files.write('h', pattern(5))).toMatchObject({ ok: false });
    put.mockRestore();
    expect(await file.close()).toBe(0);
    expect(await files.read('f')).toEqual(pattern(20)); // the old bytes, all of them
  });

  it('meets an endless writer with ENOSPC during the write, not with endless memory', async () => {
    const files = await store();
    const file = await open(files, 'f', CREATE);
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    const piece = pattern(CHUNK_SIZE);
    let at = 0;
    let result = 0;
    while (result >= 0 && at < 100 * CHUNK_SIZE) {
      result = await writeAll(file, piece, at);
      at += CHUNK_SIZE;
    }
    expect(result).toBe(-ERRNO.ENOSPC);
    expect(at).toBeLessThan(20 * CHUNK_SIZE);
  });

  it('says EFBIG far out', async () => {
    const file = await open(await store(), 'f', CREATE);
    expect(file.write(new Uint8Array(1), 2 ** 41)).toBe(-ERRNO.EFBIG);
  });

  it('gives way to a newer version in another tab', async () => {
    const notices: StorageNotice[] = [];
    await store(true, notices);
    const newer = await openDB(name, 99);
    expect(notices.map(({ kind }) => kind)).toEqual(['outdated']);
    const older = await GuestFileStore.open({ name });
    expect(older.ok ? 'opened' : older.error).toMatch(/newer Glassbox/);
    newer.close();
  });
});
