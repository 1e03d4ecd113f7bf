// SPDX-License-Identifier: GPL-2.0-or-later
import { compile } from 'monaco-editor/editor/standalone/common/monarch/monarchCompile.js';
import { MonarchTokenizer } from 'monaco-editor/editor/standalone/common/monarch/monarchLexer.js';
import { describe, expect, it } from 'vitest';
import { NASM_LANGUAGE, nasmGrammar } from './nasm-language.ts';

interface MonarchState {
  equals(other: MonarchState): boolean;
}

interface Tokenizer {
  getInitialState(): MonarchState;
  tokenize(
    line: string,
    hasEOL: boolean,
    state: MonarchState,
  ): { tokens: { offset: number; type: string }[]; endState: MonarchState };
}

/** Monaco's own Monarch engine, without an editor around it. */
function tokenizer(): Tokenizer {
  const services = { languageIdCodec: {} };
  const configuration = {
    getValue: () => 20_000,
    onDidChangeConfiguration: () => ({ dispose: () => undefined }),
  };
  return new MonarchTokenizer(
    services,
    {},
    NASM_LANGUAGE,
    compile(NASM_LANGUAGE, nasmGrammar),
    configuration,
  ) as unknown as Tokenizer;
}

const nasm = tokenizer();

/** The tokens of the lines as `text:type`, blanks left out. */
function tokens(source: string): string[] {
  let state = nasm.getInitialState();
  const found: string[] = [];
  for (const line of source.split('\n')) {
    const result = nasm.tokenize(line, true, state);
    state = result.endState;
    result.tokens.forEach((token, i) => {
      const text = line.slice(token.offset, result.tokens[i + 1]?.offset ?? line.length).trim();
      const type = token.type.replace(`.${NASM_LANGUAGE}`, '');
      if (text !== '' && type !== '') found.push(`${text}:${type}`);
    });
  }
  return found;
}

const typeOf = (word: string, line: string) =>
  tokens(line)
    .find((t) => t.startsWith(`${word}:`))
    ?.slice(word.length + 1);

describe('the NASM grammar', () => {
  it('tells instructions, registers, sizes and numbers apart', () => {
    expect(tokens('    mov     eax, dword [rsp + 8] ; room')).toEqual([
      'mov:keyword',
      'eax:variable.register',
      ',:delimiter',
      'dword:keyword.size',
      '[:delimiter.square',
      'rsp:variable.register',
      '+:delimiter',
      '8:number',
      ']:delimiter.square',
      '; room:comment',
    ]);
  });

  it('knows SSE, AVX, conditions and x87', () => {
    const known =
      'addpd mulsd cvtsi2sd cvttsd2si movapd movdqu unpcklpd shufps pshufd haddpd ' +
      'vaddpd vfmadd231pd vbroadcastsd vextractf128 vpermilpd vmovupd vzeroupper kmovw ' +
      'vpternlogd jne setnz cmovae cqo syscall rep movsb ldmxcsr fld fsin comisd sqrtsd ' +
      'andnpd roundsd pmovmskb movmskpd vcmppd cmpltsd xgetbv bswap imul pmaddwd palignr';
    for (const word of known.split(' ')) {
      const expected = word === 'rep' ? 'keyword.prefix' : 'keyword';
      expect(typeOf(word, `    ${word} x`), word).toBe(expected);
    }
  });

  it('colours a word in an instruction’s place that is none as a macro', () => {
    expect(typeOf('put_line', '    put_line "x"')).toBe('macro');
    expect(typeOf('movx', '    movx eax, 1')).toBe('macro');
  });

  it.each([
    ['200', 'number'],
    ['0200d', 'number'],
    ['0d200', 'number'],
    ['0c8h', 'number.hex'],
    ['$0c8', 'number.hex'],
    ['0xc8', 'number.hex'],
    ['0hc8', 'number.hex'],
    ['0bh', 'number.hex'],
    ['310q', 'number.octal'],
    ['310o', 'number.octal'],
    ['0o310', 'number.octal'],
    ['11001000b', 'number.binary'],
    ['1100_1000y', 'number.binary'],
    ['0b1100_1000', 'number.binary'],
    ['1.2', 'number.float'],
    ['1.e10', 'number.float'],
    ['1e+10', 'number.float'],
    ['0x1.8p-3', 'number.float'],
    ['1x2y', 'number.invalid'],
  ])('reads %s as %s', (text, type) => {
    expect(typeOf(text, `    dq ${text}`)).toBe(type);
  });

  it('tells labels, local labels, data labels and constants', () => {
    expect(typeOf('_start', '_start:')).toBe('label');
    expect(typeOf('.next_row', '.next_row:')).toBe('label.local');
    expect(typeOf('.next_row', '    jne .next_row')).toBe('label.local');
    expect(typeOf('HIDDEN', 'HIDDEN equ 32')).toBe('label');
    expect(typeOf('pd_one', 'pd_one dq 1.0')).toBe('label');
    expect(typeOf('equ', 'HIDDEN equ 32')).toBe('keyword.pseudo');
    expect(typeOf('mov', 'label: mov eax, 1')).toBe('keyword');
  });

  it('keeps annotations apart from comments, and to their line', () => {
    expect(tokens(';@ tensor w1 f64[784][32] in=pixel')).toEqual([
      ';@:annotation.mark',
      'tensor:annotation.keyword',
      'w1:annotation.name',
      'f64:annotation.type',
      '[784][32]:annotation',
      'in:annotation.axis',
      '=:annotation',
      'pixel:annotation.name',
    ]);
    expect(tokens('    ;@ event batch_end\n    inc rax')).toEqual([
      ';@:annotation.mark',
      'event:annotation.keyword',
      'batch_end:annotation.name',
      'inc:keyword',
      'rax:variable.register',
    ]);
    expect(typeOf('; @ tensor', '; @ tensor')).toBe('comment');
  });

  it('reads strings of three kinds; a semicolon in one is no comment', () => {
    expect(typeOf('"a; b"', 'x db "a; b"')).toBe('string');
    expect(typeOf("'it'", "x db 'it', 10")).toBe('string');
    expect(tokens('x db `tab\\tend`, 0')).toContain('\\t:string.escape');
    expect(tokens('x db `open\n    ret')).toContain('ret:keyword');
  });

  it('knows the preprocessor', () => {
    expect(tokens('%define row rdi')).toEqual([
      '%define:keyword.preprocessor',
      'row:macro',
      'rdi:variable.register',
    ]);
    expect(typeOf('%%next', '%%next:')).toBe('label.local');
    expect(tokens('    mov %1, %{2}')).toContain('%1:variable.parameter');
    expect(tokens('%comment\nmov eax\n%endcomment\n    ret')).toEqual([
      '%comment:comment',
      'mov eax:comment',
      '%endcomment:comment',
      'ret:keyword',
    ]);
  });

  it('knows sections and structures', () => {
    expect(typeOf('.text', 'section .text')).toBe('type.section');
    expect(typeOf('layer', 'struc layer')).toBe('label');
  });

  it('knows here and the section’s start', () => {
    expect(tokens('len equ $ - $$')).toEqual([
      'len:label',
      'equ:keyword.pseudo',
      '$:keyword.here',
      '-:delimiter',
      '$$:keyword.here',
    ]);
  });
});
