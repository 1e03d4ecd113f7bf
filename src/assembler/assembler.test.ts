// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, test } from 'vitest';
import { createAssembler } from './assembler.ts';
import { assemble, assembleWell, lineTable, say, testAssembler } from './testing/assemble.ts';

describe('diagnostics', () => {
  test('an error has its line, and NASM goes on to the next one', async () => {
    const result = await assemble(' nop\n bogus eax\n mov eax, undefined_name\n');
    expect(result.ok).toBe(false);
    expect(say(result)).toEqual(['main.asm:3: error: parser: instruction expected']);
    const undefinedName = await assemble(' mov eax, undefined_name\n mov ebx, other_name\n');
    expect(say(undefinedName)).toEqual([
      "main.asm:2: error: symbol `undefined_name' not defined",
      "main.asm:3: error: symbol `other_name' not defined",
    ]);
  });

  test('an error inside a macro stands where the macro is used, with notes where it is', async () => {
    const result = await assemble({
      'main.asm': 'bits 64\n%include "m.inc"\n nop\n outer 5\n',
      'm.inc':
        '%macro inner 1\n mov %1, eax\n%endmacro\n%macro outer 1\n nop\n inner %1\n%endmacro\n',
    });
    expect(say(result)).toEqual([
      'main.asm:4: error: invalid combination of opcode and operands',
      "m.inc:6: note: from macro `outer' defined here",
      "m.inc:2: note: from macro `inner' defined here",
    ]);
  });

  test('an error inside an include stands in that file', async () => {
    const result = await assemble({
      'main.asm': 'bits 64\n%include "sys/io.inc"\n',
      'sys/io.inc': '%include "sys/deep.inc"\n',
      'sys/deep.inc': ' nop\n mov al, rbx\n',
    });
    expect(say(result)).toEqual([
      'sys/deep.inc:2: error: invalid combination of opcode and operands',
    ]);
  });

  test('a missing include is a fatal error at its line', async () => {
    const result = await assemble(' nop\n%include "nowhere.inc"\n');
    expect(say(result)).toEqual([
      "main.asm:3: error: unable to open include file `nowhere.inc': No such file or directory",
    ]);
  });

  test('an include may not leave the sources', async () => {
    const result = await assemble({
      'main.asm': '%include "../secret.inc"\n',
      '../secret.inc': ' nop\n',
    });
    expect(result.ok).toBe(false);
    expect(say(result)[0]).toMatch(/^main\.asm:1: error: unable to open include file/);
  });

  test('a missing incbin is an error at its line', async () => {
    const result = await assemble('a: incbin "nothing.bin"\n');
    expect(say(result)[0]).toMatch(/^main\.asm:2: error: .*nothing\.bin/);
  });

  test('warnings come with success too', async () => {
    const result = await assemble(' mov al, 300\n');
    expect(result.ok).toBe(true);
    expect(say(result)).toEqual([
      'main.asm:2: warning: byte data exceeds bounds [-w+number-overflow]',
    ]);
  });

  test('%error and a label defined twice', async () => {
    expect(say(await assemble(' nop\n%error not like this\n'))).toEqual([
      'main.asm:3: error: not like this',
    ]);
    expect(say(await assemble('a: nop\n\na: nop\n'))).toEqual([
      "main.asm:4: error: label `a' inconsistently redefined",
      "main.asm:2: note: label `a' originally defined here",
    ]);
  });

  test('a main file that is not there', async () => {
    for (const main of ['other.asm', '-h', 'toString']) {
      const result = await testAssembler().assemble({ sources: { 'main.asm': '' }, main });
      expect(result.ok).toBe(false);
      expect(say(result)).toEqual([`:0: error: there is no source file '${main}'`]);
    }
  });

  test('one run leaves nothing behind for the next', async () => {
    const before = await assembleWell('%define ONE 1\na: db ONE\n');
    await assemble('%macro broken 1\n');
    const after = await assembleWell('%define ONE 1\na: db ONE\n');
    expect(after.image).toEqual(before.image);
    expect(after.debug).toEqual(before.debug);
  });
});

