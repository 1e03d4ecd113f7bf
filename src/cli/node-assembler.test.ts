// SPDX-License-Identifier: GPL-2.0-or-later
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeAssembler, readSourceTree } from './node-assembler.ts';

test('reads a tree of texts and bytes and assembles it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'glassbox-tree-'));
  try {
    await mkdir(join(dir, 'b', 'c'), { recursive: true });
    await mkdir(join(dir, '.git'));
    await writeFile(join(dir, 'z.asm'), 'incbin "b/c/blob.bin"\n%include "b/a.inc"\n');
    await writeFile(join(dir, 'b', 'a.inc'), 'db 9\n');
    await writeFile(join(dir, 'b', 'c', 'blob.bin'), Uint8Array.of(0xff, 0xfe));
    await writeFile(join(dir, '.hidden.asm'), '');
    await writeFile(join(dir, '.git', 'x.asm'), '');
    for (const spelled of [dir, `${dir}/`]) {
      const tree = await readSourceTree(spelled);
      expect(Object.keys(tree)).toEqual(['b/a.inc', 'b/c/blob.bin', 'z.asm']);
      expect(tree['b/a.inc']).toBe('db 9\n');
      expect(tree['b/c/blob.bin']).toEqual(Uint8Array.of(0xff, 0xfe));
      const result = await (await nodeAssembler()).assemble({ sources: tree, main: 'z.asm' });
      expect(result.ok && [...result.image]).toEqual([0xff, 0xfe, 9]);
    }
  } finally {
    await rm(dir, { recursive: true });
  }
});
