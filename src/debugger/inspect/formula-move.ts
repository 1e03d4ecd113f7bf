// SPDX-License-Identifier: GPL-2.0-or-later
/** Formulas of moves: between registers and memory, of lanes, and of vectors bit by bit. */
import { bytesOf, unsignedOf } from '../../shared/little-endian.ts';
import type { Operand } from './operands.ts';
import { placeText, store, type Outcome, type Situation } from './outcome.ts';
import { briefInteger, laneSize, lanesText, vectorShape } from './values.ts';

const WHOLE = /^mov(aps|apd|ups|upd|dqa|dqu|ntps|ntpd|ntdq)$|^lddqu$/;

function assign(target: Operand, value: string, s: Situation, bytes: Uint8Array): Outcome {
  return { lines: [`${placeText(target)} = ${value}`], writes: store(s.state, target, bytes) };
}

/** `[w1] = 0.5`, or only the value when the source is a constant. */
function sourced(source: Operand, value: string): string {
  return source.kind === 'immediate' ? value : `${placeText(source)} = ${value}`;
}

function integerMove(s: Situation): Outcome | null {
  const [target, source] = s.operands;
  if (!target || !source?.bytes) return null;
  const bits = target.size * 8;
  const raw = unsignedOf(source.bytes);
  const extends_ = s.mnemonic === 'movsx' || s.mnemonic === 'movsxd';
  const value = extends_ ? BigInt.asIntN(source.size * 8, raw) : raw;
  const text = sourced(source, briefInteger(value, bits));
  return assign(target, text, s, bytesOf(value, target.size));
}

function vectorMove(s: Situation): Outcome | null {
  const [target, source] = s.operands;
  if (!target || !source?.bytes) return null;
  const shape = vectorShape(s.mnemonic);
  const text = sourced(source, lanesText(source.bytes, shape));
  return assign(target, text, s, source.bytes.slice(0, 16));
}

/** movss, movsd, movd, movq: one lane; what comes from elsewhere clears the rest. */
function laneMove(s: Situation, size: number): Outcome | null {
  const [target, source] = s.operands;
  if (!target || !source?.bytes || source.bytes.length < size) return null;
  const bytes = source.bytes.slice(0, size);
  const float = s.mnemonic === 'movss' || s.mnemonic === 'movsd';
  const type = s.mnemonic === 'movss' ? 'f32' : s.mnemonic === 'movsd' ? 'f64' : null;
  const value =
    type === null
      ? briefInteger(unsignedOf(bytes), size * 8)
      : lanesText(bytes, { type, scalar: true });
  const text = sourced(source, value);
  if (target.kind !== 'xmm') return assign(target, text, s, bytes);
  const keeps = float && source.kind === 'xmm';
  const whole = keeps ? (target.bytes?.slice() ?? new Uint8Array(16)) : new Uint8Array(16);
  whole.set(bytes);
  const lane = `${placeText(target)}.${type ?? (size === 8 ? 'i64' : 'i32')}[0]`;
  const rest = keeps ? '; the rest stays' : '; the rest becomes 0';
  return { lines: [`${lane} = ${text}${rest}`], writes: store(s.state, target, whole) };
}

/** movlps, movhpd, movhlps …: one half. */
function halfMove(s: Situation): Outcome | null {
  const [target, source] = s.operands;
  if (!target || !source?.bytes) return null;
  const shape = vectorShape(s.mnemonic);
  const toHigh = /^mov(lh|h)p/.test(s.mnemonic);
  const fromHigh =
    s.mnemonic === 'movhlps' || (source.kind === 'xmm' && target.kind === 'memory' && toHigh);
  const half = source.bytes.slice(fromHigh ? 8 : 0, fromHigh ? 16 : 8);
  const value = lanesText(half, { type: shape.type, scalar: false });
  if (target.kind === 'memory') return assign(target, value, s, half);
  const whole = target.bytes?.slice() ?? new Uint8Array(16);
  whole.set(half, toHigh ? 8 : 0);
  const which = toHigh ? 'upper' : 'low';
  return {
    lines: [`${which} half of ${target.text} = ${value}`],
    writes: store(s.state, target, whole),
  };
}

