// SPDX-License-Identifier: GPL-2.0-or-later
/** Moves of xmm registers, whole and by lanes. */
import { op, opImm, V_ZERO, type Expr } from '../ir.ts';
import type { Lift } from '../lift.ts';
import type { Float } from './low-lanes.ts';
import { registrar, type Table } from './registry.ts';

/** Shuffle of whole lanes of `size` bytes; numbers from 16 / size on come from the second vector. */
export function shuffle(size: number, lanes: readonly number[], a: Expr, b: Expr): Expr {
  const bytes = lanes.flatMap((l) => Array.from({ length: size }, (_, i) => l * size + i));
  return opImm('i8x16.shuffle', bytes, a, b);
}

export function lane64(v: Expr, lane: number): Expr {
  return opImm('i64x2.extract_lane', [lane], v);
}

export function withLane64(v: Expr, lane: number, value: Expr): Expr {
  return opImm('i64x2.replace_lane', [lane], v, value);
}

/** The constant number in an immediate operand, as an unsigned byte. */
export function imm8(c: Lift, i: number): number {
  const o = c.operand(i);
  if (o.k !== 'imm') throw new Error(`operand ${i} of ${c.insn.mnemonic} is no immediate`);
  return Number(o.value & 0xffn);
}

function isMem(c: Lift, i: number): boolean {
  return c.operand(i).k === 'mem';
}

/** movss, movsd: a load clears the rest, a register move keeps it. */
function moveScalar(c: Lift, ty: Float): void {
  const bits = ty === 'f64' ? 64 : 32;
  if (isMem(c, 1)) c.setVec(0, c.load(`v128.load${bits}_zero`));
  else if (isMem(c, 0)) c.store(`v128.store${bits}_lane`, c.lowest(1, ty), c.place(), 0);
  else c.setLowest(0, ty, c.lowest(1, ty));
}

function movq(c: Lift): void {
  const [dst, src] = [c.operand(0), c.operand(1)];
  if (dst.k === 'xmm') {
    if (src.k === 'mem') c.setVec(0, c.load('v128.load64_zero'));
    else if (src.k === 'xmm') c.setVec(0, shuffle(8, [0, 2], c.lowest(1, 'f64'), V_ZERO));
    else c.setVec(0, withLane64(V_ZERO, 0, c.int(1, 8)));
  } else if (dst.k === 'mem') c.store('v128.store64_lane', c.lowest(1, 'f64'), c.place(), 0);
  else c.setInt(0, lane64(c.lowest(1, 'f64'), 0));
}

function movd(c: Lift): void {
  if (c.operand(0).k === 'xmm') {
    const value = isMem(c, 1)
      ? c.load('v128.load32_zero')
      : opImm('i32x4.replace_lane', [0], V_ZERO, c.int(1, 4));
    c.setVec(0, value);
  } else if (isMem(c, 0)) c.store('v128.store32_lane', c.lowest(1, 'f32'), c.place(), 0);
  else c.setInt(0, opImm('i32x4.extract_lane', [0], c.lowest(1, 'f32')));
}

/** movlps, movhps and the like: one half from or to memory. */
function moveHalf(c: Lift, lane: number): void {
  if (isMem(c, 0)) c.store('v128.store64_lane', c.vec(1), c.place(), lane);
  else c.setVec(0, withLane64(c.vec(0), lane, c.load('i64.load')));
}

const EXTRACTS = {
  b: ['i8x16.extract_lane_u', 15],
  w: ['i16x8.extract_lane_u', 7],
  d: ['i32x4.extract_lane', 3],
  q: ['i64x2.extract_lane', 1],
} as const;

const INSERTS = {
  b: ['i8x16.replace_lane', 15, 1],
  w: ['i16x8.replace_lane', 7, 2],
  d: ['i32x4.replace_lane', 3, 4],
  q: ['i64x2.replace_lane', 1, 8],
} as const;

type LaneKind = keyof typeof EXTRACTS;

