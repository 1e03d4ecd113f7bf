// SPDX-License-Identifier: GPL-2.0-or-later
/** The larger instructions of SSE4: dot products, sums of differences, minimum search, CRC. */
import { i32, i64, op, opImm, v128, V_ZERO, type Expr } from '../ir.ts';
import type { Lift } from '../lift.ts';
import { registrar, type Table } from './registry.ts';
import { imm8, shuffle } from './sse-move.ts';

/** All-ones lanes of `size` bytes where the bits of `control` say so. */
function laneMask(size: 4 | 8, control: number): Expr {
  return v128(
    Array.from({ length: 16 }, (_, i) => ((control >> Math.floor(i / size)) & 1 ? 255 : 0)),
  );
}

/** dppd: products where bits 4, 5 say so (+0 elsewhere), their sum to where bits 0, 1 say so. */
function dppd(c: Lift): void {
  const control = imm8(c, 2);
  const products = op('v128.and', op('f64x2.mul', c.vec(0), c.vec(1)), laneMask(8, control >> 4));
  const p = c.hold(products);
  const sum = op('f64x2.add', p, shuffle(8, [1, 0], p, p));
  c.setVec(0, op('v128.and', sum, laneMask(8, control)));
}

/** dpps: each lane adds its own order of the pairs, which shows in the NaN that comes out. */
function dpps(c: Lift): void {
  const control = imm8(c, 2);
  const products = op('v128.and', op('f32x4.mul', c.vec(0), c.vec(1)), laneMask(4, control >> 4));
  const p = c.hold(products);
  const pairs = op('f32x4.add', shuffle(4, [1, 0, 3, 2], p, p), p);
  const s = c.hold(pairs);
  const sum = op('f32x4.add', s, shuffle(4, [2, 3, 0, 1], s, s));
  c.setVec(0, op('v128.and', sum, laneMask(4, control)));
}

/** mpsadbw: eight sums of |a[i + k] - b[k]|, k = 0 … 3, of bytes; starts chosen by an immediate. */
function mpsadbw(c: Lift): void {
  const control = imm8(c, 2);
  const first = (control & 4) !== 0 ? 4 : 0;
  const block = (control & 3) * 4;
  const a = c.hold(c.vec(0));
  const b = c.hold(c.vec(1));
  let sums: Expr | null = null;
  for (let k = 0; k < 4; k++) {
    const window = Array.from({ length: 16 }, (_, i) => (i < 8 ? first + k + i : 16));
    const x = c.hold(opImm('i8x16.shuffle', window, a, V_ZERO));
    const y = c.hold(op('i8x16.splat', opImm('i8x16.extract_lane_u', [block + k], b)));
    const distance = op('v128.or', op('i8x16.sub_sat_u', x, y), op('i8x16.sub_sat_u', y, x));
    const wide = op('i16x8.extend_low_i8x16_u', distance);
    sums = sums ? op('i16x8.add', sums, wide) : wide;
  }
  if (sums) c.setVec(0, sums);
}

/** phminposuw: the least of eight words, and the first place of it. */
function phminposuw(c: Lift): void {
  const v = c.hold(c.vec(1));
  // word × 65536 + place: the least of these is the first of the least
  const places = v128([0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0]);
  const low = shuffle(2, [0, 8, 1, 9, 2, 10, 3, 11], places, v);
  const high = shuffle(2, [4, 12, 5, 13, 6, 14, 7, 15], places, v);
  const four = c.hold(op('i32x4.min_u', low, high));
  const two = c.hold(op('i32x4.min_u', four, shuffle(4, [2, 3, 2, 3], four, four)));
  const one = op('i32x4.min_u', two, shuffle(4, [1, 1, 1, 1], two, two));
  const least = op('i32.rotl', opImm('i32x4.extract_lane', [0], one), i32(16));
  c.setVec(0, opImm('i32x4.replace_lane', [0], V_ZERO, least));
}

const CASTAGNOLI = 0x82f63b78; // bit-reversed

/** What a bit that is `distance` places from leaving a CRC register adds to it in the end. */
function crcTerm(distance: number): number {
  let value = 1;
  for (let i = 0; i <= distance; i++) value = (value >>> 1) ^ (value & 1 ? CASTAGNOLI : 0);
  return value >>> 0;
}

function words(values: readonly number[]): Expr {
  return v128(values.flatMap((v) => [v & 255, (v >>> 8) & 255, (v >>> 16) & 255, v >>> 24]));
}

