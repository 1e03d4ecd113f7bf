// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Passes that reuse the work of the first (`wasm/nasm/replay.c`) against passes that do not: the same
 * image, debug records and messages, also of programs that see other things in other passes.
 * `native.test.ts` holds the latter to a native NASM.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readSourceTree } from '../cli/node-assembler.ts';
import type { SourceTree } from '../protocol/assembler.ts';
import { DIVERGED, type NasmRun, REPLAY, runNasm, runOnce } from './nasm.ts';
import { assemble, assembleWell, lineTable, say } from './testing/assemble.ts';

const NASM = new WebAssembly.Module(
  readFileSync(new URL('../../wasm/nasm/nasm.wasm', import.meta.url)),
);

/** With and without reuse; the former also without a second try. */
function bothWays(
  sources: SourceTree,
  main = 'main.asm',
): { plain: NasmRun; reused: NasmRun; status: number } {
  return {
    plain: runOnce(NASM, sources, main, []),
    reused: runNasm(NASM, sources, main),
    status: runOnce(NASM, sources, main, [REPLAY]).status,
  };
}

/** Jumps that shrink over several passes, so that addresses differ from pass to pass. */
const SHRINKING = [
  'begin:',
  ...Array.from({ length: 24 }, (_, i) => `here${i}: jmp there${i}\n times ${i * 7} nop`),
  ...Array.from({ length: 24 }, (_, i) => `there${i}: jmp here${i}\n times ${110 - i} nop`),
  'end:',
].join('\n');

describe('every pass sees what it would see without reuse', () => {
  test.each([
    [
      'a condition on an address',
      `${SHRINKING}\n%if $ - begin > 2300\n db 1\n%else\n db 2\n%endif`,
    ],
    ['a number from an address', `${SHRINKING}\n%assign size end - begin\n dd size\n resb size`],
    ['a repetition by address', `${SHRINKING}\n%rep (end - begin) & 7\n db 9\n%endrep`],
    ['$$', `section .data align=32\n db 1\n%if $ - $$ = 1\n db 2\n%endif\n${SHRINKING}`],
    ['the number of the pass', `${SHRINKING}\n db __?PASS?__\n%if __PASS__ = 2\n db 3\n%endif`],
    ['its number behind a name', `%define which __?PASS?__\n%xdefine now which\n db now, which`],
    ['a message in each pass', `${SHRINKING}\n%warning "to be seen once"\n db 1`],
    ['%local', `${SHRINKING}\n%local a:qword, b:dword\n mov rax, [a]\n mov eax, [b]\n leave`],
    ['%stacksize and %arg', ` %arg x:qword\n mov rax, [x]\n%stacksize flat64\n%arg y:qword\n`],
    ['rounding left over', `%assign x __?float32?__(0.1)\n dd x\n${SHRINKING}\n[float up]\n`],
    ['default rel left over', `${SHRINKING}\n mov rax, [there3]\n default rel\n mov rax, [there3]`],
    ['a local name before any label', ` jmp .x\n.x: nop\n${SHRINKING}\nlast:\n.x: jmp .x`],
    [
      'structures',
      `struc s\n.a: resq 2\n.b: resb s.a + 3\nendstruc\n%if s_size = 19\n db s.b\n%endif`,
    ],
    ['equ in conditions', `N equ 5\n%rep N\n dw N\n%endrep\n%if N > 4\n${SHRINKING}\n%endif`],
    ['an equ that is an address', `${SHRINKING}\nhere equ $\n dq here\n%if here > 0\n nop\n%endif`],
    ['a negative repetition', `${SHRINKING}\n times end - $ - 1 nop`],
    ['a forward number', ` times later - 3 nop\n mov eax, later\n${SHRINKING}\nlater equ 9`],
    ['values that never settle', 'a: times 20 - (b - a) nop\n nop\nb:'],
    [
      'absolute areas',
      `absolute 0x100\nx: resb 7\ny: resw 2\nsection .text\n${SHRINKING}\n dw x, y`,
    ],
    [
      'smart alignment',
      `%use smartalign\nalignmode p6, 8\n${SHRINKING}\n align 64\n nop\n align 32`,
    ],
    ['another bits', `bits 32\n jmp far_32\n times __?BITS?__ nop\nfar_32: bits 64\n${SHRINKING}`],
    ['a label defined twice', `${SHRINKING}\nhere3: nop`],
    ['an unfinished macro', `${SHRINKING}\n%macro m 0\n nop`],
    ['no symbol', `${SHRINKING}\n mov eax, nowhere\n%macro m 1\n jmp %1\n%endmacro\n m nobody`],
    ['an empty file', ''],
  ])('%s', (_name, text) => {
    const { plain, reused, status } = bothWays({ 'main.asm': `bits 64\n${text}\n` });
    expect(reused).toEqual(plain);
    expect(status).toBe(plain.status);
  });

  test('a constant that another pass finds different sends the whole run back to the start', async () => {
    const settled = (await assembleWell(SHRINKING)).image.length;
    const text = `${SHRINKING}\nsize equ end - begin\n%if size = ${settled}\n db 1\n%else\n db 2\n%endif`;
    const { plain, reused, status } = bothWays({ 'main.asm': `bits 64\n${text}` });
    expect(status).toBe(DIVERGED);
    expect(plain.status).toBe(0);
    expect(reused).toEqual(plain);
    expect((await assembleWell(text)).image.at(-1)).toBe(1);
  });

  test('the pass is the last one where it matters', async () => {
    const { image } = await assembleWell(
      ' db __?PASS?__\n%if __?PASS?__ = 2\n%define x 7\n%else\n%define x 8\n%endif\n db x',
    );
    expect([...image]).toEqual([2, 7]);
  });

  test.each(['sigmoid.asm', 'tests/math.asm'])('asm/%s', async (main) => {
    const sources = await readSourceTree(fileURLToPath(new URL('../../asm', import.meta.url)));
    const { plain, reused, status } = bothWays(sources, main);
    expect(plain.status).toBe(0);
    expect(status).toBe(0);
    expect(reused).toEqual(plain);
  });
});

