// SPDX-License-Identifier: GPL-2.0-or-later
/** The functions of the language. */
import { BOOL, F64, I64, wrap, type Code, type FloatCode, type IntCode } from './code.ts';
import { toFloat, toNumber } from './convert.ts';
import { choice } from './operators.ts';
import { compare } from './comparisons.ts';
import { Refused, type Span } from './problem.ts';

type Maker = (args: readonly Code[], span: Span) => Code;

function one(args: readonly Code[], span: Span): Code {
  const [arg] = args;
  if (arg === undefined || args.length !== 1) throw new Refused(span, 'This takes one argument.');
  return arg;
}

function ofFloat(apply: (x: number) => number): Maker {
  return (args, span) => {
    const { run } = toFloat(one(args, span));
    return { type: F64, run: (env) => apply(run(env)), ...span } satisfies FloatCode;
  };
}

function askFloat(is: (x: number) => boolean): Maker {
  return (args, span) => {
    const { run } = toFloat(one(args, span));
    return { type: BOOL, run: (env) => is(run(env)), ...span };
  };
}

/** The whole part of a float, towards zero. */
function truncated(args: readonly Code[], span: Span): Code {
  const number = toNumber(one(args, span));
  if (number.type.kind === 'int') return { ...number, ...span };
  const { run } = number as FloatCode;
  return {
    type: I64,
    run: (env) => {
      const value = run(env);
      if (!Number.isFinite(value)) throw new Refused(span, `${String(value)} has no whole part.`);
      return wrap(BigInt(Math.trunc(value)), I64);
    },
    ...span,
  } satisfies IntCode;
}

function absolute(args: readonly Code[], span: Span): Code {
  const number = toNumber(one(args, span));
  if (number.type.kind === 'float') return ofFloat(Math.abs)(args, span);
  const { run, type } = number as IntCode;
  return {
    type: { kind: 'int', bits: type.bits, signed: false },
    run: (env) => {
      const value = run(env);
      return value < 0n ? -value : value;
    },
    ...span,
  };
}

function extreme(op: '<' | '>'): Maker {
  return (args, span) => {
    const [first, ...rest] = args;
    if (first === undefined || rest.length === 0) {
      throw new Refused(span, 'This takes two arguments or more.');
    }
    return rest.reduce((best, arg) => choice(compare(op, best, arg, span), best, arg, span), first);
  };
}

const FUNCTIONS: Readonly<Record<string, Maker>> = {
  abs: absolute,
  sqrt: ofFloat(Math.sqrt),
  floor: ofFloat(Math.floor),
  exp: ofFloat(Math.exp),
  ln: ofFloat(Math.log),
  int: truncated,
  float: (args, span) => ({ ...toFloat(one(args, span)), ...span }),
  isnan: askFloat(Number.isNaN),
  isinf: askFloat((x) => x === Infinity || x === -Infinity),
  min: extreme('<'),
  max: extreme('>'),
};

export const FUNCTION_NAMES: readonly string[] = Object.keys(FUNCTIONS);

/** @throws Refused */
export function callCode(name: string, args: readonly Code[], span: Span): Code {
  const maker = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (maker === undefined) {
    throw new Refused(
      span,
      `There is no function “${name}”: there are ${FUNCTION_NAMES.join(', ')}.`,
    );
  }
  return maker(args, span);
}
