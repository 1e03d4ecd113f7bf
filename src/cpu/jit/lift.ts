// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The workbench on which one block's instructions become statements: operands, read and written. The
 * instruction families in `lift/` use it. Below it lie memory with its checks and the ways out of
 * the region (`lift/memory.ts`), and the flags (`lift/base.ts`).
 */
import type { Size } from './flags.ts';
import { sizeMask } from './flags.ts';
import { get, i32, i64, op, opImm, type Expr, type Var } from './ir.ts';
import { LiftMemory, type Place } from './lift/memory.ts';
import type { Float } from './lift/low-lanes.ts';
import type { Ty } from './wasm-ops.ts';

export class Lift extends LiftMemory {
  // ---- integers: i64 for 8 bytes, else i32 zero-extended from the operand's size ----

  /** A register of the given size, low part. */
  reg(reg: number, size: Size): Expr {
    return this.#part(reg, size, false);
  }

  #part(reg: number, size: Size, high: boolean): Expr {
    const whole = get(this.gprVar(reg));
    if (size === 8) return whole;
    const low = op('i32.wrap_i64', whole);
    if (size === 4) return low;
    if (high) return op('i32.and', op('i32.shr_u', low, i32(8)), i32(0xff));
    return op('i32.and', low, i32(size === 2 ? 0xffff : 0xff));
  }

  /** Writes a register as x86 does: 32-bit writes clear the upper half, smaller ones keep it. */
  setReg(reg: number, size: Size, value: Expr, high = false): void {
    const v = this.gprVar(reg);
    if (size === 8) return this.set(v, value);
    const wide = op('i64.extend_i32_u', value);
    if (size === 4) return this.set(v, wide);
    const mask = sizeMask(size) << (high ? 8n : 0n);
    const part = op('i64.and', high ? op('i64.shl', wide, i64(8)) : wide, i64(mask));
    this.set(v, op('i64.or', op('i64.and', get(v), i64(~mask)), part));
  }

  /** Size of an integer operand (immediates take that of the first). */
  size(i = 0): Size {
    const o = this.operand(i);
    if (o.k === 'gpr') return o.size;
    if (o.k === 'mem') return o.size as Size;
    return i === 0 ? 8 : this.size(0);
  }

  /** An integer operand, read. */
  int(i: number, size: Size = this.size(i)): Expr {
    const o = this.operand(i);
    switch (o.k) {
      case 'gpr':
        return this.#part(o.reg, o.size, o.high);
      case 'imm': {
        if (size === 8) return i64(o.value);
        return i32(Number(BigInt.asUintN(size * 8, o.value)) | 0);
      }
      case 'mem':
        return this.loadInt(size);
      default:
        throw new Error(`operand ${i} of ${this.insn.mnemonic} is no integer`);
    }
  }

  loadInt(size: Size, place: Place = this.place()): Expr {
    const name = { 1: 'i32.load8_u', 2: 'i32.load16_u', 4: 'i32.load', 8: 'i64.load' }[size];
    return this.load(name, place);
  }

  storeInt(size: Size, value: Expr, place: Place = this.place()): void {
    const name = { 1: 'i32.store8', 2: 'i32.store16', 4: 'i32.store', 8: 'i64.store' }[size];
    this.store(name, value, place);
  }

  /** Writes an integer operand; bits above its size are ignored. */
  setInt(i: number, value: Expr): void {
    const o = this.operand(i);
    if (o.k === 'gpr') this.setReg(o.reg, o.size, value, o.high);
    else if (o.k === 'mem') this.storeInt(o.size as Size, value);
    else throw new Error(`operand ${i} of ${this.insn.mnemonic} cannot be written`);
  }

  /** Natural type of integers of a size. */
  ty(size: Size): Ty {
    return size === 8 ? 'i64' : 'i32';
  }

  /** An integer operation in the natural type. */
  n(size: Size, name: string, ...args: readonly Expr[]): Expr {
    return op(`${this.ty(size)}.${name}`, ...args);
  }

  constant(size: Size, value: number | bigint): Expr {
    return size === 8 ? i64(value) : i32(Number(BigInt.asIntN(32, BigInt(value))));
  }

  /** Clears the bits above the size of a natural value. */
  mask(size: Size, value: Expr): Expr {
    if (size >= 4) return value;
    return op('i32.and', value, i32(size === 2 ? 0xffff : 0xff));
  }

  /** A natural value as a sign-extended i64. */
  signExtend(size: Size, value: Expr): Expr {
    if (size === 8) return value;
    const w = op('i64.extend_i32_u', value);
    return op({ 1: 'i64.extend8_s', 2: 'i64.extend16_s', 4: 'i64.extend32_s' }[size], w);
  }

  // ---- xmm ----

  #xmmNumber(i: number): number {
    const o = this.operand(i);
    if (o.k !== 'xmm') throw new Error(`operand ${i} of ${this.insn.mnemonic} is no xmm`);
    return o.reg;
  }

  /** A whole register. */
  xmm(reg: number): Expr {
    this.emit(...this.lowLanes.join(reg));
    return get(this.#xmmVar(reg));
  }

  #xmmVar(reg: number): Var {
    const v = this.vars.xmm[reg];
    if (!v) throw new Error(`no register xmm${reg}`);
    return v;
  }

  setXmm(reg: number, value: Expr): void {
    this.set(this.#xmmVar(reg), value);
    this.lowLanes.overwritten(reg);
  }

  /** A whole xmm operand, register or 16 bytes of memory. */
  vec(i: number): Expr {
    const o = this.operand(i);
    return o.k === 'mem' ? this.load('v128.load') : this.xmm(this.#xmmNumber(i));
  }

  setVec(i: number, value: Expr): void {
    const o = this.operand(i);
    if (o.k === 'mem') this.store('v128.store', value);
    else this.setXmm(this.#xmmNumber(i), value);
  }

  /** Copies the second operand, a register, to the first, as it is. */
  copyXmm(): void {
    const [to, from] = [this.#xmmNumber(0), this.#xmmNumber(1)];
    if (to === from) return;
    const low = this.lowLanes.read(from, 'f32');
    const ty = this.lowLanes.state().get(from);
    this.setXmm(to, get(this.#xmmVar(from)));
    if (low && ty) this.set(this.lowLanes.write(to, ty), get(low));
  }

  /** A vector whose lowest lane is that of an xmm or memory operand; the others do not count. */
  lowest(i: number, ty: Float): Expr {
    const o = this.operand(i);
    if (o.k === 'mem') return this.load(ty === 'f64' ? 'v128.load64_zero' : 'v128.load32_zero');
    const reg = this.#xmmNumber(i);
    const low = this.lowLanes.read(reg, ty);
    return low ? get(low) : this.xmm(reg);
  }

  /** Writes the lowest lane of a register from that of a vector, and keeps the others. */
  setLowest(i: number, ty: Float, value: Expr): void {
    const reg = this.#xmmNumber(i);
    if (this.lowLanes.tears(reg, ty)) this.emit(...this.lowLanes.join(reg));
    this.set(this.lowLanes.write(reg, ty), value);
  }

  /** The lowest f64 (or f32) of an xmm or memory operand. */
  scalar(i: number, ty: Float): Expr {
    if (this.operand(i).k === 'mem') return this.load(`${ty}.load`);
    const name = ty === 'f64' ? 'f64x2.extract_lane' : 'f32x4.extract_lane';
    return opImm(name, [0], this.lowest(i, ty));
  }

  /** Writes the lowest lane and keeps the others. */
  setScalar(i: number, ty: Float, value: Expr): void {
    this.setLowest(i, ty, op(ty === 'f64' ? 'f64x2.splat' : 'f32x4.splat', value));
  }
}
