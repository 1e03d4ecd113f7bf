// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { CpuState, GPR } from '../../shared/cpu-state.ts';
import { describeWord, registerPart } from './hover-text.ts';
import { inComment } from './providers.ts';
import { includeOn, parseInteger, SymbolIndex } from './symbol-index.ts';
import { changedLines, mapLine } from './text-lines.ts';

const MAIN = `; main
%include "include/net.inc"
%include "dot.asm"
section .data
;@ tensor w1 f64[PIXELS][HIDDEN] in=pixel out=hidden
w1:     resq PIXELS * HIDDEN
pd_one  dq 1.0
section .text
; -----------------
; void first(void)
;   clobber rax
; -----------------
first:
%define row rdi
.next:
    inc row
    jne .next
    ;@ event forward_begin
    ret
%undef row
second:
%define row rsi
.next:
    dec row
    jmp .next
    jmp first.next
`;

const NET = `PIXELS equ 28 * 28
HIDDEN equ 0x20
BYTES  equ (PIXELS * HIDDEN) << 3
%macro save 2
    push %1
%endmacro
struc layer
.inputs:  resq 1
.outputs: resq 1
endstruc
`;

function made(): SymbolIndex {
  const index = new SymbolIndex();
  index.update({ 'main.asm': MAIN, 'include/net.inc': NET, 'kernels/dot.asm': 'dot: ret\n' });
  return index;
}

const lineOf = (text: string, part: string, nth = 1) => {
  const lines = text.split('\n');
  let seen = 0;
  return lines.findIndex((l) => l.includes(part) && ++seen === nth) + 1;
};

describe('SymbolIndex', () => {
  it('finds labels, data, constants, macros and structures across files', () => {
    const index = made();
    const places = (word: string) =>
      index.find(word, 'main.asm', 1).map((d) => `${d.kind} ${d.file}:${d.line}:${d.column}`);
    expect(places('first')).toEqual([`label main.asm:${lineOf(MAIN, 'first:')}:1`]);
    expect(places('pd_one')).toEqual([`data main.asm:${lineOf(MAIN, 'pd_one')}:1`]);
    expect(places('HIDDEN')).toEqual(['constant include/net.inc:2:1']);
    expect(places('save')).toEqual(['macro include/net.inc:4:8']);
    expect(places('layer')).toEqual(['struct include/net.inc:7:7']);
    expect(places('layer.outputs')).toEqual(['data include/net.inc:9:1']);
    expect(places('nothing')).toEqual([]);
  });

  it('resolves dot-local labels by their scope, and by full name from elsewhere', () => {
    const index = made();
    const at = (word: string, line: number) => index.find(word, 'main.asm', line)[0]?.line;
    expect(at('.next', lineOf(MAIN, 'jne .next'))).toBe(lineOf(MAIN, '.next:', 1));
    expect(at('.next', lineOf(MAIN, 'jmp .next'))).toBe(lineOf(MAIN, '.next:', 2));
    expect(at('first.next', lineOf(MAIN, 'jmp first.next'))).toBe(lineOf(MAIN, '.next:', 1));
  });

  it('takes the nearest register alias above', () => {
    const index = made();
    const detail = (line: number) => index.find('row', 'main.asm', line).map((d) => d.detail);
    expect(detail(lineOf(MAIN, 'inc row'))).toEqual(['rdi']);
    expect(detail(lineOf(MAIN, 'dec row'))).toEqual(['rsi']);
  });

  it('prefers the files of the program among those that define a name', () => {
    const index = new SymbolIndex();
    const label = 'main:\n    ret\n';
    index.update({ 'a.asm': '    call main\n', 'cli/main.asm': label, 'tests/one.asm': label });
    const files = (program?: readonly string[]) =>
      index.find('main', 'a.asm', 1, program).map((d) => d.file);
    expect(files()).toEqual(['cli/main.asm', 'tests/one.asm']);
    expect(files(['a.asm', 'tests/one.asm'])).toEqual(['tests/one.asm']);
    expect(files(['a.asm'])).toEqual(['cli/main.asm', 'tests/one.asm']);
  });

  it('knows include lines and the files they mean', () => {
    const index = made();
    expect(includeOn('%include "include/net.inc"')).toEqual({
      path: 'include/net.inc',
      column: 11,
      endColumn: 26,
    });
    expect(includeOn("blob: incbin 'a.bin', 4")?.path).toBe('a.bin');
    expect(includeOn('    mov eax, 1')).toBeNull();
    expect(index.resolveInclude('include/net.inc', 'main.asm')).toBe('include/net.inc');
    expect(index.resolveInclude('dot.asm', 'kernels/all.asm')).toBe('kernels/dot.asm');
    expect(index.resolveInclude('missing.inc', 'main.asm')).toBeNull();
  });

  it('evaluates constants through each other', () => {
    const index = made();
    const value = (text: string) => index.evaluate(text, 'main.asm', 1);
    expect(value('HIDDEN')).toBe(32n);
    expect(value('BYTES')).toBe(200_704n);
    expect(value('-(1 + 2) * 4 % 5')).toBe(-2n);
    expect(value('7 & ~2 | 8')).toBe(13n);
    expect(value('1 / 0')).toBeNull();
    expect(value('first')).toBeNull();
    expect(value('1 +')).toBeNull();
  });

  it('gives up on constants that define each other', () => {
    const index = new SymbolIndex();
    index.update({ 'a.asm': 'A equ B\nB equ A\n' });
    expect(index.evaluate('A', 'a.asm', 1)).toBeNull();
  });

  it('outlines a file in order and follows changes', () => {
    const index = made();
    expect(index.outline('main.asm').map((d) => d.name)).toEqual([
      'w1',
      'pd_one',
      'first',
      'row',
      'first.next',
      'forward_begin',
      'second',
      'row',
      'second.next',
    ]);
    index.update({ 'main.asm': 'only: ret\n' });
    expect(index.outline('main.asm').map((d) => d.name)).toEqual(['only']);
    expect(index.find('HIDDEN', 'main.asm', 1)).toEqual([]);
  });

  it.each([
    ['0xff', 255n],
    ['0FFh', 255n],
    ['$0ff', 255n],
    ['1111_0000b', 240n],
    ['0o17', 15n],
    ['17q', 15n],
    ['0d10', 10n],
    ['10', 10n],
    ['abc', null],
  ])('reads the integer %s', (text, value) => {
    expect(parseInteger(text)).toBe(value);
  });
});

