// SPDX-License-Identifier: GPL-2.0-or-later
/** Code of one type as code of another. */
import {
  F64,
  typeName,
  wrap,
  type BoolCode,
  type Code,
  type Env,
  type FloatCode,
  type IntCode,
  type ScalarType,
} from './code.ts';
import { Refused } from './problem.ts';

/** As a truth: what is not zero. */
export function toBool(code: Code): BoolCode {
  if (code.type.kind === 'bool') return code as BoolCode;
  if (code.type.kind === 'vector') {
    throw new Refused(code, 'A whole xmm register is neither true nor false: name a lane.');
  }
  const run = code.run as (env: Env) => bigint | number;
  return { type: { kind: 'bool' }, run: (env) => Number(run(env)) !== 0, ...spanOf(code) };
}

/** As a number to calculate with. @throws Refused for a whole xmm register. */
export function toNumber(code: Code): IntCode | FloatCode {
  switch (code.type.kind) {
    case 'int':
      return code as IntCode;
    case 'float':
      return code as FloatCode;
    case 'bool': {
      const { run } = code as BoolCode;
      return {
        type: { kind: 'int', bits: 8, signed: false },
        run: (env) => (run(env) ? 1n : 0n),
        ...spanOf(code),
      };
    }
    case 'vector':
      throw new Refused(code, 'Say which lane is meant: xmm0.f64[0], xmm0.u8[15].');
  }
}

/** As an integer. @throws Refused for floating-point numbers. */
export function toInt(code: Code, what: string): IntCode {
  const number = toNumber(code);
  if (number.type.kind === 'int') return number as IntCode;
  throw new Refused(
    code,
    `${what} takes integers, and this is ${typeName(number.type)}: write int(…) for its whole part, or .u64 for its bits.`,
  );
}

/** As a double; 64-bit integers are rounded. */
export function toFloat(code: Code): FloatCode {
  const number = toNumber(code);
  if (number.type.kind === 'float') return number as FloatCode;
  const { run, constant } = number as IntCode;
  return {
    type: F64,
    run: (env) => Number(run(env)),
    ...(constant !== undefined && { constant: Number(constant) }),
    ...spanOf(code),
  };
}

const scratch = new DataView(new ArrayBuffer(8));

/** The bits of a number as an integer: what is in memory. */
function bitsOf(code: IntCode | FloatCode): (env: Env) => bigint {
  if (code.type.kind === 'int') return (code as IntCode).run;
  const { run, type } = code as FloatCode;
  if (type.bits === 32) {
    return (env) => {
      scratch.setFloat32(0, run(env));
      return BigInt(scratch.getUint32(0));
    };
  }
  return (env) => {
    scratch.setFloat64(0, run(env));
    return scratch.getBigUint64(0);
  };
}

/** The same bits, or the lowest of them, as another type; nothing is converted. */
export function reinterpret(code: Code, type: ScalarType): IntCode | FloatCode {
  const number = toNumber(code);
  const bits = bitsOf(number);
  const common = { ...spanOf(code), ...(number.place !== undefined && { place: number.place }) };
  if (type.kind === 'int') return { ...common, type, run: (env) => wrap(bits(env), type) };
  if (type.bits > number.type.bits) {
    throw new Refused(code, `${typeName(number.type)} has fewer bits than ${typeName(type)}.`);
  }
  return type.bits === 64
    ? {
        ...common,
        type,
        run: (env) => {
          scratch.setBigUint64(0, BigInt.asUintN(64, bits(env)));
          return scratch.getFloat64(0);
        },
      }
    : {
        ...common,
        type,
        run: (env) => {
          scratch.setUint32(0, Number(BigInt.asUintN(32, bits(env))));
          return scratch.getFloat32(0);
        },
      };
}

export function spanOf(code: Code): { readonly start: number; readonly end: number } {
  return { start: code.start, end: code.end };
}
