// SPDX-License-Identifier: GPL-2.0-or-later
import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DebugInfo } from '../protocol/debug-info.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'glassbox-asm-test-'));
  await mkdir(join(dir, 'asm', 'lib'), { recursive: true });
});

afterEach(() => rm(dir, { recursive: true }));

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function asm(...more: string[]): Promise<Outcome> {
  const options = ['--sources', join(dir, 'asm'), '--out', join(dir, 'images'), ...more];
  const args = ['--import', 'tsx', join(ROOT, 'src/cli/asm.ts'), ...options];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT }, (error, out, err) => {
      resolve({ status: error ? Number(error.code) : 0, out, err });
    });
  });
}

function source(path: string, text: string): Promise<void> {
  return writeFile(join(dir, 'asm', path), text);
}

test('writes an executable image and its debug info for each program, once', async () => {
  await source('one.asm', 'bits 64\n%include "lib/code.inc"\n');
  await source('two.asm', 'db 2\n');
  await source('lib/code.inc', 'start: ret\n');
  const first = await asm();
  expect(first.err).toBe('');
  expect(first.status).toBe(0);
  expect(first.out).toMatch(
    /^one: 1 bytes \(\.text 1\), \d+ ms\ntwo: 1 bytes \(\.text 1\), \d+ ms\n$/,
  );
  const image = join(dir, 'images', 'one');
  expect([...(await readFile(image))]).toEqual([0xc3]);
  const { mode, mtimeMs } = await stat(image);
  expect(mode & 0o777).toBe(0o755);
  const debug = JSON.parse(await readFile(`${image}.debug.json`, 'utf8')) as DebugInfo;
  expect(debug.symbols.map((s) => s.name)).toEqual(['start']);

  const second = await asm();
  expect(second.out).toMatch(/ms, unchanged\n.*ms, unchanged\n$/);
  expect((await stat(image)).mtimeMs).toBe(mtimeMs);
});

test('an error goes to stderr with file and line, the others are still written', async () => {
  await source('bad.asm', 'bits 64\n mov eax,\n');
  await source('good.asm', 'db 1\n');
  const { status, out, err } = await asm();
  expect(status).toBe(1);
  expect(err).toMatch(/bad\.asm:2: error: .*\nasm: bad\.asm does not assemble\n$/);
  expect(out).toMatch(/^good: 1 bytes/);
  await expect(stat(join(dir, 'images', 'bad'))).rejects.toThrow('ENOENT');
});

test('no program, and an unknown option', async () => {
  expect(await asm()).toMatchObject({ status: 1, out: '' });
  const unknown = await asm('--fast');
  expect(unknown.status).toBe(2);
  expect(unknown.err).toMatch(/^asm: .*--fast/);
});
