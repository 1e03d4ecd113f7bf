// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * A small encoder of WebAssembly's binary format: as much of it as the translator needs.
 * Pure: bytes out, nothing compiled here.
 */
import type { Callee, Expr, Stmt } from './ir.ts';
import type { Ty, WasmOp } from './wasm-ops.ts';

const TYPE_CODE: Readonly<Record<Ty, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

const EMPTY_BLOCK = 0x40;
const FUNCREF = 0x70;

/** A growing byte buffer with the encodings of the format. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The bytes so far; a copy. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(n: number): void {
    if (this.#length + n <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + n));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  bytes(values: ArrayLike<number>): void {
    this.#reserve(values.length);
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
  }

  /** Unsigned LEB128 of an integer below 2^32. */
  u32(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Signed LEB128 of a 32-bit integer. */
  s32(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
        this.byte(low);
        return;
      }
      this.byte(low | 0x80);
    }
  }

  /** Signed LEB128 of a 64-bit integer. */
  s64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    if (rest >= -0x4000_0000n && rest < 0x4000_0000n) {
      this.s32(Number(rest));
      return;
    }
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) {
        this.byte(low);
        return;
      }
      this.byte(low | 0x80);
    }
  }

  f32(value: number): void {
    this.#reserve(4);
    this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  name(text: string): void {
    const bytes = Array.from(text, (c) => c.charCodeAt(0));
    this.u32(bytes.length);
    this.bytes(bytes);
  }
}

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
        if (e.ty === 'i32') {
          out.byte(0x41);
          out.s32(e.value);
        } else {
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

  stmt(s: Stmt): void {
    switch (s.k) {
      case 'set':
        if (s.e.k === 'get' && s.e.v.local === s.v.local) break;
        this.expr(s.e);
        this.localSet(s.v.local);
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

export interface FunctionType {
  readonly params: readonly Ty[];
  readonly results: readonly Ty[];
}

/** One module: types, imports, functions, exports. */
export class ModuleBuilder {
  readonly #types: FunctionType[] = [];
  readonly #imports: { module: string; name: string; kind: number; body: number[] }[] = [];
  readonly #functions: { type: number; locals: readonly Ty[]; code: Uint8Array }[] = [];
  readonly #exports: { name: string; index: number }[] = [];
  readonly #names: { name: string; index: number }[] = [];
  #table: readonly number[] = [];
  #importedFunctions = 0;
  #importedGlobals = 0;

  type(type: FunctionType): number {
    const key = JSON.stringify(type);
    const found = this.#types.findIndex((t) => JSON.stringify(t) === key);
    if (found >= 0) return found;
    this.#types.push(type);
    return this.#types.length - 1;
  }

  importMemory(module: string, name: string, maximum: number): void {
    const limits = new ByteWriter();
    limits.byte(0x01);
    limits.u32(1);
    limits.u32(maximum);
    this.#imports.push({ module, name, kind: 2, body: [...limits.finish()] });
  }

  /** A table of functions of at least `minimum` entries. */
  importTable(module: string, name: string, minimum: number): void {
    const limits = new ByteWriter();
    limits.byte(FUNCREF);
    limits.byte(0x00);
    limits.u32(minimum);
    this.#imports.push({ module, name, kind: 1, body: [...limits.finish()] });
  }

  /** @returns the function's index. All imports come before the first `define`. */
  importFunction(module: string, name: string, type: FunctionType): number {
    const body = new ByteWriter();
    body.u32(this.type(type));
    this.#imports.push({ module, name, kind: 0, body: [...body.finish()] });
    return this.#importedFunctions++;
  }

  /** An immutable global that holds a function. @returns the global's index. */
  importFunctionGlobal(module: string, name: string): number {
    this.#imports.push({ module, name, kind: 3, body: [FUNCREF, 0] });
    return this.#importedGlobals++;
  }

  /** A table of its own that holds the functions of these globals. */
  tableOf(globals: readonly number[]): void {
    this.#table = globals;
  }

  /** @param locals types of the locals behind the parameters. @returns the function's index. */
  define(
    type: FunctionType,
    locals: readonly Ty[],
    code: Uint8Array,
    exportAs?: string,
    name: string | undefined = exportAs,
  ): number {
    this.#functions.push({ type: this.type(type), locals, code });
    const index = this.#importedFunctions + this.#functions.length - 1;
    if (name !== undefined) this.#names.push({ index, name });
    if (exportAs !== undefined) this.#exports.push({ name: exportAs, index });
    return index;
  }

  finish(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    out.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
    section(out, 1, this.#types, (w, t) => {
      w.byte(0x60);
      w.u32(t.params.length);
      for (const p of t.params) w.byte(TYPE_CODE[p]);
      w.u32(t.results.length);
      for (const r of t.results) w.byte(TYPE_CODE[r]);
    });
    section(out, 2, this.#imports, (w, i) => {
      w.name(i.module);
      w.name(i.name);
      w.byte(i.kind);
      w.bytes(i.body);
    });
    section(out, 3, this.#functions, (w, f) => w.u32(f.type));
    const table = this.#table;
    section(out, 4, table.length > 0 ? [table.length] : [], (w, length) => {
      w.bytes([FUNCREF, 0]);
      w.u32(length);
    });
    section(out, 7, this.#exports, (w, e) => {
      w.name(e.name);
      w.byte(0);
      w.u32(e.index);
    });
    section(out, 9, table.length > 0 ? [table] : [], (w, globals) => {
      w.bytes([4, 0x41, 0, 0x0b]); // of expressions, into table 0 from 0 on
      w.u32(globals.length);
      for (const global of globals) {
        w.byte(0x23);
        w.u32(global);
        w.byte(0x0b);
      }
    });
    section(out, 10, this.#functions, (w, f) => {
      const body = new ByteWriter();
      const runs = runLengths(f.locals);
      body.u32(runs.length);
      for (const [ty, count] of runs) {
        body.u32(count);
        body.byte(TYPE_CODE[ty]);
      }
      body.bytes(f.code);
      body.byte(0x0b);
      const bytes = body.finish();
      w.u32(bytes.length);
      w.bytes(bytes);
    });
    this.#nameSection(out);
    return out.finish() as Uint8Array<ArrayBuffer>;
  }

  #nameSection(out: ByteWriter): void {
    const functions = new ByteWriter();
    functions.u32(this.#names.length);
    for (const { name, index } of this.#names) {
      functions.u32(index);
      functions.name(name);
    }
    const body = new ByteWriter();
    body.name('name');
    body.byte(1);
    body.u32(functions.length);
    body.bytes(functions.finish());
    out.byte(0);
    out.u32(body.length);
    out.bytes(body.finish());
  }
}

function section<T>(
  out: ByteWriter,
  id: number,
  items: readonly T[],
  write: (w: ByteWriter, item: T) => void,
): void {
  if (items.length === 0) return;
  const w = new ByteWriter();
  w.u32(items.length);
  for (const item of items) write(w, item);
  const bytes = w.finish();
  out.byte(id);
  out.u32(bytes.length);
  out.bytes(bytes);
}

function runLengths(types: readonly Ty[]): [Ty, number][] {
  const runs: [Ty, number][] = [];
  for (const ty of types) {
    const last = runs.at(-1);
    if (last?.[0] === ty) last[1]++;
    else runs.push([ty, 1]);
  }
  return runs;
}
