// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../protocol/inspect.ts';
import type { DisassembledInstruction } from '../../protocol/machine.ts';
import { arrowsOf, LANES, rowsOf } from './disassembly.ts';
import { explanationMarkdown, flagTexts, operandText } from '../controls/explanation.ts';

function line(address: number, text: string, jump: number | null = null): DisassembledInstruction {
  return { address, bytes: new Uint8Array(2), text, jump };
}

const LOOP = [
  line(0x10, 'xor ecx, ecx'),
  line(0x12, 'inc ecx'),
  line(0x14, 'jz 0x1a', 0x1a),
  line(0x16, 'jmp 0x12', 0x12),
  line(0x18, 'call 0x10'),
  line(0x1a, 'ret'),
];

const bare = {
  labelAt: () => null,
  placeOf: () => null,
  textOf: () => null,
  unit: 20,
};

describe('rows of the disassembly', () => {
  it('puts labels and telling source lines above their instructions', () => {
    const sources = ['xor ecx, ecx', 'next ; macro of two', 'jz .done', 'jmp .next'];
    const lines = [1, 2, 2, 3, 4, 5];
    const rows = rowsOf(LOOP, {
      ...bare,
      labelAt: (at) => (at === 0x12 ? 'f.next' : null),
      placeOf: (at) => ({ file: 'a.asm', line: lines[(at - 0x10) / 2] ?? 0 }),
      textOf: (place) => sources[place.line - 1] ?? null,
    });
    expect(
      rows.map((row) =>
        row.kind === 'code'
          ? row.line.address.toString(16)
          : row.kind === 'label'
            ? row.name
            : row.text,
      ),
    ).toEqual(
      // The first line says just what its instruction says; the macro's stands once.
      [
        '10',
        'f.next',
        'next ; macro of two',
        '12',
        '14',
        'jz .done',
        '16',
        'jmp .next',
        '18',
        '1a',
      ],
    );
    for (const [i, row] of rows.entries()) {
      const above = rows[i - 1];
      expect(row.top).toBe(above === undefined ? 0 : above.top + above.height);
    }
  });

  it('draws the jumps that stay inside, short ones nearest to the code', () => {
    const rows = rowsOf(LOOP, bare);
    expect(arrowsOf(rows)).toEqual([
      { from: 0x16, to: 0x12, y1: 70, y2: 30, lane: 0 },
      { from: 0x14, to: 0x1a, y1: 50, y2: 110, lane: 1 },
    ]);
    expect(arrowsOf(rowsOf(LOOP.slice(0, 3), bare))).toEqual([]);
  });

  it('never runs out of lanes', () => {
    const nested = Array.from({ length: 20 }, (_, i) =>
      line(i, i < 10 ? 'jmp' : 'nop', i < 10 ? 19 - i : null),
    );
    const arrows = arrowsOf(rowsOf(nested, bare));
    expect(arrows.length).toBe(10);
    expect(Math.max(...arrows.map(({ lane }) => lane))).toBe(LANES - 1);
  });
});

describe('an explanation in words', () => {
  const explanation: Explanation = {
    ...{ address: 0x10, bytes: new Uint8Array(3), text: 'add rax, [rbx]', mnemonic: 'add' },
    summary: 'Adds.',
    operands: [
      { text: 'rax', access: 'reads and writes', value: '7', address: null, addressText: null },
      { text: '[rbx]', access: 'reads', value: null, address: 0, addressText: 'rbx = 0x0' },
    ],
    flags: { read: [], written: ['CF', 'ZF'], cleared: [], set: [], undefined: ['AF'] },
    ...{ latency: '1 cycle', formula: ['rax = 7 + 1 = 8'], form: 'ADD r64, r/m64' },
    ...{ encoding: 'REX.W 03 /r', extensions: ['X64'], next: true },
  };

  it('tells flags and operands', () => {
    expect(flagTexts(explanation.flags)).toEqual(['writes CF ZF', 'leaves AF open']);
    expect(explanation.operands.map(operandText)).toEqual([
      'reads and writes, now 7',
      'reads, at rbx = 0x0',
    ]);
  });

  it('makes markdown of it', () => {
    const text = explanationMarkdown(explanation).join('\n');
    expect(text).toContain('**`add rax, [rbx]`** Adds.');
    expect(text).toContain('What it is about to do:\n\n```text\nrax = 7 + 1 = 8\n```');
    expect(text).toContain('Flags: writes CF ZF; leaves AF open.');
    expect(text).toContain('*ADD r64, r/m64 · REX.W 03 /r · X64 · 1 cycle*');
  });
});