function extract(c: Lift, kind: LaneKind): void {
  const [name, mask] = EXTRACTS[kind];
  const value = opImm(name, [imm8(c, 2) & mask], c.vec(1));
  const dst = c.operand(0);
  // into a register the lane is zero-extended, whatever the register's size
  if (dst.k === 'gpr') c.setReg(dst.reg, 8, kind === 'q' ? value : op('i64.extend_i32_u', value));
  else c.setInt(0, value);
}

function insert(c: Lift, kind: LaneKind): void {
  const [name, mask, size] = INSERTS[kind];
  const src = c.operand(1);
  const value = src.k === 'gpr' ? c.reg(src.reg, kind === 'q' ? 8 : 4) : c.loadInt(size);
  c.setVec(0, opImm(name, [imm8(c, 2) & mask], c.vec(0), value));
}

function insertps(c: Lift): void {
  const control = imm8(c, 2);
  const from = isMem(c, 1) ? 0 : (control >> 6) & 3;
  const source = isMem(c, 1) ? c.load('v128.load32_zero') : c.vec(1);
  const to = (control >> 4) & 3;
  const lanes = [0, 1, 2, 3].map((l) => (l === to ? 4 + from : l));
  const joined = c.hold(shuffle(4, lanes, c.vec(0), source));
  const kept = [0, 1, 2, 3].map((l) => ((control >> l) & 1 ? 4 : l));
  c.setVec(0, shuffle(4, kept, joined, V_ZERO));
}

function mask(c: Lift, name: string): void {
  c.setInt(0, c.size(0) === 8 ? op('i64.extend_i32_u', op(name, c.vec(1))) : op(name, c.vec(1)));
}

function noMmx(insn: { ops: readonly { k: string }[] }): boolean {
  return insn.ops.some((o) => o.k === 'xmm');
}

export function registerSseMove(table: Table): void {
  const on = registrar(table, 'SSE moves');
  const plain = { accepts: noMmx };
  on('Movaps Movapd Movdqa Movups Movupd Movdqu Lddqu Movntps Movntpd Movntdq Movntdqa', (c) => {
    if (c.insn.ops.every((o) => o.k === 'xmm')) c.copyXmm();
    else c.setVec(0, c.vec(1));
  });
  on('Movss', (c) => moveScalar(c, 'f32'));
  on('Movsd_xmm', (c) => moveScalar(c, 'f64'));
  on('Movq', movq, plain);
  on('Movd', movd, plain);
  on('Movnti', (c) => c.setInt(0, c.int(1)));
  on('Movlps Movlpd', (c) => moveHalf(c, 0));
  on('Movhps Movhpd', (c) => moveHalf(c, 1));
  on('Movhlps', (c) => c.setVec(0, shuffle(8, [3, 1], c.vec(0), c.vec(1))));
  on('Movlhps', (c) => c.setVec(0, shuffle(8, [0, 2], c.lowest(0, 'f64'), c.lowest(1, 'f64'))));
  on('Movddup', (c) => {
    const value = isMem(c, 1) ? c.load('i64.load') : lane64(c.lowest(1, 'f64'), 0);
    c.setVec(0, op('i64x2.splat', value));
  });
  on('Movshdup', (c) => {
    const v = c.hold(c.vec(1));
    c.setVec(0, shuffle(4, [1, 1, 3, 3], v, v));
  });
  on('Movsldup', (c) => {
    const v = c.hold(c.vec(1));
    c.setVec(0, shuffle(4, [0, 0, 2, 2], v, v));
  });
  on('Movmskps', (c) => mask(c, 'i32x4.bitmask'));
  on('Movmskpd', (c) => mask(c, 'i64x2.bitmask'));
  on('Pmovmskb', (c) => mask(c, 'i8x16.bitmask'), plain);
  on('Pextrb', (c) => extract(c, 'b'));
  on('Pextrw', (c) => extract(c, 'w'), plain);
  on('Pextrd Extractps', (c) => extract(c, 'd'));
  on('Pextrq', (c) => extract(c, 'q'));
  on('Pinsrb', (c) => insert(c, 'b'));
  on('Pinsrw', (c) => insert(c, 'w'), plain);
  on('Pinsrd', (c) => insert(c, 'd'));
  on('Pinsrq', (c) => insert(c, 'q'));
  on('Insertps', insertps);
}
