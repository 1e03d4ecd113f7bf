// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, test } from 'vitest';
import { parseAnnotation, readAnnotations, splitComment } from './annotations.ts';

describe('splitComment', () => {
  test.each([
    ['mov eax, 1 ; one', 'mov eax, 1 ', '; one'],
    ['mov eax, 1', 'mov eax, 1', ''],
    ['db \'a;b\', ";" ; real', 'db \'a;b\', ";" ', '; real'],
    ['db `\\`;`, 0 ;x', 'db `\\`;`, 0 ', ';x'],
    ["db '\\' ; a backslash escapes only in backquotes", "db '\\' ", ''],
    [';@ event a', '', ';@ event a'],
    ["db 'never closed ; so no comment", "db 'never closed ; so no comment", ''],
  ])('%s', (line, code, comment) => {
    const parts = splitComment(line);
    expect(parts.code).toBe(code);
    if (comment !== '') expect(parts.comment).toBe(comment);
    expect(parts.code.length + parts.comment.length).toBe(line.length);
  });
});

describe('parseAnnotation', () => {
  test('a matrix with named axes', () => {
    expect(parseAnnotation(' tensor w1 f64[784][32] in=pixel out=hidden')).toEqual({
      ok: true,
      value: {
        kind: 'tensor',
        name: 'w1',
        type: 'f64',
        dims: ['784', '32'],
        axes: ['pixel', 'hidden'],
      },
    });
  });

  test('a scalar, and a remark behind it', () => {
    expect(parseAnnotation('tensor epoch u64 ; 1-based')).toEqual({
      ok: true,
      value: { kind: 'tensor', name: 'epoch', type: 'u64', dims: [], axes: [] },
    });
  });

  test('dimensions by name, with blanks', () => {
    expect(parseAnnotation('tensor x f32 [ROWS] [COLS] r=row c=column')).toMatchObject({
      ok: true,
      value: { dims: ['ROWS', 'COLS'], axes: ['row', 'column'] },
    });
  });

  test('an event', () => {
    expect(parseAnnotation(' event batch_end')).toEqual({
      ok: true,
      value: { kind: 'event', name: 'batch_end' },
    });
  });

  test.each([
    ['', "unknown annotation ''"],
    ['tensr w f64', "unknown annotation 'tensr'"],
    ['tensor', 'tensor needs a name'],
    ['tensor 1w f64', "'1w' is not a name"],
    ['tensor w', 'needs a type'],
    ['tensor w f65[3] a=b', "unknown type 'f65'"],
    ['tensor w toString', "unknown type 'toString'"],
    ['tensor w f64[3 a=b', "malformed dimensions '[3'"],
    ['tensor w f64[] a=b', "malformed dimensions '[]'"],
    ['tensor w f64[3]x a=b', "malformed dimensions '[3]x'"],
    ['tensor w f64[3]', '1 dimension(s) but 0 axis name(s)'],
    ['tensor w f64[3] a=b c=d', '1 dimension(s) but 2 axis name(s)'],
    ['tensor w f64[3] a=', "malformed axis 'a='"],
    ['tensor w f64[3] a=b=c', "malformed axis 'a=b=c'"],
    ['event', 'event needs a name'],
    ['event a b', "event takes one name, but here follows 'b'"],
  ])('refuses "%s"', (text, message) => {
    const result = parseAnnotation(text);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.error).toContain(message);
  });
});

describe('readAnnotations', () => {
  test('finds the line each one speaks of', () => {
    const source = [
      ';@ tensor a u8',
      '',
      '; a remark',
      ';@ tensor b u8',
      'a: db 0',
      'c: db 1 ;@ tensor c u8',
      'd: db ";@ tensor e u8"',
      ';@ event nowhere',
    ].join('\n');
    const found = readAnnotations(source);
    expect(found.map(({ line, target }) => [line, target])).toEqual([
      [1, 5],
      [4, 5],
      [6, 6],
      [8, 0],
    ]);
  });

  test('refuses those inside a macro definition, and only those', () => {
    const source = '%macro m 0\n;@ event a\n nop\n%endmacro\n;@ event b\n nop';
    expect(readAnnotations(source).map(({ annotation }) => annotation.ok)).toEqual([false, true]);
  });
});
