// SPDX-License-Identifier: GPL-2.0-or-later
/** Text to tokens. */
import { unsignedOf } from '../little-endian.ts';
import { Refused, type Span } from './problem.ts';

export type Token = Span &
  (
    | { readonly kind: 'int'; readonly value: bigint; readonly char: boolean }
    | { readonly kind: 'float'; readonly value: number }
    | { readonly kind: 'name'; readonly text: string }
    | { readonly kind: 'mark'; readonly text: string }
    | { readonly kind: 'end' }
  );

/** Tokens of one expression. */
const MOST = 600;

const SPACE = /\s*/y;
const FLOAT = /(?:\d[\d_]*\.\d[\d_]*(?:[eE][-+]?\d+)?|\d[\d_]*[eE][-+]?\d+)(?![\w@$])/y;
/** A number begins with a digit; what follows belongs to it, so that a wrong one is seen whole. */
const NUMBER = /\d\w*/y;
const NAME = /[A-Za-z_@$][\w@$]*/y;
const MARK = /&&|\|\||==|!=|<=|>=|<<|>>|[-+*/%&|^!~<>?:()[\].,=]/y;

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** @throws Refused */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += match(SPACE, text, at)?.length ?? 0;
    if (at >= text.length) break;
    const token = tokenAt(text, at);
    if (tokens.length === MOST) throw new Refused(token, 'This is too long.');
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: 'end', start: text.trimEnd().length, end: text.trimEnd().length });
  return tokens;
}

function tokenAt(text: string, start: number): Token {
  const quote = text[start];
  if (quote === "'" || quote === '"' || quote === '`') return character(text, start, quote);
  const float = match(FLOAT, text, start);
  if (float !== null) {
    const value = Number(float.replaceAll('_', ''));
    return { kind: 'float', value, start, end: start + float.length };
  }
  const number = match(NUMBER, text, start);
  if (number !== null) {
    const span = { start, end: start + number.length };
    return { kind: 'int', value: integer(number, span), char: false, ...span };
  }
  const name = match(NAME, text, start);
  if (name !== null) return { kind: 'name', text: name, start, end: start + name.length };
  const mark = match(MARK, text, start);
  if (mark !== null) return { kind: 'mark', text: mark, start, end: start + mark.length };
  throw new Refused({ start, end: start + 1 }, `“${quote ?? ''}” has no meaning here.`);
}

/** Decimal, `0x1f`, `1fh`, `0b101`, `101b`, `0o17`, `17q`; underscores are ignored, as in NASM. */
function integer(text: string, span: Span): bigint {
  const digits = text.replaceAll('_', '').toLowerCase();
  const forms: readonly (readonly [RegExp, string])[] = [
    [/^(\d+)$/, ''],
    [/^0x([0-9a-f]+)$/, '0x'],
    [/^0b([01]+)$/, '0b'],
    [/^0[oq]([0-7]+)$/, '0o'],
    [/^([0-9][0-9a-f]*)h$/, '0x'],
    [/^([01]+)b$/, '0b'],
    [/^([0-7]+)[oq]$/, '0o'],
  ];
  for (const [form, prefix] of forms) {
    const found = form.exec(digits)?.[1];
    if (found === undefined) continue;
    const value = BigInt(prefix + found);
    if (value >= 2n ** 64n) throw new Refused(span, `${text} does not fit into 64 bits.`);
    return value;
  }
  throw new Refused(span, `“${text}” is not a number: write 31, 0x1f, 1fh, 0b11111 or 31.0.`);
}

/** Up to eight characters in quotes are a number, the first in the lowest byte, as in NASM. */
function character(text: string, start: number, quote: string): Token {
  const close = text.indexOf(quote, start + 1);
  if (close < 0) throw new Refused({ start, end: text.length }, 'The quote is not closed.');
  const span = { start, end: close + 1 };
  const bytes = new TextEncoder().encode(text.slice(start + 1, close));
  if (bytes.length === 0 || bytes.length > 8) {
    throw new Refused(span, 'Between the quotes stand one to eight characters.');
  }
  return { kind: 'int', value: unsignedOf(bytes), char: bytes.length === 1, ...span };
}
