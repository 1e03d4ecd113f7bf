// SPDX-License-Identifier: GPL-2.0-or-later
/** Short ways to the assembler for tests. */
import { readFileSync } from 'node:fs';
import type { AssembleResult, AssemblerApi, SourceTree } from '../../protocol/assembler.ts';
import type { DebugInfo } from '../../protocol/debug-info.ts';
import { createAssembler } from '../assembler.ts';

const NASM_WASM = new URL('../../../wasm/nasm/nasm.wasm', import.meta.url);

let shared: AssemblerApi | undefined;

export function testAssembler(): AssemblerApi {
  shared ??= createAssembler(new WebAssembly.Module(readFileSync(NASM_WASM)));
  return shared;
}

export type AssembledWell = Extract<AssembleResult, { ok: true }>;

/** @param sources the tree, or the text of `main.asm`, which gets `bits 64` on its first line. */
export function assemble(sources: SourceTree | string): Promise<AssembleResult> {
  const tree = typeof sources === 'string' ? { 'main.asm': `bits 64\n${sources}` } : sources;
  return testAssembler().assemble({ sources: tree, main: 'main.asm' });
}

/** @throws Error with the diagnostics when it does not assemble. */
export async function assembleWell(sources: SourceTree | string): Promise<AssembledWell> {
  const result = await assemble(sources);
  if (!result.ok) throw new Error(say(result).join('\n'));
  return result;
}

export function say({ diagnostics }: AssembleResult): string[] {
  return diagnostics.map((d) => `${d.file}:${d.line}: ${d.severity}: ${d.text}`);
}

/** The line table as `file:line` to `address+length` in hexadecimal, in order of the address. */
export function lineTable({ files, lines }: DebugInfo): string[] {
  const rows: string[] = [];
  for (let i = 0; i < lines.length; i += 4) {
    const [address, length, file, line] = lines.slice(i, i + 4) as [number, number, number, number];
    rows.push(`${address.toString(16)}+${length} ${String(files[file])}:${line}`);
  }
  return rows;
}
