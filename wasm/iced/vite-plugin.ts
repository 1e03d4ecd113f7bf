// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Makes `iced-x86` importable as an ES module in a page and in a worker.
 *
 * The npm package is CommonJS for Node: it reads its .wasm with `fs` and instantiates it
 * synchronously. Here its one file is rewritten on the way through Vite:
 *
 * - `module.exports.X = …` becomes `export …`, so that unused parts fall away in a build (the
 *   opcode tables alone are half a megabyte of source);
 * - the .wasm becomes an asset of its own (`?url`), fetched and compiled by a top-level await. The
 *   page and the workers name the same content-hashed file, so it is stored and loaded once.
 *
 * In Node (tests, command line) nothing is rewritten: the package is used as it is.
 */
import type { Plugin } from 'vite';

const ENTRY = /\/iced-x86\/iced_x86\.js$/;

/** Replaces `pattern` and insists that it was there, so that a new release can't pass half changed. */
function replace(code: string, pattern: RegExp, replacement: string): string {
  const changed = code.replace(pattern, replacement);
  if (changed === code) throw new Error(`iced-x86 has changed: no match for ${String(pattern)}`);
  return changed;
}

/**
 * The ES module made from the package's CommonJS source.
 * @throws Error when the source is not of the expected shape.
 */
export function icedAsModule(source: string): string {
  let code = source;
  code = replace(
    code,
    /^let imports = \{\};\nimports\[.*\] = module\.exports;\n/m,
    'const glue = {};\n',
  );
  code = replace(code, /^const \{ TextDecoder, TextEncoder \} = require\(`util`\);\n/m, '');
  code = replace(code, /^module\.exports\.(__wb\w+) = /gm, 'glue.$1 = ');
  code = replace(code, /^module\.exports\.(\w+) = \1;$/gm, 'export { $1 };');
  code = replace(code, /^module\.exports\.(\w+) = function\(/gm, 'export const $1 = function(');
  code = replace(
    code,
    /^module\.exports\.(\w+) = Object\.freeze\(/gm,
    'export const $1 = /* @__PURE__ */ Object.freeze(',
  );
  code = replace(code, /^const path = require\('path'\)[^]*$/m, LOADER);
  if (/module\.exports\.|\brequire\(/.test(code.replace(/^\s*\*.*$/gm, ''))) {
    throw new Error('iced-x86 has changed: CommonJS is left over after the rewrite');
  }
  return code;
}

const LOADER = `import wasmUrl from './iced_x86_bg.wasm?url';
const response = await fetch(new URL(wasmUrl, import.meta.url));
if (!response.ok) throw new Error('iced_x86_bg.wasm: HTTP status ' + response.status);
// Not instantiateStreaming: that insists on a MIME type which some static hosts do not send.
const program = await WebAssembly.instantiate(await response.arrayBuffer(), {
  __wbindgen_placeholder__: glue,
});
wasm = program.instance.exports;
`;

/** The Vite plugin; it belongs into `plugins` and into `worker.plugins`. */
export function iced(): Plugin {
  return {
    name: 'iced-x86-as-es-module',
    enforce: 'pre',
    transform(code, id) {
      if (!ENTRY.test(id.replace(/[?#].*$/, ''))) return null;
      return { code: icedAsModule(code), map: null };
    },
  };
}
