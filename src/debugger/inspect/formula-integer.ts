// SPDX-License-Identifier: GPL-2.0-or-later
/** Formulas of integer arithmetic, with the flags that come of it. */
import { bytesOf, unsignedOf } from '../../shared/little-endian.ts';
import { FLAG } from '../../shared/cpu-state.ts';
import { hex } from '../../shared/format.ts';
import { conditionOf, flagValues } from './condition.ts';
import type { Operand } from './operands.ts';
import { placeText, store, type Outcome, type Situation, type Write } from './outcome.ts';
import { briefInteger } from './values.ts';

/** CF, ZF, SF, OF after an operation; those that it leaves alone are missing. */
interface Flags {
  readonly cf?: boolean;
  readonly of?: boolean;
  readonly result: bigint;
  readonly bits: number;
}

function flagWrite({ cf, of, result, bits }: Flags): { write: Write; text: string } {
  const value = BigInt.asUintN(bits, result);
  const zf = value === 0n;
  const sf = BigInt.asIntN(bits, value) < 0n;
  const low = Number(value & 0xffn);
  const pf = low.toString(2).replaceAll('0', '').length % 2 === 0;
  let mask = FLAG.ZF | FLAG.SF | FLAG.PF;
  let flags = (zf ? FLAG.ZF : 0) | (sf ? FLAG.SF : 0) | (pf ? FLAG.PF : 0);
  const shown = [`ZF = ${zf ? 1 : 0}`, `SF = ${sf ? 1 : 0}`];
  if (cf !== undefined) {
    mask |= FLAG.CF;
    if (cf) flags |= FLAG.CF;
    shown.push(`CF = ${cf ? 1 : 0}`);
  }
  if (of !== undefined) {
    mask |= FLAG.OF;
    if (of) flags |= FLAG.OF;
    shown.push(`OF = ${of ? 1 : 0}`);
  }
  return { write: { kind: 'flags', mask, value: flags }, text: shown.join(', ') };
}

function sized(operand: Operand, bits: number): bigint | null {
  return operand.bytes === null ? null : BigInt.asUintN(bits, unsignedOf(operand.bytes));
}

/** The exact result of a sum or difference, and what its flags are. */
function sumFlags(a: bigint, b: bigint, carry: bigint, subtract: boolean, bits: number): Flags {
  const exact = subtract ? a - b - carry : a + b + carry;
  const signedExact = subtract
    ? BigInt.asIntN(bits, a) - BigInt.asIntN(bits, b) - carry
    : BigInt.asIntN(bits, a) + BigInt.asIntN(bits, b) + carry;
  return {
    cf: exact < 0n || exact >> BigInt(bits) !== 0n,
    of: BigInt.asIntN(bits, signedExact) !== signedExact,
    result: BigInt.asUintN(bits, exact),
    bits,
  };
}

const SIGN: Readonly<Record<string, string>> = {
  add: '+',
  adc: '+',
  sub: '−',
  sbb: '−',
  cmp: '−',
  and: '&',
  test: '&',
  or: '|',
  xor: '^',
};

function binary(s: Situation): Outcome | null {
  const [target, source] = s.operands;
  const { mnemonic } = s;
  if (target === undefined || source === undefined) return null;
  const bits = target.size * 8;
  const a = sized(target, bits);
  const b = sized(source, bits);
  if (a === null || b === null) return null;
  const withCarry = mnemonic === 'adc' || mnemonic === 'sbb';
  const carry = withCarry && (s.state.rflags & FLAG.CF) !== 0 ? 1n : 0n;
  let flags: Flags;
  if (/^(add|adc)$/.test(mnemonic)) flags = sumFlags(a, b, carry, false, bits);
  else if (/^(sub|sbb|cmp)$/.test(mnemonic)) flags = sumFlags(a, b, carry, true, bits);
  else {
    const result = mnemonic === 'or' ? a | b : mnemonic === 'xor' ? a ^ b : a & b;
    flags = { cf: false, of: false, result, bits };
  }
  const { write, text } = flagWrite(flags);
  const sign = SIGN[mnemonic] ?? '';
  const third = withCarry ? ` ${sign} ${carry}` : '';
  const term = `${briefInteger(a, bits)} ${sign} ${briefInteger(b, bits)}${third}`;
  const result = briefInteger(flags.result, bits);
  if (mnemonic === 'cmp' || mnemonic === 'test') {
    return { lines: [`${term} = ${result}: ${text}`], writes: [write] };
  }
  return {
    lines: [`${placeText(target)} = ${term} = ${result}`, text],
    writes: [...store(s.state, target, bytesOf(flags.result, target.size)), write],
  };
}

