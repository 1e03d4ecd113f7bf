// SPDX-License-Identifier: GPL-2.0-or-later
/** Bodies of functions: from the intermediate form to WebAssembly's instructions. */
import type { Callee, Expr, Stmt, Var } from './ir.ts';
import { ByteWriter, TYPE_CODE } from './wasm-bytes.ts';
import type { WasmOp } from './wasm-ops.ts';

const EMPTY_BLOCK = 0x40;

/** How a function writes what depends on the module around it. */
export interface Surroundings {
  /** Writes what an `exit` statement becomes. */
  exit(s: Extract<Stmt, { k: 'exit' }>, code: CodeWriter): void;
  /** Writes the call; the arguments are on the stack. */
  call(fn: Callee, code: CodeWriter): void;
}

/** Those of a function by itself, which calls functions of its own module. */
const PLAIN: Surroundings = {
  exit: () => {
    throw new Error('no exits here');
  },
  call: (fn, code) => code.call(fn.index),
};

/** The body of one function, written in order. */
export class CodeWriter {
  readonly out = new ByteWriter();
  /** Open blocks, innermost last; a label's depth is counted from the end. */
  readonly #labels: string[] = [];
  readonly #around: Surroundings;

  constructor(around = PLAIN) {
    this.#around = around;
  }

  block(label: string): void {
    this.out.byte(0x02);
    this.out.byte(EMPTY_BLOCK);
    this.#labels.push(label);
  }

  loop(label: string): void {
    this.out.byte(0x03);
    this.out.byte(EMPTY_BLOCK);
    this.#labels.push(label);
  }

  if(): void {
    this.out.byte(0x04);
    this.out.byte(EMPTY_BLOCK);
    this.#labels.push('');
  }

  else(): void {
    this.out.byte(0x05);
  }

  end(): void {
    this.out.byte(0x0b);
    this.#labels.pop();
  }

  depth(label: string): number {
    const at = this.#labels.lastIndexOf(label);
    if (at < 0) throw new Error(`no open block ${label}`);
    return this.#labels.length - 1 - at;
  }

  br(label: string): void {
    this.out.byte(0x0c);
    this.out.u32(this.depth(label));
  }

  brIf(label: string): void {
    this.out.byte(0x0d);
    this.out.u32(this.depth(label));
  }

  brTable(labels: readonly string[], otherwise: string): void {
    this.out.byte(0x0e);
    this.out.u32(labels.length);
    for (const label of labels) this.out.u32(this.depth(label));
    this.out.u32(this.depth(otherwise));
  }

  return(): void {
    this.out.byte(0x0f);
  }

  unreachable(): void {
    this.out.byte(0x00);
  }

  call(index: number): void {
    this.out.byte(0x10);
    this.out.u32(index);
  }

  callIndirect(type: number, table = 0): void {
    this.out.byte(0x11);
    this.out.u32(type);
    this.out.u32(table);
  }

  localSet(local: number): void {
    this.out.byte(0x21);
    this.out.u32(local);
  }

  op(op: WasmOp, imm: readonly number[]): void {
    const out = this.out;
    if (op.prefix === 0) out.byte(op.opcode);
    else {
      out.byte(op.prefix);
      out.u32(op.opcode);
    }
    switch (op.imm) {
      case 'none':
        break;
      case 'mem':
        out.u32(op.align);
        out.u32(imm[0] ?? 0);
        break;
      case 'memlane':
        out.u32(op.align);
        out.u32(imm[0] ?? 0);
        out.byte(imm[1] ?? 0);
        break;
      case 'lane':
        out.byte(imm[0] ?? 0);
        break;
      case 'bytes16':
        out.bytes(imm);
        break;
      case 'zero':
        out.byte(0);
        break;
      case 'zero2':
        out.bytes([0, 0]);
        break;
    }
  }

  expr(e: Expr): void {
    const out = this.out;
    switch (e.k) {
      case 'const':
        if (e.ty === 'i32') this.constant(e.value);
        else {
          out.byte(0x42);
          out.s64(e.value);
        }
        break;
      case 'fconst':
        out.byte(e.ty === 'f32' ? 0x43 : 0x44);
        if (e.ty === 'f32') out.f32(e.value);
        else out.f64(e.value);
        break;
      case 'vconst':
        out.bytes([0xfd, 12]);
        out.bytes(e.bytes);
        break;
      case 'get':
        out.byte(0x20);
        out.u32(e.v.local);
        break;
      case 'op':
        for (const arg of e.args) this.expr(arg);
        this.op(e.op, e.imm);
        break;
      case 'select':
        this.expr(e.yes);
        this.expr(e.no);
        this.expr(e.cond);
        if (e.ty === 'v128') out.bytes([0x1c, 1, TYPE_CODE.v128]);
        else out.byte(0x1b);
        break;
      case 'call':
        for (const arg of e.args) this.expr(arg);
        this.#around.call(e.fn, this);
        break;
    }
  }

  /** An i32. */
  constant(value: number): void {
    this.out.byte(0x41);
    this.out.s32(value);
  }

  assign(v: Var, e: Expr): void {
    if (e.k === 'get' && e.v.local === v.local) return;
    this.expr(e);
    this.localSet(v.local);
  }

  stmt(s: Stmt): void {
    switch (s.k) {
      case 'set':
        this.assign(s.v, s.e);
        break;
      case 'store':
        this.expr(s.addr);
        this.expr(s.value);
        this.op(s.op, s.imm);
        break;
      case 'do':
        for (const arg of s.args) this.expr(arg);
        this.op(s.op, []);
        break;
      case 'call':
        for (const arg of s.args) this.expr(arg);
        this.#around.call(s.fn, this);
        break;
      case 'exit':
        this.#around.exit(s, this);
        break;
      case 'if':
        this.expr(s.cond);
        this.if();
        for (const t of s.then) this.stmt(t);
        if (s.else.length > 0) {
          this.else();
          for (const t of s.else) this.stmt(t);
        }
        this.end();
        break;
      case 'note':
        break;
    }
  }
}