describe('hover', () => {
  const cpu = new CpuState(new ArrayBuffer(512));
  cpu.setGpr(GPR.rax, 0xffff_ffff_ffff_80ffn);
  cpu.setGpr(GPR.rdi, 5n);
  new DataView(cpu.xmm(3).buffer, cpu.xmm(3).byteOffset).setFloat64(0, 0.1, true);

  const say = (word: string, line = 1) =>
    describeWord(word, 'main.asm', line, made(), { debug: null, cpu }).join('\n');

  it('tells parts of registers, also as signed numbers', () => {
    expect(say('al')).toContain('`0xff` = `255` = `-1`');
    expect(say('ah')).toContain('`0x80` = `128` = `-128`');
    expect(say('eax')).toContain('`0xffff80ff`');
    expect(say('xmm3')).toContain('`0.1`');
    expect(registerPart('r9b')).toEqual({ index: 9, bits: 8, high: false });
    expect(registerPart('row')).toBeNull();
  });

  it('tells an alias and the value of its register', () => {
    const text = say('row', lineOf(MAIN, 'inc row'));
    expect(text).toContain('`rdi`');
    expect(text).toContain('**rdi** = `0x0000000000000005`');
  });

  it('tells the value of a constant and the box above a function', () => {
    expect(say('BYTES')).toContain('= `200704` (0x31000)');
    expect(say('first')).toContain('void first(void)');
    expect(say('first')).not.toContain('-----');
  });

  it('has nothing to say of unknown words', () => {
    expect(say('mystery')).toBe('');
  });

  it('knows comments from semicolons in strings', () => {
    expect(inComment('mov eax, 1 ; set eax', 16)).toBe(true);
    expect(inComment('mov eax, 1 ; set eax', 6)).toBe(false);
    expect(inComment("db ';', x", 9)).toBe(false);
    expect(inComment('db `a\\`;`, x', 12)).toBe(false);
  });
});

describe('lines of two texts', () => {
  it('maps a line through insertions and deletions elsewhere', () => {
    expect(mapLine('a\nb\nc', 'a\nx\nb\nc', 3)).toBe(4);
    expect(mapLine('a\nb\nc', 'a\nc', 3)).toBe(2);
    expect(mapLine('a\nb\nc', 'a\nc', 2)).toBeNull();
    expect(mapLine('a\nb\nc', 'a\nb\nc', 2)).toBe(2);
  });

  it('counts no line twice when lines repeat', () => {
    const { before, after } = changedLines('a\na', 'a\na\na');
    expect(before + after).toBe(2);
    expect(mapLine('a\na', 'a\na\na', 2)).toBe(2);
  });
});