function unary(s: Situation): Outcome | null {
  const [target] = s.operands;
  if (target === undefined) return null;
  const bits = target.size * 8;
  const a = sized(target, bits);
  if (a === null) return null;
  const name = briefInteger(a, bits);
  const put = (result: bigint, term: string, flags: Flags | null): Outcome => {
    const lines = [`${placeText(target)} = ${term} = ${briefInteger(result, bits)}`];
    const writes = store(s.state, target, bytesOf(result, target.size));
    if (flags !== null) {
      const { write, text } = flagWrite(flags);
      lines.push(text);
      writes.push(write);
    }
    return { lines, writes };
  };
  switch (s.mnemonic) {
    case 'inc':
    case 'dec': {
      const down = s.mnemonic === 'dec';
      const { of, result } = sumFlags(a, 1n, 0n, down, bits);
      return put(result, `${name} ${down ? '−' : '+'} 1`, {
        result,
        bits,
        ...(of !== undefined && { of }),
      });
    }
    case 'neg': {
      const flags = sumFlags(0n, a, 0n, true, bits);
      return put(flags.result, `−${briefInteger(a, bits)}`, flags);
    }
    case 'not': {
      const result = BigInt.asUintN(bits, ~a);
      return put(result, `~${name}`, null);
    }
    case 'bswap': {
      const bytes = bytesOf(a, target.size).reverse();
      return put(unsignedOf(bytes), `bytes of ${hex(a, target.size * 2)} reversed`, null);
    }
    default:
      return null;
  }
}

function shift(s: Situation): Outcome | null {
  const [target, amount] = s.operands;
  if (target?.bytes == null || amount?.bytes == null) return null;
  const bits = target.size * 8;
  const count = (amount.bytes[0] ?? 0) & (bits === 64 ? 63 : 31);
  const a = BigInt.asUintN(bits, unsignedOf(target.bytes));
  const by = BigInt(count);
  const around = by % BigInt(bits);
  let result: bigint;
  let sign: string;
  switch (s.mnemonic) {
    case 'shl':
    case 'sal':
      [result, sign] = [a << by, '<<'];
      break;
    case 'shr':
      [result, sign] = [a >> by, '>>'];
      break;
    case 'sar':
      [result, sign] = [BigInt.asIntN(bits, a) >> by, '>> (signed)'];
      break;
    case 'rol':
      [result, sign] = [(a << around) | (a >> (BigInt(bits) - around)), 'rotated left by'];
      break;
    case 'ror':
      [result, sign] = [(a >> around) | (a << (BigInt(bits) - around)), 'rotated right by'];
      break;
    default:
      return null;
  }
  result = BigInt.asUintN(bits, result);
  const line = `${placeText(target)} = ${briefInteger(a, bits)} ${sign} ${count} = ${briefInteger(result, bits)}`;
  const writes = store(s.state, target, bytesOf(result, target.size));
  if (count === 0) return { lines: [`${line}; the flags stay`], writes };
  if (/^ro/.test(s.mnemonic)) return { lines: [line], writes };
  const { write, text } = flagWrite({ result, bits });
  return { lines: [line, text], writes: [...writes, write] };
}

/** imul with two or three operands: the low half of the product. */
function multiply(s: Situation): Outcome | null {
  const [target, first, second] = s.operands;
  if (target === undefined || first === undefined) return null;
  const bits = target.size * 8;
  const left = second === undefined ? target : first;
  const right = second ?? first;
  const a = sized(left, bits);
  const b = sized(right, bits);
  if (a === null || b === null) return null;
  const exact = BigInt.asIntN(bits, a) * BigInt.asIntN(bits, b);
  const result = BigInt.asUintN(bits, exact);
  const fits = BigInt.asIntN(bits, exact) === exact;
  const flag = fits ? 0 : FLAG.CF | FLAG.OF;
  const lost = fits ? '' : '; the product does not fit: CF = OF = 1';
  const term = `${briefInteger(a, bits)} × ${briefInteger(b, bits)}`;
  return {
    lines: [`${target.text} = ${term} = ${briefInteger(result, bits)}${lost}`],
    writes: [
      ...store(s.state, target, bytesOf(result, target.size)),
      { kind: 'flags', mask: FLAG.CF | FLAG.OF, value: flag },
    ],
  };
}

/** mul, imul, div, idiv on rdx:rax, in 32 and 64 bits. */
function wide(s: Situation): Outcome | null {
  const [operand] = s.operands;
  if (operand?.bytes == null || operand.size < 4 || s.operands.length !== 1) return null;
  const bits = operand.size * 8;
  const signed = s.mnemonic.startsWith('i');
  const read = (value: bigint, width: number): bigint =>
    signed ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value);
  const b = read(unsignedOf(operand.bytes), bits);
  const rax = BigInt.asUintN(bits, s.state.gpr(0));
  const rdx = BigInt.asUintN(bits, s.state.gpr(2));
  const [low, high] = bits === 64 ? ['rax', 'rdx'] : ['eax', 'edx'];
  const gpr = (index: number, value: bigint): Write => ({
    kind: 'gpr',
    index,
    value: BigInt.asUintN(bits, value),
  });
  if (s.mnemonic.endsWith('mul')) {
    const product = read(rax, bits) * b;
    const line = `${high}:${low} = ${read(rax, bits)} × ${b} = ${product}`;
    return { lines: [line], writes: [gpr(0, product), gpr(2, product >> BigInt(bits))] };
  }
  const dividend = read((rdx << BigInt(bits)) | rax, bits * 2);
  if (b === 0n) return { lines: [`${dividend} ÷ 0: this faults`], writes: [] };
  const quotient = dividend / b;
  const remainder = dividend % b;
  const line = `${low} = ${dividend} ÷ ${b} = ${quotient}, ${high} = ${remainder} left over`;
  if (read(quotient, bits) !== quotient)
    return { lines: [`${line}: does not fit, faults`], writes: [] };
  return { lines: [line], writes: [gpr(0, quotient), gpr(2, remainder)] };
}

