// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Comparisons. Integers of any signedness are compared by their values; a literal takes on the type
 * of the other side (`al == -1` holds when al is 0xff). What can never hold is an error, because
 * nobody means it.
 */
import {
  BOOL,
  typeName,
  wrap,
  type Code,
  type Env,
  type IntCode,
  type VectorCode,
} from './code.ts';
import { spanOf, toFloat, toNumber } from './convert.ts';
import { Refused, type Span } from './problem.ts';

type Order = '<' | '<=' | '>' | '>=';

/** A literal as a value of the other side's type. @throws Refused when that has no such value. */
function adapt(literal: bigint, other: IntCode, at: Span): bigint {
  const { bits } = other.type;
  const least = -(1n << BigInt(bits - 1));
  const most = (1n << BigInt(bits)) - 1n;
  if (literal < least || literal > most) {
    throw new Refused(at, `This never fits: ${typeName(other.type)} has ${bits} bits.`);
  }
  return wrap(literal, other.type);
}

export function equality(op: '==' | '!=', left: Code, right: Code, span: Span): Code {
  const wanted = op === '==';
  const make = (same: (env: Env) => boolean): Code => ({
    type: BOOL,
    run: wanted ? same : (env) => !same(env),
    ...span,
  });
  if (left.type.kind === 'vector' && right.type.kind === 'vector') {
    const [a, b] = [left as VectorCode, right as VectorCode];
    return make((env) => {
      const other = b.run(env);
      return a.run(env).every((byte, i) => byte === other[i]);
    });
  }
  const [a, b] = [toNumber(left), toNumber(right)];
  if (a.type.kind === 'float' || b.type.kind === 'float') {
    const [x, y] = floatPair(a, b);
    return make((env) => x(env) === y(env));
  }
  const [x, y] = [a as IntCode, b as IntCode];
  if (y.constant !== undefined && x.constant === undefined) return make(isConstant(x, y));
  if (x.constant !== undefined && y.constant === undefined) return make(isConstant(y, x));
  return make((env) => BigInt.asUintN(64, x.run(env)) === BigInt.asUintN(64, y.run(env)));
}

function isConstant(code: IntCode, literal: IntCode): (env: Env) => boolean {
  const value = adapt(literal.constant ?? 0n, code, literal);
  const { run } = code;
  return (env) => run(env) === value;
}

const MIRRORED: Readonly<Record<Order, Order>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

export function compare(op: Order, left: Code, right: Code, span: Span): Code {
  const [a, b] = [toNumber(left), toNumber(right)];
  if (a.type.kind === 'float' || b.type.kind === 'float') {
    const [x, y] = floatPair(a, b);
    return { type: BOOL, run: ordered(op, x, y), ...span };
  }
  const [x, y] = [a as IntCode, b as IntCode];
  if (y.constant !== undefined) checkSense(op, x, y.constant);
  if (x.constant !== undefined) checkSense(MIRRORED[op], y, x.constant);
  return { type: BOOL, run: ordered(op, x.run, y.run), ...span };
}

/** Refuses `rax < 0`: unsigned values are never negative. */
function checkSense(op: Order, code: IntCode, literal: bigint): void {
  if (code.constant !== undefined || code.type.signed) return;
  const decided = op === '<' || op === '>=' ? literal <= 0n : literal < 0n;
  if (!decided) return;
  const signed = typeName({ kind: 'int', bits: code.type.bits, signed: true });
  throw new Refused(
    spanOf(code),
    `This is unsigned (${typeName(code.type)}), so it is never negative. Add .${signed} to compare it as a signed number.`,
  );
}

function ordered<T extends bigint | number>(
  op: Order,
  x: (env: Env) => T,
  y: (env: Env) => T,
): (env: Env) => boolean {
  switch (op) {
    case '<':
      return (env) => x(env) < y(env);
    case '<=':
      return (env) => x(env) <= y(env);
    case '>':
      return (env) => x(env) > y(env);
    case '>=':
      return (env) => x(env) >= y(env);
  }
}

/** Two numbers of which one is a float. A literal beside a single takes on its precision. */
function floatPair(a: Code, b: Code): [(env: Env) => number, (env: Env) => number] {
  const single = (code: Code): boolean => code.type.kind === 'float' && code.type.bits === 32;
  const side = (code: Code, other: Code): ((env: Env) => number) => {
    const { run, constant } = toFloat(code);
    if (constant === undefined || !single(other)) return run;
    const rounded = Math.fround(constant);
    return () => rounded;
  };
  return [side(a, b), side(b, a)];
}
