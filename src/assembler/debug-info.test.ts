// SPDX-License-Identifier: GPL-2.0-or-later
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { assembleWell, say } from './testing/assemble.ts';

describe('symbols', () => {
  test('kinds, sizes, sections and lines', async () => {
    const { debug } = await assembleWell(
      [
        'org 0x1000',
        'SIZE equ 16',
        'struc pair',
        '.a: resq 1',
        '.b: resq 1',
        'endstruc',
        'header: db "data in a code section"',
        'begin:',
        'start: nop',
        '.loop: jmp .loop',
        '.end: ret',
        'other equ start',
        'here equ $',
        'next: ret',
        'text_end:',
        'section .data align=16',
        'table: times SIZE dq 0',
        '.last: dq 0',
        'section .bss align=16',
        'space: resb SIZE',
        'space_end:',
      ].join('\n'),
    );
    expect(
      debug.symbols.map(
        (s) => `${s.name} ${s.address.toString(16)} ${s.size} ${s.section} ${s.kind} ${s.line}`,
      ),
    ).toEqual([
      'header 1000 22 .text data 8',
      'begin 1016 4 .text code 9',
      'start 1016 4 .text code 10',
      'start.loop 1017 2 .text local 11',
      'start.end 1019 1 .text local 12',
      'here 101a 1 .text code 14',
      'next 101a 1 .text code 15',
      'text_end 101b 0 .text code 16',
      'table 1020 136 .data data 18',
      'table.last 10a0 8 .data local 19',
      'space 10b0 16 .bss data 21',
      'space_end 10c0 0 .bss data 22',
    ]);
  });

  test('none from inside macros, one at the use of a macro that makes it', async () => {
    const { debug } = await assembleWell(
      '%macro make 1\n%%hidden: nop\n%1: jmp %%hidden\n%endmacro\n make first\n make second\n',
    );
    expect(debug.symbols.map((s) => `${s.name} ${s.line}`)).toEqual(['first 6', 'second 7']);
  });
});

test('labels inside one macro use know code from data', async () => {
  const { debug } = await assembleWell(
    '%macro mixed 0\na: nop\nb: nop\nc: db 1\nd: db 2\n%endmacro\n mixed\ne: ret\n',
  );
  expect(debug.symbols.map((s) => `${s.name} ${s.kind}`)).toEqual([
    'a code',
    'b code',
    'c data',
    'd data',
    'e code',
  ]);
});

describe('entry and checksum', () => {
  test('the entry is that of the ELF header', async () => {
    const { debug, image } = await assembleWell(
      'org 0x400000\nh: db 0x7f, "ELF", 2, 1, 1\ntimes 17 db 0\ndq start\ntimes 32 db 0\n nop\nstart: ret\n',
    );
    expect(debug.entry).toBe(0x400041);
    expect(debug.sha256).toBe(createHash('sha256').update(image).digest('hex'));
  });

  test('an image without header starts at its start', async () => {
    const { debug } = await assembleWell('org 0x7c00\n nop\n');
    expect(debug.entry).toBe(0x7c00);
  });

  test('an empty program is nothing, but no error', async () => {
    const { debug, image } = await assembleWell('');
    expect(image.length).toBe(0);
    expect(debug).toMatchObject({ entry: 0, lines: [], symbols: [], sections: [] });
  });
});

