// SPDX-License-Identifier: GPL-2.0-or-later
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

function read(name: string): Buffer<ArrayBuffer> {
  return Buffer.from(readFileSync(new URL(name, import.meta.url)));
}

const wasm = read('nasm.wasm');

test('nasm.wasm has the recorded checksum', () => {
  const [, recorded] = /^([0-9a-f]{64}) {2}nasm\.wasm$/m.exec(read('SHA256SUMS').toString()) ?? [];
  expect(createHash('sha256').update(wasm).digest('hex')).toBe(recorded);
});

test('the recipe pins the source package of the design', () => {
  expect(read('build.sh').toString()).toContain(
    'c77745f4802375efeee2ec5c0ad6b7f037ea9c87c92b149a9637ff099f162558',
  );
});

test('nasm.wasm is a plain WASI program, of that version, stripped', () => {
  const module = new WebAssembly.Module(wasm);
  const imports = new Set(WebAssembly.Module.imports(module).map(({ module: from }) => from));
  expect([...imports]).toEqual(['wasi_snapshot_preview1']);
  expect(WebAssembly.Module.exports(module).map(({ name }) => name)).toContain('_start');
  expect(WebAssembly.Module.customSections(module, 'name')).toEqual([]);
  expect(wasm.includes('2.16.01')).toBe(true);
});

test('nothing of the building machine is in nasm.wasm', () => {
  const text = wasm.toString('latin1');
  expect(text).not.toMatch(/\/(?:tmp|home|root|work|build)\//);
  expect(text).not.toMatch(/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d 20\d\d/);
});

test("NASM's licence is beside it", () => {
  expect(read('LICENSE').toString()).toMatch(/NASM.*2-clause BSD/is);
});
