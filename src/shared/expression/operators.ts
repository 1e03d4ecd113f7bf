// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Operators. Integers are calculated in 64 bits, wrapping; the result is unsigned when a 64-bit
 * unsigned value takes part, otherwise signed when a signed one does. With a float, all is double.
 */
import type { BinaryOperator, UnaryOperator } from './ast.ts';
import {
  BOOL,
  F64,
  I64,
  U64,
  wrap,
  type Code,
  type Env,
  type FloatCode,
  type IntCode,
  type IntType,
  type VectorCode,
} from './code.ts';
import { compare, equality } from './comparisons.ts';
import { toBool, toFloat, toInt, toNumber } from './convert.ts';
import { Refused, type Span } from './problem.ts';

type Arithmetic = '+' | '-' | '*' | '/' | '%' | '<<' | '>>' | '&' | '|' | '^';

function resultType(a: IntCode, b: IntCode): IntType {
  const [x, y] = [a.type, b.type];
  if (a.constant !== undefined && b.constant !== undefined) return I64;
  const wide = (code: IntCode): boolean =>
    code.constant === undefined && code.type.bits === 64 && !code.type.signed;
  const look = x.look === 'pointer' || y.look === 'pointer' ? { look: 'pointer' as const } : {};
  if (wide(a) || wide(b)) return { ...U64, ...look };
  const signed = (code: IntCode): boolean => code.constant === undefined && code.type.signed;
  return signed(a) || signed(b) ? I64 : U64;
}

function divide(a: bigint, b: bigint, at: Span): bigint {
  if (b === 0n) throw new Refused(at, 'This divides by zero.');
  return a / b;
}

function integers(op: Arithmetic, at: Span): (a: bigint, b: bigint) => bigint {
  switch (op) {
    case '+':
      return (a, b) => a + b;
    case '-':
      return (a, b) => a - b;
    case '*':
      return (a, b) => a * b;
    case '/':
      return (a, b) => divide(a, b, at);
    case '%':
      return (a, b) => a - b * divide(a, b, at);
    case '&':
      return (a, b) => a & b;
    case '|':
      return (a, b) => a | b;
    case '^':
      return (a, b) => a ^ b;
    case '<<':
      return (a, b) => (b < 0n || b > 63n ? 0n : a << b);
    case '>>':
      return (a, b) => (b < 0n || b > 63n ? (a < 0n ? -1n : 0n) : a >> b);
  }
}

function floats(op: '+' | '-' | '*' | '/' | '%'): (a: number, b: number) => number {
  switch (op) {
    case '+':
      return (a, b) => a + b;
    case '-':
      return (a, b) => a - b;
    case '*':
      return (a, b) => a * b;
    case '/':
      return (a, b) => a / b;
    case '%':
      return (a, b) => a % b;
  }
}

function isShift(op: Arithmetic): op is '<<' | '>>' {
  return op === '<<' || op === '>>';
}

function arithmetic(op: Arithmetic, left: Code, right: Code, span: Span, at: Span): Code {
  const [a, b] = [toNumber(left), toNumber(right)];
  if (a.type.kind === 'float' || b.type.kind === 'float') {
    if (isShift(op) || op === '&' || op === '|' || op === '^') {
      const float = a.type.kind === 'float' ? left : right;
      return arithmetic(op, toInt(float, `“${op}”`), toInt(right, `“${op}”`), span, at);
    }
    const [x, y] = [toFloat(a), toFloat(b)];
    const apply = floats(op);
    const both = x.constant !== undefined && y.constant !== undefined;
    return {
      type: F64,
      run: (env) => apply(x.run(env), y.run(env)),
      ...(both && { constant: apply(x.constant, y.constant) }),
      ...span,
    } satisfies FloatCode;
  }
  const [x, y] = [a as IntCode, b as IntCode];
  const type = isShift(op) ? { ...x.type, bits: 64 as const } : resultType(x, y);
  const apply = integers(op, at);
  const run = (env: Env): bigint => wrap(apply(x.run(env), y.run(env)), type);
  if (x.constant === undefined || y.constant === undefined) return { type, run, ...span };
  const constant = apply(x.constant, y.constant);
  const folded = wrap(constant, constant > I64_MAX ? U64 : I64);
  return { type: folded > I64_MAX ? U64 : I64, run: () => folded, constant: folded, ...span };
}

const I64_MAX = 2n ** 63n - 1n;

export function binary(op: BinaryOperator, left: Code, right: Code, span: Span, at: Span): Code {
  switch (op) {
    case '&&':
    case '||': {
      const [a, b] = [toBool(left).run, toBool(right).run];
      const run = op === '&&' ? (e: Env) => a(e) && b(e) : (e: Env) => a(e) || b(e);
      return { type: BOOL, run, ...span };
    }
    case '==':
    case '!=':
      return equality(op, left, right, span);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compare(op, left, right, span);
    default:
      return arithmetic(op, left, right, span, at);
  }
}

export function unary(op: UnaryOperator, of: Code, span: Span): Code {
  switch (op) {
    case '!': {
      const { run } = toBool(of);
      return { type: BOOL, run: (env) => !run(env), ...span };
    }
    case '+':
      return { ...toNumber(of), ...span };
    case '-':
      return negated(toNumber(of), span);
    case '~': {
      const code = toInt(of, '“~”');
      const type = code.constant === undefined ? code.type : I64;
      const { run, constant } = code;
      return {
        type,
        run: (env) => wrap(~run(env), type),
        ...(constant !== undefined && { constant: wrap(~constant, type) }),
        ...span,
      };
    }
    case '&': {
      const { place } = of;
      if (place === undefined) {
        throw new Refused(of, '“&” asks for an address, and this does not lie in memory.');
      }
      return {
        type: { ...U64, look: 'pointer' },
        run: (env) => BigInt(place(env)),
        ...span,
      };
    }
  }
}

function negated(of: IntCode | FloatCode, span: Span): Code {
  if (of.type.kind === 'float') {
    const { run, constant, type } = of as FloatCode;
    return {
      type,
      run: (env) => -run(env),
      ...(constant !== undefined && { constant: -constant }),
      ...span,
    };
  }
  const { run, constant } = of as IntCode;
  if (constant !== undefined) {
    const folded = wrap(-constant, I64);
    return { type: I64, run: () => folded, constant: folded, ...span };
  }
  return { type: I64, run: (env) => wrap(-run(env), I64), ...span };
}

/** `test ? yes : no`; both ways have the type that holds either. */
export function choice(test: Code, yes: Code, no: Code, span: Span): Code {
  const { run: asks } = toBool(test);
  if (yes.type.kind === 'vector' && no.type.kind === 'vector') {
    const [a, b] = [yes as VectorCode, no as VectorCode];
    return { type: yes.type, run: (env) => (asks(env) ? a : b).run(env), ...span };
  }
  if (yes.type.kind === 'bool' && no.type.kind === 'bool') {
    const [a, b] = [toBool(yes).run, toBool(no).run];
    return { type: BOOL, run: (env) => (asks(env) ? a(env) : b(env)), ...span };
  }
  const [a, b] = [toNumber(yes), toNumber(no)];
  if (a.type.kind === 'float' || b.type.kind === 'float') {
    const [x, y] = [toFloat(a).run, toFloat(b).run];
    return { type: F64, run: (env) => (asks(env) ? x(env) : y(env)), ...span };
  }
  const [x, y] = [a as IntCode, b as IntCode];
  const type = resultType(x, y);
  return { type, run: (env) => wrap((asks(env) ? x : y).run(env), type), ...span };
}
