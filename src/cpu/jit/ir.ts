// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The intermediate form: typed expression trees over variables, and statements in blocks.
 *
 * An expression has no side effect except that `load` reads memory and `call` may do anything; both
 * therefore stand only where their order is fixed by a statement. Operations carry WebAssembly's
 * names and types, because that is what they become; registers, flags and control flow do not.
 */
import { WASM_OPS, type Ty, type WasmOp } from './wasm-ops.ts';

/** A variable of a region: a guest register, a piece of lazy flags, or a temporary. */
export interface Var {
  readonly name: string;
  readonly ty: Ty;
  /** Index of the WebAssembly local. */
  readonly local: number;
}

/** Functions that compiled code may call; see `runtime.ts`. */
export interface Callee {
  readonly name: string;
  readonly params: readonly Ty[];
  readonly result: Ty | null;
  /** Its place among all of them; inside the runtime's module, its index there. */
  readonly index: number;
}

export type Expr =
  | { readonly k: 'const'; readonly ty: 'i32'; readonly value: number }
  | { readonly k: 'const'; readonly ty: 'i64'; readonly value: bigint }
  | { readonly k: 'vconst'; readonly ty: 'v128'; readonly bytes: readonly number[] }
  | { readonly k: 'fconst'; readonly ty: 'f32' | 'f64'; readonly value: number }
  | { readonly k: 'get'; readonly ty: Ty; readonly v: Var }
  | {
      readonly k: 'op';
      readonly ty: Ty;
      readonly op: WasmOp;
      readonly args: readonly Expr[];
      readonly imm: readonly number[];
    }
  | {
      readonly k: 'select';
      readonly ty: Ty;
      readonly yes: Expr;
      readonly no: Expr;
      readonly cond: Expr;
    }
  | { readonly k: 'call'; readonly ty: Ty; readonly fn: Callee; readonly args: readonly Expr[] };

export interface Exit {
  readonly k: 'exit';
  readonly code: number;
  readonly rip: Expr;
  /** Instructions that the budget has been charged for and that have not executed. */
  readonly refund: number;
  /** The same for each further round of a loop that was charged for `rounds` of them. */
  readonly unused?: { readonly rounds: Var; readonly each: number } | undefined;
  /** What brings the state into its usual form. */
  readonly before?: readonly Stmt[] | undefined;
}

export type Stmt =
  | { readonly k: 'set'; readonly v: Var; readonly e: Expr }
  | {
      readonly k: 'store';
      readonly op: WasmOp;
      readonly addr: Expr;
      readonly value: Expr;
      readonly imm: readonly number[];
    }
  | {
      readonly k: 'if';
      readonly cond: Expr;
      readonly then: readonly Stmt[];
      readonly else: readonly Stmt[];
    }
  /** `memory.copy` and the like: an operation without result. */
  | { readonly k: 'do'; readonly op: WasmOp; readonly args: readonly Expr[] }
  | { readonly k: 'call'; readonly fn: Callee; readonly args: readonly Expr[] }
  /** Leaves the region: `rip` is the next instruction, `code` why (see `exits.ts`). */
  | Exit
  /** Where the code of a guest instruction begins; prints, and emits nothing. */
  | { readonly k: 'note'; readonly insn: Named };

/** What a note says of an instruction. */
export interface Named {
  readonly ip: number;
  readonly mnemonic: string;
}

export function i32(value: number): Expr {
  return { k: 'const', ty: 'i32', value: value | 0 };
}

export function i64(value: bigint | number): Expr {
  return { k: 'const', ty: 'i64', value: BigInt.asIntN(64, BigInt(value)) };
}

export function f64(value: number): Expr {
  return { k: 'fconst', ty: 'f64', value };
}

export function f32(value: number): Expr {
  return { k: 'fconst', ty: 'f32', value };
}

/** A v128 constant from its 16 bytes, lane 0 first. */
export function v128(bytes: readonly number[]): Expr {
  return { k: 'vconst', ty: 'v128', bytes };
}

