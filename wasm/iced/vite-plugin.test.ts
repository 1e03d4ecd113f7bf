// SPDX-License-Identifier: GPL-2.0-or-later
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as native from 'iced-x86';
import { describe, expect, it } from 'vitest';
import { icedAsModule } from './vite-plugin.ts';

const file = createRequire(import.meta.url).resolve('iced-x86');
const source = readFileSync(file, 'utf8');

/** Runs the rewritten module as a browser would, with `fetch` answered from the package's folder. */
async function load(): Promise<typeof native> {
  const wasm = readFileSync(file.replace(/\.js$/, '_bg.wasm'));
  const url = `data:application/wasm;base64,${wasm.toString('base64')}`;
  const code = icedAsModule(source).replace(
    /^import wasmUrl from .*$/m,
    `const wasmUrl = ${JSON.stringify(url)};`,
  );
  const module = `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
  return (await import(/* @vite-ignore */ module)) as typeof native;
}

describe('the iced-x86 rewrite', () => {
  it('exports the same names as the package and decodes the same', async () => {
    const rewritten = await load();
    const names = (m: object) =>
      Object.keys(m)
        .filter((name) => !name.startsWith('__') && name !== 'default' && name !== 'module.exports')
        .sort();
    expect(names(rewritten)).toEqual(names(native));
    const decoder = new rewritten.Decoder(64, Uint8Array.of(0xf2, 0x0f, 0x59, 0x06), 0);
    const instruction = decoder.decode();
    const formatter = new rewritten.Formatter(rewritten.FormatterSyntax.Nasm);
    expect(formatter.format(instruction)).toBe('mulsd xmm0,[rsi]');
    expect(instruction.code).toBe(native.Code.Mulsd_xmm_xmmm64);
    for (const item of [formatter, instruction, decoder]) item.free();
  });

  it('refuses a source of another shape', () => {
    expect(() => icedAsModule('module.exports = {};')).toThrow(/has changed/);
    expect(() => icedAsModule('require("early");\n' + source)).toThrow(/CommonJS/);
  });
});
