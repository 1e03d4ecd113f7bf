// SPDX-License-Identifier: GPL-2.0-or-later
/** Modules in WebAssembly's binary format: as much of it as the translator needs. */
import { ByteWriter, TYPE_CODE } from './wasm-bytes.ts';
import type { Ty } from './wasm-ops.ts';

const FUNCREF = 0x70;
/** An immutable one. */
const FUNCTION_GLOBAL = Uint8Array.of(FUNCREF, 0);

export interface FunctionType {
  readonly params: readonly Ty[];
  readonly results: readonly Ty[];
}

/** One module: types, imports, functions, exports. */
export class ModuleBuilder {
  readonly #types: FunctionType[] = [];
  readonly #imports: { module: string; name: string; kind: number; body: Uint8Array }[] = [];
  readonly #functions: { type: number; locals: readonly Ty[]; code: Uint8Array }[] = [];
  readonly #exports: { name: string; index: number }[] = [];
  readonly #names: { name: string; index: number }[] = [];
  #table: readonly number[] = [];
  #importedFunctions = 0;
  #importedGlobals = 0;

  type(type: FunctionType): number {
    const types = this.#types;
    for (let i = 0; i < types.length; i++) if (isSame(types[i], type)) return i;
    types.push(type);
    return types.length - 1;
  }

  importMemory(module: string, name: string, maximum: number): void {
    const limits = new ByteWriter(8);
    limits.byte(0x01);
    limits.u32(1);
    limits.u32(maximum);
    this.#imports.push({ module, name, kind: 2, body: limits.finish() });
  }

  /** A table of functions of at least `minimum` entries. */
  importTable(module: string, name: string, minimum: number): void {
    const limits = new ByteWriter(8);
    limits.byte(FUNCREF);
    limits.byte(0x00);
    limits.u32(minimum);
    this.#imports.push({ module, name, kind: 1, body: limits.finish() });
  }

  /** @returns the function's index. All imports come before the first `define`. */
  importFunction(module: string, name: string, type: FunctionType): number {
    const body = new ByteWriter(8);
    body.u32(this.type(type));
    this.#imports.push({ module, name, kind: 0, body: body.finish() });
    return this.#importedFunctions++;
  }

  /** An immutable global that holds a function. @returns the global's index. */
  importFunctionGlobal(module: string, name: string): number {
    this.#imports.push({ module, name, kind: 3, body: FUNCTION_GLOBAL });
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
      const runs = runLengths(f.locals);
      const locals = new ByteWriter(64);
      locals.u32(runs.length);
      for (const [ty, count] of runs) {
        locals.u32(count);
        locals.byte(TYPE_CODE[ty]);
      }
      w.u32(locals.length + f.code.length + 1);
      w.append(locals);
      w.bytes(f.code);
      w.byte(0x0b);
    });
    this.#nameSection(out);
    return out.finish();
  }

  #nameSection(out: ByteWriter): void {
    const functions = new ByteWriter(64);
    functions.u32(this.#names.length);
    for (const { name, index } of this.#names) {
      functions.u32(index);
      functions.name(name);
    }
    const body = new ByteWriter(64);
    body.name('name');
    body.byte(1);
    body.u32(functions.length);
    body.append(functions);
    out.byte(0);
    out.u32(body.length);
    out.append(body);
  }
}

function isSame(a: FunctionType | undefined, b: FunctionType): boolean {
  return a !== undefined && isEqual(a.params, b.params) && isEqual(a.results, b.results);
}

function isEqual(a: readonly Ty[], b: readonly Ty[]): boolean {
  return a.length === b.length && a.every((ty, i) => ty === b[i]);
}

/** Where sections are written before their length is known. */
const contents = new ByteWriter();

function section<T>(
  out: ByteWriter,
  id: number,
  items: readonly T[],
  write: (w: ByteWriter, item: T) => void,
): void {
  if (items.length === 0) return;
  contents.clear();
  contents.u32(items.length);
  for (const item of items) write(contents, item);
  out.byte(id);
  out.u32(contents.length);
  out.append(contents);
}

function runLengths(types: readonly Ty[]): [Ty, number][] {
  const runs: [Ty, number][] = [];
  let last: [Ty, number] | null = null;
  for (const ty of types) {
    if (last?.[0] === ty) last[1]++;
    else runs.push((last = [ty, 1]));
  }
  return runs;
}