describe('sources that do not end', () => {
  test.each([
    [
      'a recursive macro',
      '%rmacro again 0\n again\n nop\n%endmacro\n again\n',
      /interminable multiline macro recursion/,
    ],
    ['%rep without measure', '%rep 1000000000\n nop\n%endrep\n', /%rep.*exceeds limit/],
    ['nested %rep', '%rep 100000\n%rep 100000\n nop\n%endrep\n%endrep\n', /line count|memory/],
    ['messages without end', '%rep 100000\n bogus here\n%endrep\n', /too many messages/],
    [
      'a string that doubles',
      '%define s "0123456789abcdef"\n%rep 40\n%strcat s s, s\n%endrep\ndb s\n',
      /memory/,
    ],
    ['a deep expression', ` mov eax, ${'('.repeat(100000)}1\n`, /limit|stack|expression/],
    ['a file that includes itself', '%include "main.asm"\n', /include|level|stack|memory/i],
  ])('%s ends in an error', async (_name, source, message) => {
    const result = await assemble(source);
    expect(result.ok).toBe(false);
    const errors = result.diagnostics.filter((d) => d.severity === 'error');
    expect(
      errors.some((d) => message.test(d.text)),
      say(result).slice(0, 5).join('\n'),
    ).toBe(true);
  });
});

describe('a NASM that does not get to its end', () => {
  /** A program whose `_start` is `body`, and which exports its memory, in WebAssembly's binary form. */
  function program(...body: number[]): WebAssembly.Module {
    const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
    const section = (id: number, ...content: number[]): number[] => [
      id,
      content.length,
      ...content,
    ];
    return new WebAssembly.Module(
      Uint8Array.from([
        ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
        ...section(1, 1, 0x60, 0, 0), // one type: no parameters, no results
        ...section(3, 1, 0),
        ...section(5, 1, 0, 1),
        ...section(7, 2, ...name('memory'), 2, 0, ...name('_start'), 0, 0),
        ...section(10, 1, body.length + 1, 0, ...body),
      ]),
    );
  }

  test.each([
    ['a trap', program(0x00, 0x0b), /^NASM crashed \(.*unreachable.*\)$/],
    ['a full stack', program(0x10, 0x00, 0x0b), /^NASM ran out of stack/],
    ['an end without output', program(0x0b), /^NASM ended with status 0 and no message$/],
  ])('%s is a diagnostic', async (_name, module, text) => {
    const request = { sources: { 'main.asm': '' }, main: 'main.asm' };
    const result = await createAssembler(module).assemble(request);
    expect(result.ok).toBe(false);
    expect(result.diagnostics).toHaveLength(1);
    expect(result.diagnostics[0]).toMatchObject({ file: 'main.asm', line: 0, severity: 'error' });
    expect(result.diagnostics[0]?.text).toMatch(text);
  });
});

describe('image', () => {
  test('holds the sections in order with their gaps', async () => {
    const { image } = await assembleWell(
      'org 0x1000\nsection .data align=16\n db 9\nsection .text\n db 1, 2\n',
    );
    expect([...image]).toEqual([1, 2, ...Array<number>(14).fill(0), 9]);
  });

  test('takes bytes for incbin as they are', async () => {
    const blob = Uint8Array.from({ length: 256 }, (_, i) => i);
    const { image } = await assembleWell({
      'main.asm': 'incbin "data/blob.bin"\n',
      'data/blob.bin': blob,
    });
    expect(image).toEqual(blob);
  });

  test('takes text in UTF-8 and with CRLF', async () => {
    const { image } = await assembleWell({ 'main.asm': 'db "é"\r\ndb 1 ; ü\r\n' });
    expect([...image]).toEqual([0xc3, 0xa9, 1]);
  });
});