/** crc32: linear in its bits, so the terms of those that are set are added up, four at a time. */
function crc32(c: Lift): void {
  const size = c.size(1);
  const bits = size * 8;
  const crc = c.reg(gprOf(c), 4);
  const input = c.hold(op('i64.xor', op('i64.extend_i32_u', crc), c.wide(size, c.int(1))));
  let sum: Expr = V_ZERO;
  for (let first = 0; first < bits; first += 32) {
    const part = op('i32.wrap_i64', first === 0 ? input : op('i64.shr_u', input, i64(first)));
    const spread = c.hold(op('i32x4.splat', part));
    for (let at = first; at < Math.min(bits, first + 32); at += 4) {
      const four = [0, 1, 2, 3];
      const mask = words(four.map((i) => 2 ** (at - first + i)));
      const terms = words(four.map((i) => crcTerm(bits - 1 - (at + i))));
      const chosen = op('i32x4.eq', op('v128.and', spread, mask), mask);
      sum = op('v128.xor', sum, op('v128.and', chosen, terms));
    }
  }
  const s = c.hold(sum);
  const half = c.hold(op('v128.xor', s, shuffle(4, [2, 3, 2, 3], s, s)));
  const lane = (i: number): Expr => opImm('i32x4.extract_lane', [i], half);
  const added = op('i32.xor', lane(0), lane(1));
  // what of the register has not left yet moves down
  const rest = bits < 32 ? op('i32.shr_u', crc, i32(bits)) : i32(0);
  c.setReg(gprOf(c), 4, op('i32.xor', added, rest));
}

function gprOf(c: Lift): number {
  const o = c.operand(0);
  if (o.k !== 'gpr') throw new Error(`${c.insn.mnemonic} writes a register`);
  return o.reg;
}

/** A lane number for each lane. */
function iota(size: 1 | 2): Expr {
  return v128(Array.from({ length: 16 }, (_, i) => (size === 1 ? i : i % 2 === 0 ? i / 2 : 0)));
}

interface Text {
  readonly v: Expr;
  /** Lanes that belong to the string, and their number. */
  readonly valid: Expr;
  readonly length: Expr;
}

/** A string that ends at its first zero. */
function implicit(c: Lift, shape: string, size: 1 | 2, v: Expr): Text {
  const n = 16 / size;
  const zeros = op(`${shape}.bitmask`, op(`${shape}.eq`, v, V_ZERO));
  const length = c.hold(op('i32.ctz', op('i32.or', zeros, i32(1 << n))));
  return {
    v,
    valid: c.hold(op(`${shape}.lt_u`, iota(size), op(`${shape}.splat`, length))),
    length,
  };
}

/** A string whose length is the absolute value of a register. */
function explicit(c: Lift, shape: string, size: 1 | 2, v: Expr, reg: number): Text {
  const n = 16 / size;
  const value = c.hold(c.insn.wideLengths ? c.reg(reg, 8) : op('i64.extend_i32_s', c.reg(reg, 4)));
  const sign = c.hold(op('i64.shr_s', value, i64(63)));
  const absolute = c.hold(op('i64.sub', op('i64.xor', value, sign), sign));
  const long = op('i64.gt_u', absolute, i64(n));
  const length = c.hold(
    op('i32.wrap_i64', { k: 'select', ty: 'i64', yes: i64(n), no: absolute, cond: long }),
  );
  return {
    v,
    valid: c.hold(op(`${shape}.lt_u`, iota(size), op(`${shape}.splat`, length))),
    length,
  };
}

/** Lane `j` of `v` everywhere. */
function spread(size: 1 | 2, v: Expr, j: number): Expr {
  return shuffle(size, Array<number>(16 / size).fill(j), v, v);
}

/** Lanes moved down by `j`; zeros come after them. */
function moved(size: 1 | 2, v: Expr, j: number): Expr {
  const n = 16 / size;
  const lanes = Array.from({ length: n }, (_, i) => Math.min(i + j, n));
  return j === 0 ? v : shuffle(size, lanes, v, V_ZERO);
}

