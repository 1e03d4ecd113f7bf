// SPDX-License-Identifier: GPL-2.0-or-later
/** Integer arithmetic, comparison and shifts in lanes. */
import { i32, i64, op, opImm, select, V_ZERO, type Expr } from '../ir.ts';
import type { Lift } from '../lift.ts';
import { registrar, type Table } from './registry.ts';
import { imm8, lane64, shuffle } from './sse-move.ts';

type Binary = (a: Expr, b: Expr, c: Lift) => Expr;

function pair(name: string): Binary {
  return (a, b) => op(name, a, b);
}

/** Interleaves the low (high) lanes of `size` bytes. */
function interleave(size: number, high: boolean): readonly number[] {
  const n = 16 / size;
  const first = high ? n / 2 : 0;
  return Array.from({ length: n / 2 }, (_, i) => [first + i, n + first + i]).flat();
}

/** Products of the even 32-bit lanes. */
function evenProducts(signed: boolean): Binary {
  return (a, b) => {
    const even = (v: Expr): Expr => shuffle(4, [0, 2, 0, 2], v, v);
    return op(`i64x2.extmul_low_i32x4_${signed ? 's' : 'u'}`, even(a), even(b));
  };
}

/** High halves of 16-bit products. */
function highProducts(signed: boolean): Binary {
  const s = signed ? 's' : 'u';
  return (a, b, c) => {
    const low = c.hold(op(`i32x4.extmul_low_i16x8_${s}`, a, b));
    const high = c.hold(op(`i32x4.extmul_high_i16x8_${s}`, a, b));
    return shuffle(2, [1, 3, 5, 7, 9, 11, 13, 15], low, high);
  };
}

/** pmulhrsw: saturating rounding differs from WebAssembly's only for -1 × -1. */
function roundedProducts(a: Expr, b: Expr, c: Lift): Expr {
  const product = c.hold(op('i16x8.q15mulr_sat_s', a, b));
  const least = op('i16x8.splat', i32(0x8000));
  const both = op('v128.and', op('i16x8.eq', a, least), op('i16x8.eq', b, least));
  return op('v128.bitselect', least, product, both);
}

/** pmaddubsw: unsigned bytes of the first times signed bytes of the second, pairs added. */
function byteProducts(a: Expr, b: Expr, c: Lift): Expr {
  const half = (which: 'low' | 'high'): Expr =>
    c.hold(
      op(
        'i16x8.mul',
        op(`i16x8.extend_${which}_i8x16_u`, a),
        op(`i16x8.extend_${which}_i8x16_s`, b),
      ),
    );
  const low = half('low');
  const high = half('high');
  const even = shuffle(2, [0, 2, 4, 6, 8, 10, 12, 14], low, high);
  const odd = shuffle(2, [1, 3, 5, 7, 9, 11, 13, 15], low, high);
  return op('i16x8.add_sat_s', even, odd);
}

/** psadbw: sums of absolute differences of each eight bytes. */
function absoluteDifferences(a: Expr, b: Expr, c: Lift): Expr {
  const d = c.hold(op('v128.or', op('i8x16.sub_sat_u', a, b), op('i8x16.sub_sat_u', b, a)));
  const words = c.hold(
    op('i16x8.add', op('v128.and', d, op('i16x8.splat', i32(0xff))), op('i16x8.shr_u', d, i32(8))),
  );
  const twos = c.hold(op('i16x8.add', words, op('i64x2.shr_u', words, i32(32))));
  const sums = op('i16x8.add', twos, op('i64x2.shr_u', twos, i32(16)));
  return op('v128.and', sums, op('i64x2.splat', i64(0xffff)));
}

/** phaddw and friends. */
function neighbours(size: 2 | 4, name: string): Binary {
  const n = 16 / size;
  const even = Array.from({ length: n }, (_, i) => i * 2);
  const odd = even.map((i) => i + 1);
  return (a, b) => op(name, shuffle(size, even, a, b), shuffle(size, odd, a, b));
}

/** psign: the first's lanes times the sign of the second's. */
function signs(shape: 'i8x16' | 'i16x8' | 'i32x4'): Binary {
  return (a, b, c) => {
    const negative = c.hold(op(`${shape}.lt_s`, b, V_ZERO));
    const flipped = op('v128.bitselect', op(`${shape}.neg`, a), a, negative);
    return op('v128.andnot', flipped, op(`${shape}.eq`, b, V_ZERO));
  };
}

/** pshufb: indices with bit 7 set give 0, else only the low four bits count. */
function shuffleBytes(a: Expr, b: Expr): Expr {
  return op('i8x16.swizzle', a, op('v128.and', b, op('i8x16.splat', i32(0x8f))));
}