describe('tensors', () => {
  test('above the label, beside it, dimensions by equ, several for one label', async () => {
    const { debug, diagnostics } = await assembleWell(
      [
        'section .bss start=0x1000',
        'ROWS equ COLS / 2',
        'COLS equ 8',
        ';@ tensor w f64[ROWS][COLS] in=pixel out=hidden',
        '',
        '; weights',
        'w: resq ROWS * COLS',
        'b: resq COLS ;@ tensor b f64[COLS] out=hidden',
        ';@ tensor grid u8[0x10] x=column',
        ';@ tensor count u64 ; the first eight of them',
        'shared:',
        '  resb 16',
      ].join('\n'),
    );
    expect(diagnostics).toEqual([]);
    expect(debug.tensors).toEqual([
      {
        name: 'w',
        address: 0x1000,
        type: 'f64',
        shape: [4, 8],
        axes: ['pixel', 'hidden'],
        file: 0,
        line: 5,
      },
      { name: 'b', address: 0x1100, type: 'f64', shape: [8], axes: ['hidden'], file: 0, line: 9 },
      {
        name: 'grid',
        address: 0x1140,
        type: 'u8',
        shape: [16],
        axes: ['column'],
        file: 0,
        line: 10,
      },
      { name: 'count', address: 0x1140, type: 'u64', shape: [], axes: [], file: 0, line: 11 },
    ]);
  });

  test('in an include, under its own file', async () => {
    const { debug } = await assembleWell({
      'main.asm': 'bits 64\n nop\n%include "nn/data.inc"\n',
      'nn/data.inc': '\n;@ tensor epoch u64\nepoch: dq 0\n',
    });
    const file = debug.files.indexOf('nn/data.inc');
    expect(debug.tensors).toEqual([
      { name: 'epoch', address: 1, type: 'u64', shape: [], axes: [], file, line: 2 },
    ]);
  });

  test('a local label inside does not end the space', async () => {
    const { debug } = await assembleWell(
      ';@ tensor a u8[4] i=n\na: db 1, 2\n.half: db 3, 4\nb: db 5\n',
    );
    expect(debug.tensors.map((t) => t.shape)).toEqual([[4]]);
  });

  test.each([
    [';@ tensor a f64[N] i=n\na: dq 0', "tensor a: 'N' is neither a number nor an equ constant"],
    [';@ tensor a f64[0] i=n\na: dq 0', 'tensor a: dimension 0 is 0'],
    ['N equ -3\n;@ tensor a f64[N] i=n\na: dq 0', 'tensor a: dimension N is -3'],
    [
      ';@ tensor a f64[2] i=n\na: dq 0\nb: dq 0',
      'tensor a: f64[2] takes 16 bytes, a has 8 up to the next label',
    ],
    [';@ tensor a f64\n nop', 'tensor a: no data label follows it'],
    ['nop\n;@ tensor a f64', 'tensor a: no data label follows it'],
    [';@ tensor a u8\na: db 0\n;@ tensor a u8\nb: db 0', 'tensor a is declared a second time'],
    [';@ tensor a q8\na: db 0', "unknown type 'q8'"],
    [';@ thing a\na: db 0', "unknown annotation 'thing'"],
  ])('%j is a warning at its line, and no tensor', async (source, text) => {
    const result = await assembleWell(source);
    expect(result.diagnostics).toHaveLength(1);
    const line = source.split('\n').findLastIndex((row) => row.startsWith(';@')) + 2;
    expect(say(result)[0]).toContain(`main.asm:${line}: warning: `);
    expect(say(result)[0]).toContain(text);
    expect(result.debug.tensors).toHaveLength(text.includes('second time') ? 1 : 0);
  });

  test('what was not assembled is passed over in silence', async () => {
    const { debug, diagnostics } = await assembleWell(
      '%if 0\n;@ tensor a f64[99] i=n\na: dq 0\n;@ event e\n nop\n%endif\n ret\n',
    );
    expect(diagnostics).toEqual([]);
    expect(debug.tensors).toEqual([]);
    expect(debug.events).toEqual([]);
  });
});

describe('events', () => {
  test('above an instruction, beside one, past labels, before a macro', async () => {
    const { debug, diagnostics } = await assembleWell(
      [
        '%macro two 0',
        ' nop',
        ' nop',
        '%endmacro',
        ' nop',
        ';@ event above',
        ' nop',
        ' nop ;@ event beside',
        ';@ event past_label',
        'f:',
        '.loop:',
        '',
        ' dec eax',
        ' align 16',
        ';@ event macro',
        ' two',
      ].join('\n'),
    );
    expect(diagnostics).toEqual([]);
    expect(debug.events).toEqual([
      { name: 'above', address: 1, file: 0, line: 7 },
      { name: 'beside', address: 2, file: 0, line: 9 },
      { name: 'past_label', address: 3, file: 0, line: 10 },
      { name: 'macro', address: 16, file: 0, line: 16 },
    ]);
  });

  test('a line assembled twice has two addresses', async () => {
    const { debug } = await assembleWell('%rep 2\n;@ event e\n nop\n ret\n%endrep\n');
    expect(debug.events.map((e) => e.address)).toEqual([0, 2]);
  });

  test.each([
    [';@ event e\nsection .data', 'event e: no instruction follows it'],
    [';@ event e\n', 'event e: no instruction follows it'],
    [';@ event e\n%define X 1\n nop', 'event e: no instruction follows it'],
    [';@ event e\na: db 0', 'event e: data follows it, not an instruction'],
    ['%macro m 0\n;@ event e\n nop\n%endmacro\n m', 'an annotation inside a macro has no address'],
  ])('%j is a warning', async (source, text) => {
    const result = await assembleWell(`start: nop\n${source}`);
    expect(result.debug.events).toEqual([]);
    expect(say(result).join('\n')).toContain(text);
  });
});