/** The four ways to compare strings; lanes of ones where `b` matches. */
function aggregate(c: Lift, control: number, a: Text, b: Text): Expr {
  const size = control & 1 ? 2 : 1;
  const n = 16 / size;
  const shape = size === 1 ? 'i8x16' : 'i16x8';
  const sign = control & 2 ? 's' : 'u';
  const equal = (x: Expr, y: Expr): Expr => op(`${shape}.eq`, x, y);
  const all = Array.from({ length: n }, (_, i) => i);
  const anyOf = (terms: readonly Expr[]): Expr => terms.reduce((x, y) => op('v128.or', x, y));
  switch ((control >> 2) & 3) {
    case 0: {
      const hit = (j: number): Expr =>
        op('v128.and', equal(b.v, spread(size, a.v, j)), spread(size, a.valid, j));
      return op('v128.and', anyOf(all.map(hit)), b.valid);
    }
    case 1: {
      const within = (j: number): Expr => {
        const above = op(`${shape}.ge_${sign}`, b.v, spread(size, a.v, j));
        const below = op(`${shape}.le_${sign}`, b.v, spread(size, a.v, j + 1));
        // an upper end that belongs to the string implies a lower one
        return op('v128.and', op('v128.and', above, below), spread(size, a.valid, j + 1));
      };
      return op('v128.and', anyOf(all.filter((j) => j % 2 === 0).map(within)), b.valid);
    }
    case 2: {
      const both = op('v128.and', a.valid, b.valid);
      const same = op('v128.and', both, equal(a.v, b.v));
      return op('v128.or', same, op('v128.not', op('v128.or', a.valid, b.valid)));
    }
    default: {
      const holds = (j: number): Expr => {
        const match = op(
          'v128.and',
          equal(moved(size, b.v, j), spread(size, a.v, j)),
          moved(size, b.valid, j),
        );
        const beyond = Array.from({ length: 16 }, (_, i) =>
          Math.floor(i / size) + j >= n ? 255 : 0,
        );
        const free = op('v128.or', op('v128.not', spread(size, a.valid, j)), v128(beyond));
        return op('v128.or', match, free);
      };
      return all.map(holds).reduce((x, y) => c.hold(op('v128.and', x, y)));
    }
  }
}

/** pcmpestri, pcmpestrm, pcmpistri, pcmpistrm. */
function compareStrings(c: Lift, lengths: 'explicit' | 'implicit', result: 'index' | 'mask'): void {
  const control = imm8(c, 2);
  const size = control & 1 ? 2 : 1;
  const n = 16 / size;
  const shape = size === 1 ? 'i8x16' : 'i16x8';
  const first = c.hold(c.vec(0));
  const second = c.hold(c.vec(1));
  const text = (v: Expr, reg: number): Text =>
    lengths === 'explicit' ? explicit(c, shape, size, v, reg) : implicit(c, shape, size, v);
  const a = text(first, 0);
  const b = text(second, 2);
  let matches = aggregate(c, control, a, b);
  if ((control & 0x30) === 0x10) matches = op('v128.not', matches);
  if ((control & 0x30) === 0x30) matches = op('v128.xor', matches, b.valid);
  const lanes = c.hold(matches);
  const bits = c.hold(op(`${shape}.bitmask`, lanes));
  if (result === 'mask') {
    const packed = opImm('i32x4.replace_lane', [0], V_ZERO, bits);
    c.setXmm(0, control & 0x40 ? lanes : packed);
  } else {
    const last = op('i32.sub', i32(31), op('i32.clz', bits));
    const none: Expr = { k: 'select', ty: 'i32', yes: i32(n), no: last, cond: op('i32.eqz', bits) };
    const lowest = op('i32.ctz', op('i32.or', bits, i32(1 << n)));
    c.setReg(1, 4, control & 0x40 ? none : lowest);
  }
  const flag = (cond: Expr, at: number): Expr => op('i32.shl', cond, i32(at));
  const some = op('i32.ne', bits, i32(0));
  const ends = op(
    'i32.or',
    flag(op('i32.lt_u', b.length, i32(n)), 6),
    flag(op('i32.lt_u', a.length, i32(n)), 7),
  );
  const lowest = flag(op('i32.and', bits, i32(1)), 11);
  c.setRawFlags(op('i32.or', op('i32.or', some, ends), lowest));
}

export function registerSse4(table: Table): void {
  const on = registrar(table, 'SSE4');
  on('Dppd', dppd);
  on('Dpps', dpps);
  on('Mpsadbw', mpsadbw);
  on('Phminposuw', phminposuw);
  on('Crc32', crc32);
  on('Pcmpestri', (c) => compareStrings(c, 'explicit', 'index'));
  on('Pcmpestrm', (c) => compareStrings(c, 'explicit', 'mask'));
  on('Pcmpistri', (c) => compareStrings(c, 'implicit', 'index'));
  on('Pcmpistrm', (c) => compareStrings(c, 'implicit', 'mask'));
}