/** Shift counts come from an immediate or from the low half of an xmm; too large ones clear. */
function laneShift(c: Lift, shape: string, bits: number, name: 'shl' | 'shr_u' | 'shr_s'): void {
  const o = c.operand(1);
  const v = c.vec(0);
  if (o.k === 'imm') {
    const n = imm8(c, 1);
    if (n >= bits) c.setVec(0, name === 'shr_s' ? op(`${shape}.shr_s`, v, i32(bits - 1)) : V_ZERO);
    else c.setVec(0, op(`${shape}.${name}`, v, i32(n)));
    return;
  }
  const n = c.hold(o.k === 'mem' ? c.load('i64.load') : lane64(c.vec(1), 0));
  const large = op('i64.ge_u', n, i64(bits));
  const count = op('i32.wrap_i64', n);
  if (name === 'shr_s') c.setVec(0, op(`${shape}.shr_s`, v, select(large, i32(bits - 1), count)));
  else c.setVec(0, select(large, V_ZERO, op(`${shape}.${name}`, v, count)));
}

function byteShift(c: Lift, left: boolean): void {
  const n = Math.min(imm8(c, 1), 16);
  const bytes = Array.from({ length: 16 }, (_, i) => (left ? i - n + 16 : i + n));
  const v = c.vec(0);
  c.setVec(
    0,
    left ? opImm('i8x16.shuffle', bytes, V_ZERO, v) : opImm('i8x16.shuffle', bytes, v, V_ZERO),
  );
}

function palignr(c: Lift): void {
  const n = imm8(c, 2);
  const bytes = Array.from({ length: 16 }, (_, i) => i + n);
  const dst = c.hold(c.vec(0));
  const src = c.hold(c.vec(1));
  if (n < 16) c.setVec(0, opImm('i8x16.shuffle', bytes, src, dst));
  else {
    const rest = bytes.map((b) => Math.min(b - 16, 16));
    c.setVec(0, opImm('i8x16.shuffle', rest, dst, V_ZERO));
  }
}

function shuffleWords(c: Lift, first: 0 | 4): void {
  const n = imm8(c, 2);
  const lanes = Array.from({ length: 8 }, (_, i) =>
    i >= first && i < first + 4 ? first + ((n >> ((i - first) * 2)) & 3) : i,
  );
  const v = c.hold(c.vec(1));
  c.setVec(0, shuffle(2, lanes, v, v));
}

/** pmovzx, pmovsx: the low lanes widened, from 8, 4 or 2 bytes of memory. */
function widen(c: Lift, steps: readonly string[], bytes: number): void {
  const o = c.operand(1);
  let v: Expr = o.k === 'mem' ? narrowLoad(c, bytes) : c.vec(1);
  for (const step of steps) v = op(step, v);
  c.setVec(0, v);
}

function narrowLoad(c: Lift, bytes: number): Expr {
  if (bytes === 2) return opImm('i16x8.replace_lane', [0], V_ZERO, c.load('i32.load16_u'));
  return c.load(bytes === 8 ? 'v128.load64_zero' : 'v128.load32_zero');
}

/** blendps, blendpd, pblendw: lanes chosen by an immediate. */
function blend(c: Lift, size: 2 | 4 | 8): void {
  const n = 16 / size;
  const control = imm8(c, 2);
  const lanes = Array.from({ length: n }, (_, i) => ((control >> i) & 1 ? n + i : i));
  const a = c.hold(c.vec(0));
  c.setVec(0, shuffle(size, lanes, a, c.vec(1)));
}

/** blendvps and friends: lanes chosen by the sign bits of xmm0. */
function blendBySign(c: Lift, shape: string): void {
  const bits = { i8x16: 7, i32x4: 31, i64x2: 63 }[shape] ?? 7;
  const chosen = op(`${shape}.shr_s`, c.xmm(0), i32(bits));
  c.setVec(0, op('v128.bitselect', c.vec(1), c.vec(0), chosen));
}

/** ptest: ZF when no common ones, CF when the first covers the second. */
function ptest(c: Lift): void {
  const a = c.hold(c.vec(0));
  const b = c.hold(c.vec(1));
  const none = (e: Expr): Expr => op('i32.eqz', op('v128.any_true', e));
  const zf = op('i32.shl', none(op('v128.and', a, b)), i32(6));
  c.setRawFlags(op('i32.or', zf, none(op('v128.andnot', b, a))));
}

function noMmx(insn: { ops: readonly { k: string }[] }): boolean {
  return insn.ops[0]?.k === 'xmm';
}

