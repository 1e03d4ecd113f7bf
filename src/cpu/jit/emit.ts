// SPDX-License-Identifier: GPL-2.0-or-later
/** The frame of a compiled function: registers into locals at the start, and back at the end. */
import { MAX_RAM } from '../../machine/layout.ts';
import type { Insn } from './decode.ts';
import {
  get,
  i32,
  op,
  opImm,
  set,
  store,
  type Callee,
  type Exit,
  type Expr,
  type Stmt,
  type Var,
} from './ir.ts';
import { HOME, SCRATCH } from './scratch.ts';
import type { Vars } from './vars.ts';
import { CodeWriter } from './wasm-code.ts';
import { ModuleBuilder, type FunctionType } from './wasm.ts';

interface Registers {
  readonly gpr: number;
  readonly xmm: number;
}

/**
 * A module with one function `f(entry) → exit code`.
 * @param insns all guest instructions in it: what they touch is loaded, what they write saved.
 * @param name for profilers.
 * @param body writes the code; every way through it ends in an `exit` statement.
 */
export function emitFunction(
  vars: Vars,
  insns: readonly Insn[],
  name: string,
  body: (code: CodeWriter) => void,
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const called: Callee[] = [];
  const code = new CodeWriter({
    exit: (s, w) => {
      for (const t of s.before ?? []) w.stmt(t);
      const back = refundOf(s);
      if (back) w.assign(vars.left, op('i32.add', get(vars.left), back));
      w.assign(vars.rip, s.rip);
      w.constant(s.code);
      w.localSet(vars.code.local);
      w.br('exit');
    },
    call: (fn, w) => {
      if (!called.includes(fn)) called.push(fn);
      w.expr(i32(called.indexOf(fn)));
      w.callIndirect(module.type(typeOf(fn)));
    },
  });
  const changed = { gpr: 0, xmm: 0 };
  const used = { gpr: 0, xmm: 0 };
  for (const insn of insns) {
    changed.gpr |= insn.gprWritten;
    changed.xmm |= insn.xmmWritten;
    used.gpr |= insn.gprUsed | insn.gprWritten;
    used.xmm |= insn.xmmUsed | insn.xmmWritten;
  }
  load(code, vars, used);
  code.block('exit');
  body(code);
  code.unreachable();
  code.end();
  save(code, vars, changed);
  code.expr(get(vars.code));
  module.importMemory('e', 'memory', MAX_RAM / 65536);
  module.tableOf(called.map(({ name }) => module.importFunctionGlobal('e', name)));
  module.define({ params: ['i32'], results: ['i32'] }, vars.locals, code.out.finish(), 'f', name);
  return module.finish();
}

function typeOf({ params, result }: Callee): FunctionType {
  return { params, results: result ? [result] : [] };
}

/** What an exit gives back to the budget. */
function refundOf(s: Exit): Expr | null {
  if (!s.unused) return s.refund === 0 ? null : i32(s.refund);
  const { rounds, each } = s.unused;
  return op('i32.add', op('i32.mul', get(rounds), i32(each)), i32(s.refund - each));
}

/** Code that is the same in all functions, by local: those of registers always are. */
const loads: Uint8Array[] = [];
const saves: Uint8Array[] = [];

function written(write: (w: CodeWriter) => void): Uint8Array {
  const w = new CodeWriter();
  write(w);
  return w.out.finish();
}

function loadFrame(code: CodeWriter, { left, flags }: Vars): void {
  code.stmt(set(left, opImm('i32.load', [0], i32(SCRATCH.left))));
  code.stmt(set(flags.kind, opImm('i32.load', [0], i32(SCRATCH.flagKind))));
  code.stmt(set(flags.a, opImm('i64.load', [0], i32(SCRATCH.flagA))));
  code.stmt(set(flags.b, opImm('i64.load', [0], i32(SCRATCH.flagB))));
  code.stmt(set(flags.c, opImm('i64.load', [0], i32(SCRATCH.flagC))));
}

function saveFrame(code: CodeWriter, vars: Vars): void {
  const flags = vars.flags;
  code.stmt(store('i32.store', 0, i32(SCRATCH.left), get(vars.left)));
  code.stmt(store('i32.store', 0, i32(SCRATCH.flagKind), get(flags.kind)));
  code.stmt(store('i64.store', 0, i32(SCRATCH.flagA), get(flags.a)));
  code.stmt(store('i64.store', 0, i32(SCRATCH.flagB), get(flags.b)));
  code.stmt(store('i64.store', 0, i32(SCRATCH.flagC), get(flags.c)));
  code.stmt(store('i64.store', 0, i32(HOME.rip), get(vars.rip)));
  code.stmt(store('i64.store', 0, i32(SCRATCH.missed), get(vars.missed)));
  code.stmt(store('i32.store', 8, i32(SCRATCH.missed), get(vars.missedWindow)));
}

/** Writes the moves of those registers whose bits are set in `mask`; `known`: those written before. */
function move(
  code: CodeWriter,
  known: Uint8Array[],
  registers: readonly Var[],
  mask: number,
  stmt: (v: Var, i: number) => Stmt,
): void {
  for (let i = 0; i < registers.length; i++) {
    const v = registers[i];
    if (!v || (mask & (1 << i)) === 0) continue;
    code.out.bytes((known[v.local] ??= written((w) => w.stmt(stmt(v, i)))));
  }
}

function load(code: CodeWriter, vars: Vars, used: Registers): void {
  code.out.bytes((loads[vars.left.local] ??= written((w) => loadFrame(w, vars))));
  move(code, loads, vars.gpr, used.gpr, (v, i) => set(v, opImm('i64.load', [0], i32(HOME.gpr(i)))));
  move(code, loads, vars.xmm, used.xmm, (v, i) =>
    set(v, opImm('v128.load', [0], i32(HOME.xmm(i)))),
  );
  for (const w of vars.windows.values()) {
    if (w.fixed) continue;
    code.assign(w.start, opImm('i64.load', [0], i32(w.address)));
    code.assign(w.length, opImm('i64.load', [8], i32(w.address)));
  }
}

function save(code: CodeWriter, vars: Vars, changed: Registers): void {
  code.out.bytes((saves[vars.left.local] ??= written((w) => saveFrame(w, vars))));
  move(code, saves, vars.gpr, changed.gpr, (v, i) =>
    store('i64.store', 0, i32(HOME.gpr(i)), get(v)),
  );
  move(code, saves, vars.xmm, changed.xmm, (v, i) =>
    store('v128.store', 0, i32(HOME.xmm(i)), get(v)),
  );
}