/** Lanes of the result: from the destination (`d`) or the source (`s`), by number. */
type Choice = readonly (readonly ['d' | 's', number])[];

function choiceOf(s: Situation): Choice | null {
  const control = s.operands[2]?.bytes?.[0] ?? 0;
  const bits = (at: number, width: number): number => (control >> at) & ((1 << width) - 1);
  switch (s.mnemonic) {
    case 'unpcklpd':
    case 'punpcklqdq':
      return [
        ['d', 0],
        ['s', 0],
      ];
    case 'unpckhpd':
    case 'punpckhqdq':
      return [
        ['d', 1],
        ['s', 1],
      ];
    case 'unpcklps':
    case 'punpckldq':
      return [
        ['d', 0],
        ['s', 0],
        ['d', 1],
        ['s', 1],
      ];
    case 'unpckhps':
    case 'punpckhdq':
      return [
        ['d', 2],
        ['s', 2],
        ['d', 3],
        ['s', 3],
      ];
    case 'shufpd':
      return [
        ['d', bits(0, 1)],
        ['s', bits(1, 1)],
      ];
    case 'shufps':
      return [
        ['d', bits(0, 2)],
        ['d', bits(2, 2)],
        ['s', bits(4, 2)],
        ['s', bits(6, 2)],
      ];
    case 'pshufd':
      return [
        ['s', bits(0, 2)],
        ['s', bits(2, 2)],
        ['s', bits(4, 2)],
        ['s', bits(6, 2)],
      ];
    case 'movddup':
      return [
        ['s', 0],
        ['s', 0],
      ];
    case 'movshdup':
      return [
        ['s', 1],
        ['s', 1],
        ['s', 3],
        ['s', 3],
      ];
    case 'movsldup':
      return [
        ['s', 0],
        ['s', 0],
        ['s', 2],
        ['s', 2],
      ];
    default:
      return null;
  }
}

function shuffle(s: Situation): Outcome | null {
  const choice = choiceOf(s);
  const [target, source] = s.operands;
  if (choice === null || !target?.bytes || !source?.bytes) return null;
  const shape = vectorShape(s.mnemonic);
  const type =
    choice.length === 2
      ? shape.type === 'f64'
        ? 'f64'
        : 'i64'
      : shape.type === 'f32'
        ? 'f32'
        : 'i32';
  const size = laneSize(s.mnemonic === 'movddup' ? 'f64' : type);
  const result = new Uint8Array(16);
  const from: string[] = [];
  choice.forEach(([which, lane], i) => {
    const operand = which === 'd' ? target : source;
    result.set(operand.bytes?.subarray(lane * size, lane * size + size) ?? [], i * size);
    from.push(`${placeText(operand)}[${lane}]`);
  });
  const value = lanesText(result, { type: s.mnemonic === 'movddup' ? 'f64' : type, scalar: false });
  return {
    lines: [`${target.text} = { ${from.join(', ')} } = ${value}`],
    writes: store(s.state, target, result),
  };
}

const BITS: Readonly<Record<string, (a: number, b: number) => number>> = {
  and: (a, b) => a & b,
  andn: (a, b) => ~a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
};
const BIT_SIGNS: Readonly<Record<string, string>> = { and: '&', andn: '& ~', or: '|', xor: '^' };