const BINARY: Readonly<Record<string, Binary>> = {
  Pmuludq: evenProducts(false),
  Pmuldq: evenProducts(true),
  Pmulhw: highProducts(true),
  Pmulhuw: highProducts(false),
  Pmulhrsw: roundedProducts,
  Pmaddubsw: byteProducts,
  Psadbw: absoluteDifferences,
  Pshufb: shuffleBytes,
  Phaddw: neighbours(2, 'i16x8.add'),
  Phaddd: neighbours(4, 'i32x4.add'),
  Phaddsw: neighbours(2, 'i16x8.add_sat_s'),
  Phsubw: neighbours(2, 'i16x8.sub'),
  Phsubd: neighbours(4, 'i32x4.sub'),
  Phsubsw: neighbours(2, 'i16x8.sub_sat_s'),
  Psignb: signs('i8x16'),
  Psignw: signs('i16x8'),
  Psignd: signs('i32x4'),
};

/** Instructions that are one operation of WebAssembly. */
const DIRECT: Readonly<Record<string, string>> = {
  Paddb: 'i8x16.add', Paddw: 'i16x8.add', Paddd: 'i32x4.add', Paddq: 'i64x2.add',
  Psubb: 'i8x16.sub', Psubw: 'i16x8.sub', Psubd: 'i32x4.sub', Psubq: 'i64x2.sub',
  Paddsb: 'i8x16.add_sat_s', Paddsw: 'i16x8.add_sat_s',
  Paddusb: 'i8x16.add_sat_u', Paddusw: 'i16x8.add_sat_u',
  Psubsb: 'i8x16.sub_sat_s', Psubsw: 'i16x8.sub_sat_s',
  Psubusb: 'i8x16.sub_sat_u', Psubusw: 'i16x8.sub_sat_u',
  Pmullw: 'i16x8.mul', Pmulld: 'i32x4.mul', Pmaddwd: 'i32x4.dot_i16x8_s',
  Pavgb: 'i8x16.avgr_u', Pavgw: 'i16x8.avgr_u',
  Pcmpeqb: 'i8x16.eq', Pcmpeqw: 'i16x8.eq', Pcmpeqd: 'i32x4.eq', Pcmpeqq: 'i64x2.eq',
  Pcmpgtb: 'i8x16.gt_s', Pcmpgtw: 'i16x8.gt_s', Pcmpgtd: 'i32x4.gt_s', Pcmpgtq: 'i64x2.gt_s',
  Pminsb: 'i8x16.min_s', Pminub: 'i8x16.min_u', Pminsw: 'i16x8.min_s', Pminuw: 'i16x8.min_u',
  Pminsd: 'i32x4.min_s', Pminud: 'i32x4.min_u',
  Pmaxsb: 'i8x16.max_s', Pmaxub: 'i8x16.max_u', Pmaxsw: 'i16x8.max_s', Pmaxuw: 'i16x8.max_u',
  Pmaxsd: 'i32x4.max_s', Pmaxud: 'i32x4.max_u',
  Packsswb: 'i8x16.narrow_i16x8_s', Packuswb: 'i8x16.narrow_i16x8_u',
  Packssdw: 'i16x8.narrow_i32x4_s', Packusdw: 'i16x8.narrow_i32x4_u',
}; // prettier-ignore

function registerShifts(table: Table): void {
  const on = registrar(table, 'SSE integers');
  const plain = { accepts: noMmx };
  for (const [letter, shape, bits] of [
    ['w', 'i16x8', 16],
    ['d', 'i32x4', 32],
    ['q', 'i64x2', 64],
  ] as const) {
    // prettier-ignore
    on(`Psll${letter}`, (c) => laneShift(c, shape, bits, 'shl'), plain);
    on(`Psrl${letter}`, (c) => laneShift(c, shape, bits, 'shr_u'), plain);
    if (letter !== 'q') on(`Psra${letter}`, (c) => laneShift(c, shape, bits, 'shr_s'), plain);
  }
  on('Pslldq', (c) => byteShift(c, true));
  on('Psrldq', (c) => byteShift(c, false));
}

function registerWidening(table: Table): void {
  const on = registrar(table, 'SSE integers');
  for (const s of ['s', 'u'] as const) {
    const stem = s === 's' ? 'Pmovsx' : 'Pmovzx';
    const bw = `i16x8.extend_low_i8x16_${s}`;
    const wd = `i32x4.extend_low_i16x8_${s}`;
    const dq = `i64x2.extend_low_i32x4_${s}`;
    on(`${stem}bw`, (c) => widen(c, [bw], 8));
    on(`${stem}bd`, (c) => widen(c, [bw, wd], 4));
    on(`${stem}bq`, (c) => widen(c, [bw, wd, dq], 2));
    on(`${stem}wd`, (c) => widen(c, [wd], 8));
    on(`${stem}wq`, (c) => widen(c, [wd, dq], 4));
    on(`${stem}dq`, (c) => widen(c, [dq], 8));
  }
}

