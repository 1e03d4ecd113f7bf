// SPDX-License-Identifier: GPL-2.0-or-later
/** Formulas of floating-point arithmetic, comparison and conversion. */
import { bytesOf, unsignedOf } from '../../shared/little-endian.ts';
import { FLAG } from '../../shared/cpu-state.ts';
import { placeText, store, type Outcome, type Situation } from './outcome.ts';
import type { Operand } from './operands.ts';
import { briefFloat, floatBytes, floatLane, laneSize } from './values.ts';

type Float = 'f64' | 'f32';

const SIGNS: Readonly<Record<string, string>> = { add: '+', sub: '−', mul: '×', div: '÷' };

function apply(name: string, a: number, b: number): number {
  switch (name) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'div':
      return a / b;
    case 'sqrt':
      return Math.sqrt(b);
    case 'min':
      return a < b ? a : b;
    default:
      return a > b ? a : b;
  }
}

/** MXCSR asks for other results than those of JavaScript: another rounding, or flushed subnormals. */
function isOrdinary(mxcsr: number): boolean {
  return (mxcsr & 0xe040) === 0;
}

/** `xmm0.f64[1]`, `[w1].f64`. */
function laneName(operand: Operand, type: Float, lane: number): string {
  const index = operand.kind === 'xmm' ? `[${lane}]` : '';
  return `${placeText(operand)}.${type}${index}`;
}

/** add, sub, mul, div, sqrt, min, max of scalars and lanes. */
function arithmetic(name: string, type: Float, scalar: boolean, s: Situation): Outcome | null {
  const [target, source] = s.operands;
  if (!target?.bytes || !source?.bytes || !isOrdinary(s.state.mxcsr)) return null;
  const size = laneSize(type);
  const result = target.bytes.slice();
  const lines: string[] = [];
  for (let lane = 0; lane < (scalar ? 1 : 16 / size); lane++) {
    const a = floatLane(target.bytes, lane, type);
    const b = floatLane(source.bytes, lane, type);
    const value = apply(name, a, b);
    result.set(floatBytes(value, type), lane * size);
    const [x, y] = [briefFloat(a, type), briefFloat(b, type)];
    const sign = SIGNS[name];
    const term =
      sign !== undefined ? `${x} ${sign} ${y}` : name === 'sqrt' ? `√${y}` : `${name}(${x}, ${y})`;
    const rounded = briefFloat(type === 'f32' ? Math.fround(value) : value, type);
    lines.push(`${laneName(target, type, lane)} = ${term} = ${rounded}`);
  }
  return { lines, writes: store(s.state, target, result) };
}

/** ucomisd and its kin. */
function comparison(type: Float, s: Situation): Outcome | null {
  const [first, second] = s.operands;
  if (!first?.bytes || !second?.bytes) return null;
  const a = floatLane(first.bytes, 0, type);
  const b = floatLane(second.bytes, 0, type);
  const unordered = Number.isNaN(a) || Number.isNaN(b);
  const zf = unordered || a === b;
  const cf = unordered || a < b;
  const relation = unordered ? 'cannot be compared with' : a === b ? '=' : a < b ? '<' : '>';
  const bit = (on: boolean): number => (on ? 1 : 0);
  const flags = `ZF = ${bit(zf)}, PF = ${bit(unordered)}, CF = ${bit(cf)}`;
  const mask = FLAG.ZF | FLAG.PF | FLAG.CF | FLAG.OF | FLAG.SF | FLAG.AF;
  const value = (zf ? FLAG.ZF : 0) | (unordered ? FLAG.PF : 0) | (cf ? FLAG.CF : 0);
  return {
    lines: [`${briefFloat(a, type)} ${relation} ${briefFloat(b, type)}: ${flags}`],
    writes: [{ kind: 'flags', mask, value }],
  };
}

