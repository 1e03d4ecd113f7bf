// SPDX-License-Identifier: GPL-2.0-or-later
/** The command as a whole, on a program of a few instructions. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeAssembler, readSourceTree } from './node-assembler.ts';

const VIEW = fileURLToPath(new URL('jit-view.ts', import.meta.url));
const TSX = fileURLToPath(new URL('../../node_modules/tsx/dist/cli.mjs', import.meta.url));
const ASM = fileURLToPath(new URL('../../asm', import.meta.url));

const SOURCE = `%include "include/elf.inc"
section .rodata
one: dq 1.0
section .data
dq 0
section .bss
resq 1
section .text
_start:
    mov ecx, 3
count_down:
    addsd xmm0, [one]
    dec ecx
    jnz count_down
    ud2
%include "include/elf_end.inc"
`;

let image: string;

function view(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TSX, VIEW, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, out: stdout, err: stderr };
}

beforeAll(async () => {
  const main = 'loop.asm';
  const sources = { ...(await readSourceTree(ASM)), [main]: SOURCE };
  const made = await (await nodeAssembler()).assemble({ sources, main });
  if (!made.ok) throw new Error(made.diagnostics.map(({ text }) => text).join('\n'));
  image = join(mkdtempSync(join(tmpdir(), 'glassbox-view-')), 'loop');
  writeFileSync(image, made.image);
  writeFileSync(`${image}.debug.json`, JSON.stringify(made.debug));
});
afterAll(() => rmSync(join(image, '..'), { recursive: true }));

it('shows a loop in its three forms', () => {
  const { status, out } = view(image, 'count_down');
  expect(status).toBe(0);
  const [assembly, form, wasm] = out.split('====').slice(1);
  expect(assembly).toMatch(/addsd xmm0.*\n\s*dec ecx\n\s*jne? /);
  expect(form).toContain('i32.sub');
  expect(wasm).toMatch(/loop[\s\S]*i32\.sub/);
});

it('shows them side by side', () => {
  const { status, out } = view('--columns', image, '_start');
  expect(status).toBe(0);
  expect(out.split('\n')[0]).toMatch(/^assembly +\| intermediate form +\| WebAssembly/);
});

it('says what it does not understand', () => {
  expect(view('--help')).toMatchObject({ status: 0, err: '' });
  expect(view('--sideways', image).err).toContain('--sideways');
  const lost = view(image, 'count');
  expect(lost.status).toBe(2);
  expect(lost.err).toContain('neither an address nor a symbol');
  expect(lost.err).toContain('there are count_down');
  expect(view(`${image}2`, 'x').err).toContain('there is no file');
});
