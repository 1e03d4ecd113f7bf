// SPDX-License-Identifier: GPL-2.0-or-later
/** Texts with `{expression}` in them, for log points; `{{` is a brace. */
import { err, ok, type Result } from '../result.ts';
import type { Env } from './code.ts';
import { compileExpression } from './expression.ts';
import type { ExpressionProblem } from './problem.ts';
import type { Scope } from './scope.ts';
import { valueText, type ValueFormat } from './value-text.ts';

export type Template = (env: Env) => string;

/** `{rax, x}`: the letters of printf. */
const FORMATS: Readonly<Record<string, ValueFormat>> = {
  d: 'decimal',
  x: 'hex',
  b: 'binary',
  c: 'char',
  f: 'float',
};

type NameOf = (address: number) => string | null;

export function compileTemplate(
  text: string,
  scope: Scope,
  nameOf: NameOf,
): Result<Template, ExpressionProblem> {
  const parts: (string | Template)[] = [];
  let plain = '';
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if ((char === '{' || char === '}') && text[at + 1] === char) {
      plain += char;
      at += 2;
    } else if (char === '{') {
      const close = text.indexOf('}', at);
      if (close < 0)
        return err({ column: at + 1, length: 1, message: 'This brace is not closed.' });
      const part = compilePart(text.slice(at + 1, close), scope, nameOf);
      if (!part.ok) return err({ ...part.error, column: part.error.column + at + 1 });
      parts.push(plain, part.value);
      plain = '';
      at = close + 1;
    } else {
      plain += char;
      at++;
    }
  }
  parts.push(plain);
  return ok((env) => parts.map((part) => (typeof part === 'string' ? part : part(env))).join(''));
}

function compilePart(
  text: string,
  scope: Scope,
  nameOf: NameOf,
): Result<Template, ExpressionProblem> {
  const suffix = /,\s*([dxbcf])\s*$/.exec(text);
  const format = FORMATS[suffix?.[1] ?? ''] ?? 'auto';
  const expression = compileExpression(suffix === null ? text : text.slice(0, suffix.index), scope);
  if (!expression.ok) return expression;
  const compiled = expression.value;
  return ok((env) => {
    const value = compiled.evaluate(env);
    return value.ok
      ? valueText(value.value, compiled.type, format, nameOf)
      : `(${value.error.message})`;
  });
}
