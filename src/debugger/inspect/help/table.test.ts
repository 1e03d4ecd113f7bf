// SPDX-License-Identifier: GPL-2.0-or-later
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeMnemonic, latencyClass } from './table.ts';

const ASM = new URL('../../../../asm/', import.meta.url);

/** Words that stand where instructions stand and are none: directives and our macros. */
const NO_INSTRUCTION = new Set(
  (
    'align alignb at bits db dd default dq dw end extern global iend incbin istruc org resb resd ' +
    'resq resw section struc endstruc times equ keep cpu'
  ).split(' '),
);

/** The mnemonics that our sources use: words behind the margin, in lower case, that no macro is. */
function used(): Set<string> {
  const files = readdirSync(ASM, { recursive: true, encoding: 'utf8' });
  const texts = files
    .filter((file) => /\.(asm|inc)$/.test(file))
    .map((file) => readFileSync(new URL(file, ASM), 'utf8'));
  const macros = new Set(
    texts.flatMap((text) =>
      [...text.matchAll(/^%(?:i?macro|i?define)\s+(\w+)/gm)].map((m) => m[1] ?? ''),
    ),
  );
  const names = new Set<string>();
  for (const text of texts) {
    // A struct's fields stand in the same column.
    const code = text.replace(/^struc [\s\S]*?^endstruc/gm, '');
    for (const match of code.matchAll(/^ {4}(?:rep[a-z]* +)?([a-z][a-z0-9]*)(?= |$)/gm)) {
      const name = match[1] ?? '';
      if (!NO_INSTRUCTION.has(name) && !macros.has(name)) names.add(name);
    }
  }
  return names;
}

describe('the table of instructions', () => {
  it('knows every instruction of our sources', () => {
    const names = used();
    expect(names.size).toBeGreaterThan(120);
    expect([...names].filter((name) => describeMnemonic(name) === null)).toEqual([]);
  });

  it('knows conditions, comparisons and prefixes', () => {
    expect(describeMnemonic('jnz')).toBe(
      'Jumps when not equal, or the result was not zero (ZF = 0).',
    );
    expect(describeMnemonic('CMOVB')).toContain('CF = 1');
    expect(describeMnemonic('setnle')).toContain('greater (signed)');
    expect(describeMnemonic('rep movsq')).toContain('with rep, rcx times');
    expect(describeMnemonic('cmpltsd')).toContain('the first is less than the second');
    expect(describeMnemonic('vfmadd231pd')).toContain('operands 2 and 3 are the factors');
    expect(describeMnemonic('vaddpd')).toContain('Adds two doubles');
    for (const none of ['', 'j', 'frobnicate', 'vfrob', 'set'])
      expect(describeMnemonic(none)).toBeNull();
  });

  it('tells fast from slow', () => {
    expect(latencyClass('add', false)).toBe('1 cycle');
    expect(latencyClass('addsd', true)).toMatch(/^3 to 4 cycles.*5 more for the load/);
    expect(latencyClass('divsd', false)).toContain('13 to 20');
    expect(latencyClass('idiv', false)).toContain('10 to 40');
    expect(latencyClass('jne', false)).toContain('when foreseen');
  });
});
