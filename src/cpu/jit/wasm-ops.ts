// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The WebAssembly instructions that the translator uses: encoding and type of each.
 *
 * Written as runs of consecutive opcodes, in the order of the specification's tables, so that a
 * reader can hold them against it. `-` leaves a gap.
 */

export type Ty = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

export interface WasmOp {
  readonly name: string;
  /** Prefix (0xfc or 0xfd) or 0, and the opcode behind it. */
  readonly prefix: number;
  readonly opcode: number;
  readonly params: readonly Ty[];
  readonly result: Ty | null;
  /** What follows the opcode: a memory argument, a lane number, 16 bytes, or nothing. */
  readonly imm: 'none' | 'mem' | 'memlane' | 'lane' | 'bytes16' | 'zero' | 'zero2';
  /** log2 of the natural alignment, for loads and stores. */
  readonly align: number;
}

export const WASM_OPS = new Map<string, WasmOp>();

const TY: Readonly<Record<string, Ty>> = { i: 'i32', l: 'i64', f: 'f32', d: 'f64', v: 'v128' };

/** `'ii:i'` = two i32 in, one i32 out. */
function signature(text: string): { params: Ty[]; result: Ty | null } {
  const [ins = '', out = ''] = text.split(':');
  return { params: Array.from(ins, (c) => TY[c] ?? 'i32'), result: TY[out] ?? null };
}

function run(
  prefix: number,
  first: number,
  sig: string,
  names: string,
  imm: WasmOp['imm'] = 'none',
  aligns: readonly number[] = [],
): void {
  const { params, result } = signature(sig);
  names.split(' ').forEach((name, i) => {
    if (name === '-') return;
    const op = { name, prefix, opcode: first + i, params, result, imm, align: aligns[i] ?? 0 };
    WASM_OPS.set(name, op);
  });
}

function each(prefix: string, names: string): string {
  return names
    .split(' ')
    .map((n) => (n === '-' ? n : `${prefix}.${n}`))
    .join(' ');
}

const CMP_INT = 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
const CMP_FLOAT = 'eq ne lt gt le ge';
const ARITH_INT = 'add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr';
const UNARY_FLOAT = 'abs neg ceil floor trunc nearest sqrt';
const BINARY_FLOAT = 'add sub mul div min max copysign';

run(0, 0x28, 'i:i', 'i32.load', 'mem', [2]);
run(0, 0x29, 'i:l', 'i64.load', 'mem', [3]);
run(0, 0x2a, 'i:f', 'f32.load', 'mem', [2]);
run(0, 0x2b, 'i:d', 'f64.load', 'mem', [3]);
run(0, 0x2c, 'i:i', each('i32', 'load8_s load8_u load16_s load16_u'), 'mem', [0, 0, 1, 1]);
run(
  0,
  0x30,
  'i:l',
  each('i64', 'load8_s load8_u load16_s load16_u load32_s load32_u'),
  'mem',
  [0, 0, 1, 1, 2, 2],
);
run(0, 0x36, 'ii:', 'i32.store', 'mem', [2]);
run(0, 0x37, 'il:', 'i64.store', 'mem', [3]);
run(0, 0x38, 'if:', 'f32.store', 'mem', [2]);
run(0, 0x39, 'id:', 'f64.store', 'mem', [3]);
run(0, 0x3a, 'ii:', 'i32.store8 i32.store16', 'mem', [0, 1]);
run(0, 0x3c, 'il:', 'i64.store8 i64.store16 i64.store32', 'mem', [0, 1, 2]);
run(0, 0x45, 'i:i', 'i32.eqz');
run(0, 0x46, 'ii:i', each('i32', CMP_INT));
run(0, 0x50, 'l:i', 'i64.eqz');
run(0, 0x51, 'll:i', each('i64', CMP_INT));
run(0, 0x5b, 'ff:i', each('f32', CMP_FLOAT));
run(0, 0x61, 'dd:i', each('f64', CMP_FLOAT));
run(0, 0x67, 'i:i', each('i32', 'clz ctz popcnt'));
run(0, 0x6a, 'ii:i', each('i32', ARITH_INT));
run(0, 0x79, 'l:l', each('i64', 'clz ctz popcnt'));
run(0, 0x7c, 'll:l', each('i64', ARITH_INT));
run(0, 0x8b, 'f:f', each('f32', UNARY_FLOAT));
run(0, 0x92, 'ff:f', each('f32', BINARY_FLOAT));
run(0, 0x99, 'd:d', each('f64', UNARY_FLOAT));
run(0, 0xa0, 'dd:d', each('f64', BINARY_FLOAT));
run(0, 0xa7, 'l:i', 'i32.wrap_i64');
run(0, 0xac, 'i:l', 'i64.extend_i32_s i64.extend_i32_u');
run(0, 0xb2, 'i:f', 'f32.convert_i32_s f32.convert_i32_u');
run(0, 0xb4, 'l:f', 'f32.convert_i64_s f32.convert_i64_u');
run(0, 0xb6, 'd:f', 'f32.demote_f64');
run(0, 0xb7, 'i:d', 'f64.convert_i32_s f64.convert_i32_u');
run(0, 0xb9, 'l:d', 'f64.convert_i64_s f64.convert_i64_u');
run(0, 0xbb, 'f:d', 'f64.promote_f32');
run(0, 0xbc, 'f:i', 'i32.reinterpret_f32');
run(0, 0xbd, 'd:l', 'i64.reinterpret_f64');
run(0, 0xbe, 'i:f', 'f32.reinterpret_i32');
run(0, 0xbf, 'l:d', 'f64.reinterpret_i64');
run(0, 0xc0, 'i:i', 'i32.extend8_s i32.extend16_s');
run(0, 0xc2, 'l:l', 'i64.extend8_s i64.extend16_s i64.extend32_s');
run(0xfc, 0, 'f:i', 'i32.trunc_sat_f32_s');
run(0xfc, 2, 'd:i', 'i32.trunc_sat_f64_s');
run(0xfc, 4, 'f:l', 'i64.trunc_sat_f32_s');
run(0xfc, 6, 'd:l', 'i64.trunc_sat_f64_s');
run(0xfc, 10, 'iii:', 'memory.copy', 'zero2');
run(0xfc, 11, 'iii:', 'memory.fill', 'zero');

