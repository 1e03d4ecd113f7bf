// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The expression language (docs/EXPRESSIONS.md): one for conditions, watched values, places to go to
 * and log texts. A text is compiled once and evaluated often.
 */
import { err, ok, type Result } from '../result.ts';
import { typeName, type Code, type Env, type ScalarType, type Type, type Value } from './code.ts';
import { Compiler, type CompilerOptions } from './compiler.ts';
import { toBool } from './convert.ts';
import { parse } from './parser.ts';
import { Refused, type ExpressionProblem } from './problem.ts';
import type { Scope } from './scope.ts';

/** A value in memory: where, and how it is read. */
export interface Place {
  readonly address: number;
  readonly type: ScalarType;
}

export interface Expression {
  readonly text: string;
  readonly type: Type;
  /** `u64`, `f32`, `bool`, `xmm`. */
  readonly typeName: string;
  evaluate(env: Env): Result<Value, ExpressionProblem>;
  /** Where the value lies in memory; null when it is calculated or in a register. */
  place(env: Env): Place | null;
}

/** An expression as a truth. Free of allocation when it can be evaluated. */
export interface Condition {
  readonly text: string;
  holds(env: Env): boolean | ExpressionProblem;
}

/** Runs what may be refused. @throws whatever is not a refusal: a bug */
function attempt<T>(make: () => T): Result<T, ExpressionProblem> {
  try {
    return ok(make());
  } catch (error) {
    if (error instanceof Refused) return err(error.problem);
    throw error;
  }
}

function placeOf(code: Code, env: Env): Place | null {
  const { place, type } = code;
  if (place === undefined || (type.kind !== 'int' && type.kind !== 'float')) return null;
  const address = attempt(() => place(env));
  return address.ok ? { address: address.value, type } : null;
}

export function compileExpression(
  text: string,
  scope: Scope,
  options: CompilerOptions = {},
): Result<Expression, ExpressionProblem> {
  return attempt(() => {
    const code = new Compiler(scope, options).value(parse(text));
    const { type } = code;
    return {
      text,
      type,
      typeName: typeName(type),
      // A register's bytes are copied: the value is that of now.
      evaluate: (env) =>
        attempt(() => {
          const value = code.run(env);
          return value instanceof Uint8Array ? value.slice() : value;
        }),
      place: (env) => placeOf(code, env),
    };
  });
}

export function compileCondition(
  text: string,
  scope: Scope,
  options: CompilerOptions = {},
): Result<Condition, ExpressionProblem> {
  return attempt(() => {
    const { run } = toBool(new Compiler(scope, options).value(parse(text)));
    const holds = (env: Env): boolean | ExpressionProblem => {
      try {
        return run(env);
      } catch (error) {
        if (error instanceof Refused) return error.problem;
        throw error;
      }
    };
    return { text, holds };
  });
}

/** An expression as an address: names of tensors and labels are where they lie. */
export function compileAddress(
  text: string,
  scope: Scope,
): Result<(env: Env) => Result<bigint, ExpressionProblem>, ExpressionProblem> {
  return attempt(() => {
    const { run } = new Compiler(scope).address(parse(text));
    return (env) => attempt(() => BigInt.asUintN(64, run(env)));
  });
}
