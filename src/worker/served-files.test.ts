// SPDX-License-Identifier: GPL-2.0-or-later
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { servedFiles } from './served-files.ts';

const REPOSITORY = new URL('../../', import.meta.url);
const PAGE = 'http://page.example/deep/';

describe('servedFiles', () => {
  it('puts the weights and digits that the page serves where programs look for them', async () => {
    const { files, problems } = await servedFiles(PAGE, async (url) => {
      const bytes = await readFile(new URL(url.slice(PAGE.length), REPOSITORY));
      return new Response(new Uint8Array(bytes));
    });
    expect(problems).toEqual([]);
    const open = { read: true, write: false, create: false, exclusive: false, truncate: false };
    const options = { ...open, append: false, directory: false, noFollow: false, mode: 0 };
    for (const [path, size] of [
      ['data/weights/sigmoid.bin', 203_600],
      ['data/digits/t10k-labels-idx1-ubyte', 1008],
    ] as const) {
      const file = await files.open(path, options);
      if (typeof file === 'number') throw new Error(`${path}: ${file}`);
      expect(file.stat()).toMatchObject({ kind: 'file', size });
    }
  });

  it('says what it could not fetch, and has an empty file system all the same', async () => {
    const gone = (): Promise<Response> => Promise.resolve(new Response(null, { status: 404 }));
    const { problems } = await servedFiles(PAGE, gone);
    expect(problems).toHaveLength(2);
    expect(problems.join()).toMatch(/weights.*404.*digits.*404/);
  });
});
