// SPDX-License-Identifier: GPL-2.0-or-later
/** The assembler and its sources for programs under Node. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAssembler } from '../assembler/assembler.ts';
import type { AssemblerApi } from '../protocol/assembler.ts';

const NASM_WASM = new URL('../../wasm/nasm/nasm.wasm', import.meta.url);

/** Endings of files that are text; all others are bytes for incbin. */
const TEXT = /\.(?:asm|inc|mac|nasm|s|txt|md)$/i;

export async function nodeAssembler(): Promise<AssemblerApi> {
  return createAssembler(await WebAssembly.compile(await readFile(NASM_WASM)));
}

/**
 * All files below `dir`, hidden ones left out.
 * @returns path relative to `dir`, with `/`, to text or bytes, in order of the paths.
 */
export async function readSourceTree(dir: string): Promise<Record<string, string | Uint8Array>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(dir, '/').length))
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.split('/').some((part) => part.startsWith('.')))
    .sort();
  const tree: Record<string, string | Uint8Array> = {};
  for (const path of paths) {
    const bytes = await readFile(join(dir, path));
    tree[path] = TEXT.test(path) ? bytes.toString('utf8') : new Uint8Array(bytes);
  }
  return tree;
}