function registerShuffles(table: Table): void {
  const on = registrar(table, 'SSE integers');
  const plain = { accepts: noMmx };
  const unpack = (names: string, size: number, high: boolean): void =>
    on(
      names,
      (c) => {
        const a = c.hold(c.vec(0));
        c.setVec(0, shuffle(size, interleave(size, high), a, c.vec(1)));
      },
      plain,
    );
  unpack('Punpcklbw', 1, false);
  unpack('Punpckhbw', 1, true);
  unpack('Punpcklwd', 2, false);
  unpack('Punpckhwd', 2, true);
  unpack('Punpckldq Unpcklps', 4, false);
  unpack('Punpckhdq Unpckhps', 4, true);
  on(
    'Punpcklqdq Unpcklpd',
    (c) => c.setVec(0, shuffle(8, [0, 2], c.lowest(0, 'f64'), c.lowest(1, 'f64'))),
    plain,
  );
  unpack('Punpckhqdq Unpckhpd', 8, true);
  on('Pshufd', (c) => {
    const n = imm8(c, 2);
    const v = c.hold(c.vec(1));
    c.setVec(
      0,
      shuffle(
        4,
        [0, 1, 2, 3].map((i) => (n >> (i * 2)) & 3),
        v,
        v,
      ),
    );
  });
  on('Pshuflw', (c) => shuffleWords(c, 0));
  on('Pshufhw', (c) => shuffleWords(c, 4));
  on('Shufps', (c) => {
    const n = imm8(c, 2);
    const lanes = [0, 1, 2, 3].map((i) => ((n >> (i * 2)) & 3) + (i < 2 ? 0 : 4));
    const a = c.hold(c.vec(0));
    c.setVec(0, shuffle(4, lanes, a, c.vec(1)));
  });
  on('Shufpd', (c) => {
    const n = imm8(c, 2);
    const a = c.hold(c.vec(0));
    c.setVec(0, shuffle(8, [n & 1, 2 + ((n >> 1) & 1)], a, c.vec(1)));
  });
  on('Palignr', palignr, plain);
  on('Blendps', (c) => blend(c, 4));
  on('Blendpd', (c) => blend(c, 8));
  on('Pblendw', (c) => blend(c, 2));
  on('Pblendvb', (c) => blendBySign(c, 'i8x16'));
  on('Blendvps', (c) => blendBySign(c, 'i32x4'));
  on('Blendvpd', (c) => blendBySign(c, 'i64x2'));
}

function registerLogic(table: Table): void {
  const on = registrar(table, 'SSE integers');
  const plain = { accepts: noMmx };
  on('Pand Andps Andpd', (c) => c.setVec(0, op('v128.and', c.vec(0), c.vec(1))), plain);
  on('Por Orps Orpd', (c) => c.setVec(0, op('v128.or', c.vec(0), c.vec(1))), plain);
  on('Pandn Andnps Andnpd', (c) => c.setVec(0, op('v128.andnot', c.vec(1), c.vec(0))), plain);
  on(
    'Pxor Xorps Xorpd',
    (c) => {
      const [a, b] = c.insn.ops;
      const same = a?.k === 'xmm' && b?.k === 'xmm' && a.reg === b.reg;
      c.setVec(0, same ? V_ZERO : op('v128.xor', c.vec(0), c.vec(1)));
    },
    plain,
  );
  on('Ptest', ptest);
}

export function registerSseInteger(table: Table): void {
  const on = registrar(table, 'SSE integers');
  const plain = { accepts: noMmx };
  const all: Record<string, Binary> = { ...BINARY };
  for (const [name, wasm] of Object.entries(DIRECT)) all[name] = pair(wasm);
  for (const [name, f] of Object.entries(all)) {
    on(name, (c) => c.setVec(0, f(c.hold(c.vec(0)), c.hold(c.vec(1)), c)), plain);
  }
  on('Pabsb', (c) => c.setVec(0, op('i8x16.abs', c.vec(1))), plain);
  on('Pabsw', (c) => c.setVec(0, op('i16x8.abs', c.vec(1))), plain);
  on('Pabsd', (c) => c.setVec(0, op('i32x4.abs', c.vec(1))), plain);
  registerShifts(table);
  registerWidening(table);
  registerShuffles(table);
  registerLogic(table);
}