describe('line table', () => {
  test('sections, times, long strings, reserved space', async () => {
    const { debug } = await assembleWell(
      [
        'org 0x400000',
        'section .text',
        'a: nop',
        ' ret',
        'section .data align=16 vstart=0x500000',
        'text: db "longer than any column of a listing would be", 0',
        ' times 3 dq 1',
        'section .text',
        'b: mov eax, \\',
        '  5',
        'section .bss start=0x600000',
        'space: resb 100',
      ].join('\n'),
    );
    expect(lineTable(debug)).toEqual([
      '400000+1 main.asm:4',
      '400001+1 main.asm:5',
      '400002+5 main.asm:10',
      '500000+45 main.asm:7',
      '50002d+24 main.asm:8',
      '600000+100 main.asm:13',
    ]);
    expect(debug.sections).toEqual([
      { name: '.text', start: 0x400000, size: 7 },
      { name: '.data', start: 0x500000, size: 69 },
      { name: '.bss', start: 0x600000, size: 100 },
    ]);
  });

  test('follows and vfollows', async () => {
    const { debug } = await assembleWell(
      'org 0x1000\nsection .b follows=.text\nb: db 2\nsection .c follows=.b\nc: db 3\n' +
        'section .v vfollows=.c align=8\nv: db 4\nsection .text\n db 1\n',
    );
    const at = Object.fromEntries(debug.symbols.map((s) => [s.name, s.address]));
    const table = lineTable(debug);
    expect(table).toContain(`${at['b']?.toString(16) ?? ''}+1 main.asm:4`);
    expect(table).toContain(`${at['c']?.toString(16) ?? ''}+1 main.asm:6`);
    expect(table).toContain(`${at['v']?.toString(16) ?? ''}+1 main.asm:8`);
    expect(at).toEqual({ b: 0x1004, c: 0x1008, v: 0x100c });
  });

  test('a macro counts for the line of its outermost use, also across includes', async () => {
    const { debug } = await assembleWell({
      'main.asm': 'bits 64\n%include "m.inc"\n outer\n nop\n outer\n',
      'm.inc':
        '%macro inner 0\n nop\n nop\n%endmacro\n%macro outer 0\n inner\n ret\n%endmacro\n ret\n',
    });
    expect(lineTable(debug)).toEqual([
      '0+1 m.inc:9',
      '1+3 main.asm:3',
      '4+1 main.asm:4',
      '5+3 main.asm:5',
    ]);
  });

  test('%rep and a file included twice come back to their lines', async () => {
    const { debug } = await assembleWell({
      'main.asm': '%rep 2\n db 1\n db 2\n%endrep\n%include "t.inc"\n%include "t.inc"\n',
      't.inc': 'db 3\ndb 4\n',
    });
    expect(lineTable(debug)).toEqual([
      '0+1 main.asm:2',
      '1+1 main.asm:3',
      '2+1 main.asm:2',
      '3+1 main.asm:3',
      '4+1 t.inc:1',
      '5+1 t.inc:2',
      '6+1 t.inc:1',
      '7+1 t.inc:2',
    ]);
  });

  test('relaxed jumps, alignment and strucs', async () => {
    const { debug } = await assembleWell(
      [
        'jmp far_label', // 2, five bytes
        'struc pair',
        '.a: resd 1',
        '.b: resd 1',
        'endstruc',
        'align 16', // 7
        'p: istruc pair', // 8
        ' at pair.a, dd 1',
        ' at pair.b, dd 2',
        'iend',
        'times 200 nop', // 12
        'far_label: ret',
      ].join('\n'),
    );
    expect(lineTable(debug)).toEqual([
      '0+5 main.asm:2',
      '5+11 main.asm:7',
      '10+4 main.asm:9',
      '14+4 main.asm:10',
      '18+200 main.asm:12',
      'e0+1 main.asm:13',
    ]);
  });
});
