// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import type { OpenFile, OpenOptions } from './files.ts';
import { MemoryFiles } from './memory-files.ts';

const OPTIONS: OpenOptions = {
  ...{ read: true, write: true, create: false, exclusive: false, truncate: false },
  ...{ append: false, directory: false, noFollow: false, mode: 0o644 },
};

function open(files: MemoryFiles, options = OPTIONS): OpenFile {
  const file = files.open('f', options);
  if (typeof file === 'number') throw new Error(`open: ${file}`);
  return file;
}

describe('bytes shared with whoever has read them', () => {
  const content = Uint8Array.from({ length: 100 }, (_, i) => i);
  const changes: [string, (file: OpenFile, files: MemoryFiles) => void][] = [
    ['a write over them', (file) => file.write(new Uint8Array(20).fill(9), 40)],
    ['a write over them and the end', (file) => file.write(new Uint8Array(9000).fill(9), 90)],
    ['one through another descriptor', (_, files) => open(files).write(new Uint8Array(100), 0)],
    ['an append', (_, files) => open(files, { ...OPTIONS, append: true }).write(content, 0)],
    ['a truncation', (_, files) => open(files, { ...OPTIONS, truncate: true }).write(content, 3)],
    ['a new file of the name', (_, files) => files.put('f', new Uint8Array(100))],
  ];
  it.each(changes)('stay as they were after %s', (_, change) => {
    const files = new MemoryFiles({ f: content });
    const plain = new MemoryFiles({ f: content });
    const file = open(files);
    const all = file.share?.(0, 100);
    const part = file.share?.(30, 60);
    change(file, files);
    change(open(plain), plain);
    expect(all).toEqual(content);
    expect(part).toEqual(content.subarray(30, 90));
    expect(files.get('f')).toEqual(plain.get('f'));
  });

  it('are not worth a copy of the whole file when they are few', () => {
    expect(open(new MemoryFiles({ f: content })).share?.(0, 20)).toBeNull();
  });
});