describe('places', () => {
  const TREE = {
    'main.asm': `bits 64\n%include "lib/outer.inc"\n${SHRINKING}\n outer 2\n ret\n`,
    'lib/outer.inc':
      '%include "lib/inner.inc"\n%macro outer 1\n%rep %1\n inner %1\n%endrep\n%endmacro\n',
  };
  const inner = (...lines: string[]): SourceTree => ({
    ...TREE,
    'lib/inner.inc': `%macro inner 1\n${lines.join('\n')}\n%endmacro\n`,
  });
  const OUTER = TREE['main.asm'].split('\n').indexOf(' outer 2') + 1;

  test('an error of the last pass in a macro in a %rep in a macro of an include', async () => {
    const sources = inner(' nop', ' mov eax, missing_%1');
    expect(say(await assemble(sources))).toEqual([
      `main.asm:${OUTER}: error: symbol \`missing_2' not defined`,
      "lib/outer.inc:4: note: from macro `outer' defined here",
      "lib/inner.inc:3: note: from macro `inner' defined here",
    ]);
    expect(bothWays(sources).reused).toEqual(bothWays(sources).plain);
  });

  test('a warning of the last pass there', async () => {
    const sources = inner(' mov al, 300 + %1', ' jmp end');
    const result = await assemble(sources);
    expect(result.ok).toBe(true);
    expect(say(result)).toEqual([
      `main.asm:${OUTER}: warning: byte data exceeds bounds [-w+number-overflow]`,
      "lib/outer.inc:4: note: from macro `outer' defined here",
      "lib/inner.inc:2: note: from macro `inner' defined here",
    ]);
    expect(bothWays(sources).reused).toEqual(bothWays(sources).plain);
  });

  test('an error of the last pass in an include, twice', async () => {
    expect(
      say(
        await assemble({
          'main.asm': `bits 64\n${SHRINKING}\n%include "t.inc"\n nop\n%include "t.inc"\n`,
          't.inc': ' nop\n jmp missing\n',
        }),
      ),
    ).toEqual(["t.inc:2: error: symbol `missing' not defined"]);
  });

  test('lines of what macros and %rep made, after jumps have moved it', async () => {
    const { debug } = await assembleWell(inner(' nop', '%%here: jmp %%here'));
    const table = lineTable(debug);
    const end = debug.symbols.find((symbol) => symbol.name === 'end')?.address ?? NaN;
    expect(table.slice(-2)).toEqual([
      `${end.toString(16)}+6 main.asm:${OUTER}`,
      `${(end + 6).toString(16)}+1 main.asm:${OUTER + 1}`,
    ]);
  });
});
