// SPDX-License-Identifier: GPL-2.0-or-later
import { expect, test } from 'vitest';
import { parseMessages } from './diagnostics.ts';

test.each([
  [
    'a.asm:3: error: parser: instruction expected',
    'a.asm',
    3,
    'error',
    'parser: instruction expected',
  ],
  ['sys/io.inc:12: warning: w [-w+zeroing]', 'sys/io.inc', 12, 'warning', 'w [-w+zeroing]'],
  [
    "a.asm:3: fatal: unable to open include file `x'",
    'a.asm',
    3,
    'error',
    "unable to open include file `x'",
  ],
  ["a.asm:2: ... from macro `m' defined here", 'a.asm', 2, 'note', "from macro `m' defined here"],
  [
    "a.asm:2: info: label `b' originally defined here",
    'a.asm',
    2,
    'note',
    "label `b' originally defined here",
  ],
  ["nasm: fatal: unable to open input file `x'", '', 0, 'error', "unable to open input file `x'"],
  ['a.asm: error: of the whole file', 'a.asm', 0, 'error', 'of the whole file'],
  ['my file.asm:7: error: x: y:1: z', 'my file.asm', 7, 'error', 'x: y:1: z'],
  ['panic: a.asm:9: assertion failed', 'a.asm', 9, 'error', 'assertion failed'],
  ['fatal: out of memory', '', 0, 'error', 'out of memory'],
  ['something never seen before', '', 0, 'error', 'something never seen before'],
])('%s', (message, file, line, severity, text) => {
  expect(parseMessages(`${message}\n`)).toEqual([{ file, line, severity, text }]);
});

test('says a repeated message once, but keeps the trail of each', () => {
  const trail = "m.inc:1: ... from macro `m' defined here";
  const five = ['a.asm:5: error: x', trail];
  const messages = [...five, ...five, 'a.asm:6: error: x', trail];
  expect(parseMessages(messages.join('\r\n')).map((d) => `${d.line} ${d.severity}`)).toEqual([
    '5 error',
    '1 note',
    '6 error',
    '1 note',
  ]);
});

test('drops the hint at the command line', () => {
  expect(parseMessages('Type nasm -h for help.\n')).toEqual([]);
});