/** A v128 constant of two equal 64-bit lanes. */
export function v128Lanes(lo: bigint, hi: bigint = lo): Expr {
  const bytes: number[] = [];
  for (const lane of [lo, hi]) {
    for (let i = 0n; i < 64n; i += 8n) bytes.push(Number((lane >> i) & 0xffn));
  }
  return v128(bytes);
}

export const V_ZERO = v128Lanes(0n);
export const V_ONES = v128Lanes(0xffff_ffff_ffff_ffffn);

export function get(v: Var): Expr {
  return { k: 'get', ty: v.ty, v };
}

function find(name: string): WasmOp {
  const found = WASM_OPS.get(name);
  if (!found) throw new Error(`no such operation: ${name}`);
  return found;
}

/** Called for every expression, and hence without closures and copies. */
function check(what: string, params: readonly Ty[], args: readonly Expr[]): void {
  let fits = args.length === params.length;
  for (let i = 0; fits && i < args.length; i++) fits = args[i]?.ty === params[i];
  if (fits) return;
  const got = args.map((a) => a.ty);
  throw new Error(`${what} takes (${params.join(', ')}), not (${got.join(', ')})`);
}

/**
 * An operation by its WebAssembly name.
 * @throws Error when the operands' types are not the operation's (a bug in a lifter).
 */
export function op(name: string, ...args: readonly Expr[]): Expr {
  return operation(name, NO_IMMEDIATES, args);
}

const NO_IMMEDIATES: readonly number[] = [];

/** The same with immediates: lane numbers, shuffle bytes, or a load's offset. */
export function opImm(name: string, imm: readonly number[], ...args: readonly Expr[]): Expr {
  return operation(name, imm, args);
}

function operation(name: string, imm: readonly number[], args: readonly Expr[]): Expr {
  const found = find(name);
  check(name, found.params, args);
  if (!found.result) throw new Error(`${name} is a statement`);
  return { k: 'op', ty: found.result, op: found, args, imm };
}

export function select(cond: Expr, yes: Expr, no: Expr): Expr {
  if (cond.ty !== 'i32' || no.ty !== yes.ty) {
    throw new Error(`select takes (i32, ${yes.ty}), not (${cond.ty}, ${no.ty})`);
  }
  return { k: 'select', ty: yes.ty, yes, no, cond };
}

export function call(fn: Callee, ...args: readonly Expr[]): Expr {
  check(fn.name, fn.params, args);
  if (!fn.result) throw new Error(`${fn.name} has no result`);
  return { k: 'call', ty: fn.result, fn, args };
}

export function callStmt(fn: Callee, ...args: readonly Expr[]): Stmt {
  check(fn.name, fn.params, args);
  if (fn.result) throw new Error(`the result of ${fn.name} is lost`);
  return { k: 'call', fn, args };
}

export function set(v: Var, e: Expr): Stmt {
  if (e.ty !== v.ty) throw new Error(`set ${v.name} takes (${v.ty}), not (${e.ty})`);
  return { k: 'set', v, e };
}

export function store(name: string, offset: number, addr: Expr, value: Expr, lane?: number): Stmt {
  const found = find(name);
  check(name, found.params, [addr, value]);
  return {
    k: 'store',
    op: found,
    addr,
    value,
    imm: lane === undefined ? [offset] : [offset, lane],
  };
}

export function doOp(name: string, ...args: readonly Expr[]): Stmt {
  const found = find(name);
  check(name, found.params, args);
  return { k: 'do', op: found, args };
}

export function ifThen(cond: Expr, then: readonly Stmt[], otherwise: readonly Stmt[] = []): Stmt {
  if (cond.ty !== 'i32') throw new Error(`if takes (i32), not (${cond.ty})`);
  return { k: 'if', cond, then, else: otherwise };
}