/** The whole number that a conversion makes by the rounding of MXCSR. */
function rounded(value: number, mode: number): number {
  if (mode === 1) return Math.floor(value);
  if (mode === 2) return Math.ceil(value);
  if (mode === 3) return Math.trunc(value);
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

function toInteger(cuts: boolean, type: Float, s: Situation): Outcome | null {
  const [target, source] = s.operands;
  if (target?.kind !== 'gpr' || !source?.bytes) return null;
  const value = floatLane(source.bytes, 0, type);
  const bits = target.size * 8;
  const whole = rounded(value, cuts ? 3 : (s.state.mxcsr >> 13) & 3);
  const limit = 2 ** (bits - 1);
  // What does not fit becomes the “integer indefinite” value.
  const fits = whole >= -limit && whole < limit;
  const result = fits ? BigInt(whole) : -(2n ** BigInt(bits - 1));
  const how = fits ? (cuts ? 'without its fraction' : 'rounded') : 'which does not fit';
  const line = `${target.text} = ${briefFloat(value, type)} ${how} = ${result}`;
  return { lines: [line], writes: store(s.state, target, bytesOf(result, target.size)) };
}

function fromInteger(type: Float, s: Situation): Outcome | null {
  const [target, source] = s.operands;
  if (!target?.bytes || !source?.bytes || !isOrdinary(s.state.mxcsr)) return null;
  const value = BigInt.asIntN(source.size * 8, unsignedOf(source.bytes));
  // Rounding twice may differ for a single of an integer that a double cannot hold.
  if (type === 'f32' && BigInt(Number(value)) !== value) return null;
  const result = type === 'f32' ? Math.fround(Number(value)) : Number(value);
  return {
    lines: [`${laneName(target, type, 0)} = ${value} = ${briefFloat(result, type)}`],
    writes: store(s.state, target, floatBytes(result, type)),
  };
}

function changeWidth(from: Float, to: Float, s: Situation): Outcome | null {
  const [target, source] = s.operands;
  if (!target?.bytes || !source?.bytes || !isOrdinary(s.state.mxcsr)) return null;
  const value = floatLane(source.bytes, 0, from);
  const result = to === 'f32' ? Math.fround(value) : value;
  const how = to === 'f32' ? `${briefFloat(value, from)} rounded = ` : '';
  return {
    lines: [`${laneName(target, to, 0)} = ${how}${briefFloat(result, to)}`],
    writes: store(s.state, target, floatBytes(result, to)),
  };
}

const PREDICATES = ['eq', 'lt', 'le', 'unord', 'neq', 'nlt', 'nle', 'ord'] as const;
type Predicate = (typeof PREDICATES)[number];

function holds(predicate: Predicate, a: number, b: number): boolean {
  const unordered = Number.isNaN(a) || Number.isNaN(b);
  switch (predicate) {
    case 'eq':
      return a === b;
    case 'lt':
      return a < b;
    case 'le':
      return a <= b;
    case 'unord':
      return unordered;
    case 'neq':
      return a !== b;
    case 'nlt':
      return !(a < b);
    case 'nle':
      return !(a <= b);
    case 'ord':
      return !unordered;
  }
}

/** cmppd and its kin: lanes of all ones or all zeros. */
function masks(predicate: Predicate, type: Float, scalar: boolean, s: Situation): Outcome | null {
  const [target, source] = s.operands;
  if (!target?.bytes || !source?.bytes) return null;
  const size = laneSize(type);
  const result = target.bytes.slice();
  const lines: string[] = [];
  for (let lane = 0; lane < (scalar ? 1 : 16 / size); lane++) {
    const a = floatLane(target.bytes, lane, type);
    const b = floatLane(source.bytes, lane, type);
    const yes = holds(predicate, a, b);
    result.fill(yes ? 0xff : 0, lane * size, lane * size + size);
    const [x, y] = [briefFloat(a, type), briefFloat(b, type)];
    const bits = yes ? 'all ones' : 'all zeros';
    lines.push(
      `${laneName(target, type, lane)}: ${predicate}(${x}, ${y}) ${yes ? 'holds' : 'does not hold'}: ${bits}`,
    );
  }
  return { lines, writes: store(s.state, target, result) };
}

/** The outcome of a floating-point instruction; null when it is none, or not worked out. */
export function floatOutcome(s: Situation): Outcome | null {
  const { mnemonic } = s;
  const operation = /^(add|sub|mul|div|sqrt|min|max)([sp])([sd])$/.exec(mnemonic);
  if (operation !== null) {
    const [, name = '', packing, width] = operation;
    return arithmetic(name, width === 'd' ? 'f64' : 'f32', packing === 's', s);
  }
  const compare = /^u?comis([sd])$/.exec(mnemonic);
  if (compare !== null) return comparison(compare[1] === 'd' ? 'f64' : 'f32', s);
  const mask = /^cmp(eq|lt|le|unord|neq|nlt|nle|ord)?([sp])([sd])$/.exec(mnemonic);
  if (mask !== null && s.operands[0]?.kind === 'xmm') {
    const chosen = s.operands[2]?.bytes?.[0];
    const predicate = (mask[1] ?? PREDICATES[chosen ?? 8]) as Predicate | undefined;
    if (predicate === undefined) return null;
    return masks(predicate, mask[3] === 'd' ? 'f64' : 'f32', mask[2] === 's', s);
  }
  const integer = /^cvt(t?)s([sd])2si$/.exec(mnemonic);
  if (integer !== null) return toInteger(integer[1] === 't', integer[2] === 'd' ? 'f64' : 'f32', s);
  if (mnemonic === 'cvtsi2sd') return fromInteger('f64', s);
  if (mnemonic === 'cvtsi2ss') return fromInteger('f32', s);
  if (mnemonic === 'cvtss2sd') return changeWidth('f32', 'f64', s);
  if (mnemonic === 'cvtsd2ss') return changeWidth('f64', 'f32', s);
  return null;
}