// ---- SIMD: prefix 0xfd ----
const V = 0xfd;
run(V, 0, 'i:v', 'v128.load', 'mem', [4]);
run(V, 11, 'iv:', 'v128.store', 'mem', [4]);
run(V, 13, 'vv:v', 'i8x16.shuffle', 'bytes16');
run(V, 14, 'vv:v', 'i8x16.swizzle');
run(V, 15, 'i:v', 'i8x16.splat i16x8.splat i32x4.splat');
run(V, 18, 'l:v', 'i64x2.splat');
run(V, 19, 'f:v', 'f32x4.splat');
run(V, 20, 'd:v', 'f64x2.splat');
run(V, 21, 'v:i', 'i8x16.extract_lane_s i8x16.extract_lane_u', 'lane');
run(V, 23, 'vi:v', 'i8x16.replace_lane', 'lane');
run(V, 24, 'v:i', 'i16x8.extract_lane_s i16x8.extract_lane_u', 'lane');
run(V, 26, 'vi:v', 'i16x8.replace_lane', 'lane');
run(V, 27, 'v:i', 'i32x4.extract_lane', 'lane');
run(V, 28, 'vi:v', 'i32x4.replace_lane', 'lane');
run(V, 29, 'v:l', 'i64x2.extract_lane', 'lane');
run(V, 30, 'vl:v', 'i64x2.replace_lane', 'lane');
run(V, 31, 'v:f', 'f32x4.extract_lane', 'lane');
run(V, 32, 'vf:v', 'f32x4.replace_lane', 'lane');
run(V, 33, 'v:d', 'f64x2.extract_lane', 'lane');
run(V, 34, 'vd:v', 'f64x2.replace_lane', 'lane');
run(V, 35, 'vv:v', each('i8x16', CMP_INT));
run(V, 45, 'vv:v', each('i16x8', CMP_INT));
run(V, 55, 'vv:v', each('i32x4', CMP_INT));
run(V, 65, 'vv:v', each('f32x4', CMP_FLOAT));
run(V, 71, 'vv:v', each('f64x2', CMP_FLOAT));
run(V, 77, 'v:v', 'v128.not');
run(V, 78, 'vv:v', 'v128.and v128.andnot v128.or v128.xor');
run(V, 82, 'vvv:v', 'v128.bitselect');
run(V, 83, 'v:i', 'v128.any_true');
run(
  V,
  84,
  'iv:v',
  each('v128', 'load8_lane load16_lane load32_lane load64_lane'),
  'memlane',
  [0, 1, 2, 3],
);
run(
  V,
  88,
  'iv:',
  each('v128', 'store8_lane store16_lane store32_lane store64_lane'),
  'memlane',
  [0, 1, 2, 3],
);
run(V, 92, 'i:v', 'v128.load32_zero v128.load64_zero', 'mem', [2, 3]);
run(V, 94, 'v:v', 'f32x4.demote_f64x2_zero f64x2.promote_low_f32x4');
run(V, 96, 'v:v', each('i8x16', 'abs neg popcnt'));
run(V, 100, 'v:i', 'i8x16.bitmask');
run(V, 101, 'vv:v', each('i8x16', 'narrow_i16x8_s narrow_i16x8_u'));
run(V, 103, 'v:v', each('f32x4', 'ceil floor trunc nearest'));
run(V, 107, 'vi:v', each('i8x16', 'shl shr_s shr_u'));
run(V, 110, 'vv:v', each('i8x16', 'add add_sat_s add_sat_u sub sub_sat_s sub_sat_u'));
run(V, 116, 'v:v', 'f64x2.ceil f64x2.floor');
run(V, 118, 'vv:v', each('i8x16', 'min_s min_u max_s max_u'));
run(V, 122, 'v:v', 'f64x2.trunc');
run(V, 123, 'vv:v', 'i8x16.avgr_u');
run(V, 128, 'v:v', each('i16x8', 'abs neg'));
run(V, 130, 'vv:v', 'i16x8.q15mulr_sat_s');
run(V, 132, 'v:i', 'i16x8.bitmask');
run(V, 133, 'vv:v', each('i16x8', 'narrow_i32x4_s narrow_i32x4_u'));
run(
  V,
  135,
  'v:v',
  each('i16x8', 'extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u'),
);
run(V, 139, 'vi:v', each('i16x8', 'shl shr_s shr_u'));
run(V, 142, 'vv:v', each('i16x8', 'add add_sat_s add_sat_u sub sub_sat_s sub_sat_u'));
run(V, 148, 'v:v', 'f64x2.nearest');
run(V, 149, 'vv:v', each('i16x8', 'mul min_s min_u max_s max_u - avgr_u'));
run(V, 160, 'v:v', each('i32x4', 'abs neg'));
run(V, 164, 'v:i', 'i32x4.bitmask');
run(
  V,
  167,
  'v:v',
  each('i32x4', 'extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u'),
);
run(V, 171, 'vi:v', each('i32x4', 'shl shr_s shr_u'));
run(V, 174, 'vv:v', 'i32x4.add');
run(V, 177, 'vv:v', 'i32x4.sub');
run(V, 181, 'vv:v', each('i32x4', 'mul min_s min_u max_s max_u dot_i16x8_s'));
run(
  V,
  188,
  'vv:v',
  each('i32x4', 'extmul_low_i16x8_s extmul_high_i16x8_s extmul_low_i16x8_u extmul_high_i16x8_u'),
);
run(V, 192, 'v:v', each('i64x2', 'abs neg'));
run(V, 196, 'v:i', 'i64x2.bitmask');
run(
  V,
  199,
  'v:v',
  each('i64x2', 'extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u'),
);
run(V, 203, 'vi:v', each('i64x2', 'shl shr_s shr_u'));
run(V, 206, 'vv:v', 'i64x2.add');
run(V, 209, 'vv:v', 'i64x2.sub');
run(V, 213, 'vv:v', each('i64x2', 'mul eq ne lt_s gt_s le_s ge_s'));
run(
  V,
  220,
  'vv:v',
  each('i64x2', 'extmul_low_i32x4_s extmul_high_i32x4_s extmul_low_i32x4_u extmul_high_i32x4_u'),
);
run(V, 224, 'v:v', 'f32x4.abs f32x4.neg');
run(V, 227, 'v:v', 'f32x4.sqrt');
run(V, 228, 'vv:v', each('f32x4', 'add sub mul div min max pmin pmax'));
run(V, 236, 'v:v', 'f64x2.abs f64x2.neg');
run(V, 239, 'v:v', 'f64x2.sqrt');
run(V, 240, 'vv:v', each('f64x2', 'add sub mul div min max pmin pmax'));
run(V, 248, 'v:v', 'i32x4.trunc_sat_f32x4_s');
run(V, 250, 'v:v', 'f32x4.convert_i32x4_s');
run(V, 252, 'v:v', 'i32x4.trunc_sat_f64x2_s_zero');
run(V, 254, 'v:v', 'f64x2.convert_low_i32x4_s');