/** Whether the expression reads nothing but constants and variables that `accept` allows. */
export function readsOnly(e: Expr, accept: (v: Var) => boolean): boolean {
  switch (e.k) {
    case 'const':
    case 'vconst':
    case 'fconst':
      return true;
    case 'get':
      return accept(e.v);
    case 'op':
      if (e.op.imm === 'mem' || e.op.imm === 'memlane') return false;
      for (const arg of e.args) if (!readsOnly(arg, accept)) return false;
      return true;
    case 'select':
      return [e.yes, e.no, e.cond].every((a) => readsOnly(a, accept));
    case 'call':
      return false;
  }
}

/** Whether two expressions are written alike. */
export function isSameExpr(a: Expr, b: Expr): boolean {
  if (a === b) return true;
  if (a.ty !== b.ty) return false;
  switch (a.k) {
    case 'get':
      return b.k === 'get' && a.v === b.v;
    case 'const':
      return b.k === 'const' && a.value === b.value;
    case 'op':
      return (
        b.k === 'op' && a.op === b.op && isSameList(a.args, b.args) && a.imm.join() === b.imm.join()
      );
    default:
      return printExpr(a) === printExpr(b);
  }
}

function isSameList(a: readonly Expr[], b: readonly Expr[]): boolean {
  return a.length === b.length && a.every((e, i) => isSameExpr(e, b[i] ?? e));
}

/** The expression as text, in the notation of docs/JIT.md. */
export function printExpr(e: Expr): string {
  switch (e.k) {
    case 'const':
      return e.ty === 'i64' ? `${hexOrSmall(e.value)}L` : hexOrSmall(BigInt(e.value));
    case 'fconst':
      return String(e.value);
    case 'vconst':
      return `v128[${e.bytes.map((b) => b.toString(16).padStart(2, '0')).join('')}]`;
    case 'get':
      return e.v.name;
    case 'select':
      return `select(${[e.cond, e.yes, e.no].map(printExpr).join(', ')})`;
    case 'call':
      return `${e.fn.name}(${e.args.map(printExpr).join(', ')})`;
    case 'op': {
      const imm = e.imm.length > 0 ? `<${e.imm.join(',')}>` : '';
      return `${e.op.name}${imm}(${e.args.map(printExpr).join(', ')})`;
    }
  }
}

function hexOrSmall(value: bigint): string {
  return value > -1024n && value < 1024n
    ? value.toString()
    : `0x${BigInt.asUintN(64, value).toString(16)}`;
}

/** A statement as lines of text. */
export function printStmt(s: Stmt, indent = ''): string[] {
  switch (s.k) {
    case 'set':
      return [`${indent}${s.v.name} = ${printExpr(s.e)}`];
    case 'store':
      return [
        `${indent}${s.op.name}<${s.imm.join(',')}>(${printExpr(s.addr)}) = ${printExpr(s.value)}`,
      ];
    case 'do':
      return [`${indent}${s.op.name}(${s.args.map(printExpr).join(', ')})`];
    case 'call':
      return [`${indent}${s.fn.name}(${s.args.map(printExpr).join(', ')})`];
    case 'exit': {
      const rest = s.unused ? ` + (${s.unused.rounds.name} - 1) * ${s.unused.each}` : '';
      const refund = s.refund > 0 || s.unused ? `, refund ${s.refund}${rest}` : '';
      return [
        ...(s.before ?? []).flatMap((t) => printStmt(t, indent)),
        `${indent}exit ${s.code} at ${printExpr(s.rip)}${refund}`,
      ];
    }
    case 'note':
      return [`${indent}; ${s.insn.ip.toString(16)} ${s.insn.mnemonic.toLowerCase()}`];
    case 'if': {
      const lines = [`${indent}if ${printExpr(s.cond)} {`];
      for (const t of s.then) lines.push(...printStmt(t, `${indent}  `));
      if (s.else.length > 0) {
        lines.push(`${indent}} else {`);
        for (const t of s.else) lines.push(...printStmt(t, `${indent}  `));
      }
      lines.push(`${indent}}`);
      return lines;
    }
  }
}
