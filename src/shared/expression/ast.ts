// SPDX-License-Identifier: GPL-2.0-or-later
/** The shape of an expression. */
import type { Span } from './problem.ts';

export type UnaryOperator = '-' | '+' | '!' | '~' | '&';

export type BinaryOperator =
  | '||'
  | '&&'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '|'
  | '^'
  | '&'
  | '<<'
  | '>>'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%';

export type Ast = Span &
  (
    | { readonly kind: 'int'; readonly value: bigint; readonly char: boolean }
    | { readonly kind: 'float'; readonly value: number }
    /** A register, flag, symbol or tensor; `.loop` for a local label of where one is. */
    | { readonly kind: 'name'; readonly text: string }
    /** `of.name`: a type, a lane view, or the rest of a dotted label. */
    | { readonly kind: 'field'; readonly of: Ast; readonly name: string; readonly at: Span }
    | { readonly kind: 'index'; readonly of: Ast; readonly index: Ast }
    /** `[address]`, with the size word of NASM before it, if any. */
    | { readonly kind: 'memory'; readonly address: Ast; readonly size: string | null }
    | { readonly kind: 'unary'; readonly op: UnaryOperator; readonly of: Ast }
    | {
        readonly kind: 'binary';
        readonly op: BinaryOperator;
        readonly left: Ast;
        readonly right: Ast;
        readonly at: Span;
      }
    | { readonly kind: 'choice'; readonly test: Ast; readonly yes: Ast; readonly no: Ast }
    | { readonly kind: 'call'; readonly name: string; readonly args: readonly Ast[] }
  );