function signExtension(s: Situation): Outcome | null {
  const rax = s.state.gpr(0);
  const lower = BigInt.asIntN(32, rax);
  const fill = (negative: boolean): string => (negative ? 'all ones' : '0');
  switch (s.mnemonic) {
    case 'cdqe':
      return {
        lines: [`rax = ${lower}`],
        writes: [{ kind: 'gpr', index: 0, value: BigInt.asUintN(64, lower) }],
      };
    case 'cdq':
      return {
        lines: [`edx = ${fill(lower < 0n)}, the sign of eax = ${lower}`],
        writes: [{ kind: 'gpr', index: 2, value: lower < 0n ? 0xffff_ffffn : 0n }],
      };
    case 'cqo': {
      const negative = BigInt.asIntN(64, rax) < 0n;
      return {
        lines: [`rdx = ${fill(negative)}, the sign of rax = ${BigInt.asIntN(64, rax)}`],
        writes: [{ kind: 'gpr', index: 2, value: negative ? BigInt.asUintN(64, -1n) : 0n }],
      };
    }
    default:
      return null;
  }
}

function bitScan(s: Situation): Outcome | null {
  const [target, source] = s.operands;
  if (target === undefined || source?.bytes == null) return null;
  const bits = source.size * 8;
  const value = unsignedOf(source.bytes);
  if (value === 0n) return { lines: ['no bit is set: ZF = 1'], writes: [] };
  const text = value.toString(2);
  const low = text.length - 1 - text.lastIndexOf('1');
  const ones = text.replaceAll('0', '').length;
  const result = {
    bsf: low,
    tzcnt: low,
    bsr: text.length - 1,
    lzcnt: bits - text.length,
    popcnt: ones,
  }[s.mnemonic];
  if (result === undefined) return null;
  return {
    lines: [`${target.text} = ${result} of ${hex(value)}`],
    writes: store(s.state, target, bytesOf(BigInt(result), target.size)),
  };
}

function conditional(s: Situation): Outcome | null {
  const condition = conditionOf(s.mnemonic);
  const [target, source] = s.operands;
  if (condition === null || target === undefined) return null;
  const holds = condition.holds(s.state.rflags);
  const why = flagValues(condition, s.state.rflags);
  if (s.mnemonic.startsWith('set')) {
    return {
      lines: [`${why}: ${placeText(target)} = ${holds ? 1 : 0}`],
      writes: store(s.state, target, Uint8Array.of(holds ? 1 : 0)),
    };
  }
  if (!s.mnemonic.startsWith('cmov') || source?.bytes == null || target.bytes === null) return null;
  const bytes = holds ? source.bytes : target.bytes;
  const value = briefInteger(unsignedOf(bytes), target.size * 8);
  const what = holds
    ? `${target.text} = ${placeText(source)} = ${value}`
    : `${target.text} stays ${value}`;
  return { lines: [`${why}: ${what}`], writes: store(s.state, target, bytes) };
}

function address(s: Situation): Outcome | null {
  const [target, source] = s.operands;
  if (target === undefined || source?.addressText == null) return null;
  const end = source.addressText;
  const whole = /0x[0-9a-f]+(?=( \([^)]*\))?$)/.exec(end)?.[0];
  if (whole === undefined) return null;
  return {
    lines: [`${target.text} = ${end}`],
    writes: store(s.state, target, bytesOf(BigInt(whole), target.size)),
  };
}

/** The outcome of integer arithmetic; null when it is none, or not worked out. */
export function integerOutcome(s: Situation): Outcome | null {
  if (s.operands.some((operand) => operand.kind === 'xmm')) return null;
  const { mnemonic } = s;
  if (SIGN[mnemonic] !== undefined) return binary(s);
  if (/^(inc|dec|neg|not|bswap)$/.test(mnemonic)) return unary(s);
  if (/^(shl|sal|shr|sar|rol|ror)$/.test(mnemonic)) return shift(s);
  if (/^(mul|imul|div|idiv)$/.test(mnemonic)) {
    return s.operands.length > 1 ? multiply(s) : wide(s);
  }
  if (/^(cdqe|cdq|cqo)$/.test(mnemonic)) return signExtension(s);
  if (/^(bsf|bsr|tzcnt|lzcnt|popcnt)$/.test(mnemonic)) return bitScan(s);
  if (mnemonic === 'lea') return address(s);
  return conditional(s);
}
