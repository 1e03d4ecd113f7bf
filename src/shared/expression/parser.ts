// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Tokens to a tree. Unlike in C, `& ^ |` bind tighter than comparisons: `rax & 1 == 0` asks for the
 * lowest bit.
 */
import type { Ast, BinaryOperator, UnaryOperator } from './ast.ts';
import { tokenize, type Token } from './lexer.ts';
import { Refused, type Span } from './problem.ts';

/** From the loosest to the tightest. */
const LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

const UNARY: readonly UnaryOperator[] = ['-', '+', '!', '~', '&'];

/** What NASM writes before a memory operand. */
const SIZES = ['byte', 'word', 'dword', 'qword', 'oword'];

/** Deeper than any honest expression; the stack of the host holds far more. */
const DEEPEST = 200;

/** @throws Refused */
export function parse(text: string): Ast {
  const parser = new Parser(tokenize(text));
  const ast = parser.expression();
  parser.end();
  return ast;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  expression(): Ast {
    if (++this.#depth > DEEPEST) throw new Refused(this.#next, 'This is nested too deeply.');
    const test = this.#level(0);
    let ast = test;
    if (this.#take('?') !== null) {
      const yes = this.expression();
      this.#expect(':', 'A choice is written test ? this : that.');
      const no = this.expression();
      ast = { kind: 'choice', test, yes, no, start: test.start, end: no.end };
    }
    this.#depth--;
    return ast;
  }

  end(): void {
    const rest = this.#next;
    if (rest.kind === 'end') return;
    if (rest.kind === 'mark' && rest.text === '=') {
      throw new Refused(rest, 'To compare, write == (nothing is assigned here).');
    }
    throw new Refused(rest, `${described(rest)} was not expected here.`);
  }

  #level(level: number): Ast {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#level(level + 1);
    for (;;) {
      const token = this.#next;
      const op = operators.find((o) => token.kind === 'mark' && token.text === o);
      if (op === undefined) return left;
      this.#at++;
      const right = this.#level(level + 1);
      left = { kind: 'binary', op, left, right, at: token, start: left.start, end: right.end };
    }
  }

  #unary(): Ast {
    const token = this.#next;
    const op = UNARY.find((o) => token.kind === 'mark' && token.text === o);
    if (op === undefined) return this.#postfix();
    if (++this.#depth > DEEPEST) throw new Refused(token, 'This is nested too deeply.');
    this.#at++;
    const of = this.#unary();
    this.#depth--;
    return { kind: 'unary', op, of, start: token.start, end: of.end };
  }

  #postfix(): Ast {
    let ast = this.#primary();
    for (;;) {
      if (this.#take('.') !== null) {
        const name = this.#name('A type or a name follows the dot.');
        ast = {
          kind: 'field',
          of: ast,
          name: name.text,
          at: name,
          start: ast.start,
          end: name.end,
        };
      } else if (this.#take('[') !== null) {
        const index = this.expression();
        const close = this.#expect(']', 'This bracket is not closed.');
        ast = { kind: 'index', of: ast, index, start: ast.start, end: close.end };
      } else return ast;
    }
  }

  #primary(): Ast {
    const token = this.#next;
    this.#at++;
    switch (token.kind) {
      case 'int':
      case 'float':
        return token;
      case 'name':
        return this.#named(token);
      case 'end':
        throw new Refused(
          token,
          token.end === 0 ? 'Type an expression.' : 'Something is missing at the end.',
        );
      case 'mark':
        break;
    }
    if (token.text === '(') {
      const inner = this.expression();
      const close = this.#expect(')', 'This bracket is not closed.');
      return { ...inner, start: token.start, end: close.end };
    }
    if (token.text === '[') return this.#memory(token.start, null);
    if (token.text === '.') {
      const name = this.#name('A local label is written .name.');
      return { kind: 'name', text: `.${name.text}`, start: token.start, end: name.end };
    }
    throw new Refused(token, `A value was expected instead of “${token.text}”.`);
  }

  #named(token: Token & { readonly kind: 'name' }): Ast {
    const word = token.text.toLowerCase();
    if (SIZES.includes(word) && this.#take('[') !== null) return this.#memory(token.start, word);
    if (this.#take('(') === null) return token;
    const args: Ast[] = [];
    if (this.#take(')') === null) {
      do args.push(this.expression());
      while (this.#take(',') !== null);
      this.#expect(')', 'This bracket is not closed.');
    }
    const end = this.#tokens[this.#at - 1]?.end ?? token.end;
    return { kind: 'call', name: token.text, args, start: token.start, end };
  }

  /** Behind the `[`. */
  #memory(start: number, size: string | null): Ast {
    const rel = this.#next;
    const after = this.#tokens[this.#at + 1];
    if (rel.kind === 'name' && rel.text.toLowerCase() === 'rel' && after?.kind === 'name')
      this.#at++;
    const address = this.expression();
    const close = this.#expect(']', 'This bracket is not closed.');
    return { kind: 'memory', address, size, start, end: close.end };
  }

  #name(missing: string): Token & { readonly kind: 'name' } {
    const token = this.#next;
    if (token.kind !== 'name') throw new Refused(token, missing);
    this.#at++;
    return token;
  }

  #expect(mark: string, otherwise: string): Span {
    const token = this.#take(mark);
    if (token === null) throw new Refused(this.#next, otherwise);
    return token;
  }

  #take(mark: string): Span | null {
    const token = this.#next;
    if (token.kind !== 'mark' || token.text !== mark) return null;
    this.#at++;
    return token;
  }

  get #next(): Token {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)];
    if (token === undefined) throw new Error('a token list ends with its end');
    return token;
  }
}

function described(token: Token): string {
  switch (token.kind) {
    case 'int':
    case 'float':
      return 'A number';
    case 'name':
    case 'mark':
      return `“${token.text}”`;
    case 'end':
      return 'The end';
  }
}
