// SPDX-License-Identifier: GPL-2.0-or-later
import { expect, test } from 'vitest';
import { parseRecords } from './records.ts';

const TEXT = `F a.asm
L -1 784 0 0 1 PIXELS
L 4 0 1 0 3 start
L 4 8 0 0 4 alias
L 4 2 1 0 5 ..@1.inner
L 6 0 1 0 9 data
F b dir/b.inc
R 6 0 4 d 1 2
R 4 0 10 i 0 3
S 4 4194304 10 p .text
S 6 8192 4 n .data
`;

test('gives addresses to offsets, and sorts by them', () => {
  const records = parseRecords(TEXT);
  expect(records.files).toEqual(['a.asm', 'b dir/b.inc']);
  expect(records.sections).toEqual([
    { name: '.data', start: 8192, size: 4 },
    { name: '.text', start: 4194304, size: 10 },
  ]);
  expect(
    records.runs.map(({ address, length, kind, file, line }) => [
      address,
      length,
      kind,
      file,
      line,
    ]),
  ).toEqual([
    [8192, 4, 'data', 1, 2],
    [4194304, 10, 'instruction', 0, 3],
  ]);
  expect(records.labels.map(({ name, address }) => [name, address])).toEqual([
    ['data', 8192],
    ['start', 4194304],
  ]);
  expect([...records.constants]).toEqual([['PIXELS', 784]]);
});

test.each(['X 1', 'R 4 0 1 q 0 1', 'R 4 0 1 i 0', 'R 9 0 1 i 0 1', 'S 4 x 1 p .text'])(
  'refuses "%s"',
  (line) => {
    expect(() => parseRecords(`${TEXT}${line}\n`)).toThrow(/bad (debug record|number)/);
  },
);