function bitwise(s: Situation): Outcome | null {
  const name = /^(?:p(andn?|or|xor)|(andn?|or|xor)p[sd])$/.exec(s.mnemonic);
  const operation = name?.[1] ?? name?.[2] ?? '';
  const apply = BITS[operation];
  const [target, source] = s.operands;
  if (apply === undefined || !target?.bytes || !source?.bytes) return null;
  const result = target.bytes.map((byte, i) => apply(byte, source.bytes?.[i] ?? 0));
  const shape = vectorShape(s.mnemonic);
  const value = lanesText(result, { type: shape.type, scalar: false });
  const same = operation === 'xor' && target.text === source.text;
  const [a, b] = [placeText(target), placeText(source)];
  const term = operation === 'andn' ? `~${a} & ${b}` : `${a} ${BIT_SIGNS[operation] ?? ''} ${b}`;
  return {
    lines: [same ? `${a} = 0 in all lanes` : `${a} = ${term} = ${value}`],
    writes: store(s.state, target, result),
  };
}

/** Sums and comparisons of integer lanes, and shifts of them by a constant. */
function packedInteger(s: Situation): Outcome | null {
  const [target, source] = s.operands;
  const match = /^p(add|sub|cmpeq|cmpgt|sll|srl)([bwdq])$/.exec(s.mnemonic);
  if (match === null || !target?.bytes || !source?.bytes) return null;
  const [, name = '', letter = ''] = match;
  const shift = name === 'sll' || name === 'srl';
  if (shift && source.kind !== 'immediate') return null;
  const { type } = vectorShape(s.mnemonic);
  const size = laneSize(type);
  const bits = size * 8;
  const result = new Uint8Array(16);
  for (let at = 0; at < 16; at += size) {
    const a = unsignedOf(target.bytes.subarray(at, at + size));
    const b = unsignedOf(shift ? source.bytes : source.bytes.subarray(at, at + size));
    let value = 0n;
    if (name === 'add') value = a + b;
    else if (name === 'sub') value = a - b;
    else if (name === 'cmpeq') value = a === b ? -1n : 0n;
    else if (name === 'cmpgt') value = BigInt.asIntN(bits, a) > BigInt.asIntN(bits, b) ? -1n : 0n;
    else if (b < BigInt(bits)) value = name === 'sll' ? a << b : a >> b;
    result.set(bytesOf(value, size), at);
  }
  const sign = { add: '+', sub: '−', cmpeq: '==', cmpgt: '>', sll: '<<', srl: '>>' }[name] ?? '';
  const value = lanesText(result, { type: letter === 'b' ? 'i8' : type, scalar: false });
  return {
    lines: [`${target.text} = ${target.text} ${sign} ${placeText(source)} = ${value}`],
    writes: store(s.state, target, result),
  };
}

/** Signs of lanes gathered in a general register. */
function signs(s: Situation): Outcome | null {
  const size = { pmovmskb: 1, movmskps: 4, movmskpd: 8 }[s.mnemonic];
  const [target, source] = s.operands;
  if (size === undefined || !target || !source?.bytes) return null;
  let value = 0;
  for (let at = size - 1, bit = 0; at < 16; at += size, bit++) {
    if (((source.bytes[at] ?? 0) & 0x80) !== 0) value |= 1 << bit;
  }
  const text = `0b${value.toString(2).padStart(16 / size, '0')}`;
  return assign(target, text, s, bytesOf(BigInt(value), target.size));
}

/** The outcome of a move or a rearrangement; null when it is none, or not worked out. */
export function moveOutcome(s: Situation): Outcome | null {
  const { mnemonic, operands } = s;
  const vector = operands.some((operand) => operand.kind === 'xmm');
  if (/^mov(zx|sx|sxd|abs|nti)?$/.test(mnemonic) && !vector) return integerMove(s);
  if (!vector) return null;
  if (WHOLE.test(mnemonic)) return vectorMove(s);
  if (mnemonic === 'movsd' || mnemonic === 'movq') return laneMove(s, 8);
  if (mnemonic === 'movss' || mnemonic === 'movd') return laneMove(s, 4);
  if (/^mov(l|h|hl|lh)p[sd]$/.test(mnemonic)) return halfMove(s);
  return shuffle(s) ?? bitwise(s) ?? packedInteger(s) ?? signs(s);
}
