// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The part of the engine that is WebAssembly but written by hand: the driver that goes from region
 * to region, access checks, lazy flags, wide arithmetic, and loops of string instructions.
 */
import { MAX_RAM } from '../../machine/layout.ts';
import { CALLEES, TRACE } from './callees.ts';
import { EXIT } from './exits.ts';
import { allFlags } from './flag-values.ts';
import { KIND, STATUS_MASK, type Size } from './flags.ts';
import { get, i32, i64, op, opImm, set, store, type Callee, type Expr, type Var } from './ir.ts';
import { HASH_SIZE, HOME, INTERVALS, INTERVAL_BYTES, SCRATCH } from './scratch.ts';
import { CodeWriter } from './wasm-code.ts';
import { ModuleBuilder } from './wasm.ts';
import type { Ty } from './wasm-ops.ts';

/** No mapping lies above this, so that an address passes through an i32. */
const ADDRESS_LIMIT = 0x4000_0000;

class FunctionWriter {
  readonly code: CodeWriter;
  readonly params: readonly Var[];
  readonly locals: Ty[] = [];
  #next: number;

  constructor(params: readonly Ty[]) {
    this.code = new CodeWriter();
    this.params = params.map((ty, i) => ({ name: `p${i}`, ty, local: i }));
    this.#next = params.length;
  }

  local(ty: Ty): Var {
    this.locals.push(ty);
    return { name: `l${this.#next}`, ty, local: this.#next++ };
  }

  set(v: Var, e: Expr): void {
    this.code.stmt(set(v, e));
  }

  when(cond: Expr, then: () => void): void {
    this.code.expr(cond);
    this.code.if();
    then();
    this.code.end();
  }

  return(e: Expr): void {
    this.code.expr(e);
    this.code.return();
  }
}

function param(f: FunctionWriter, i: number): Var {
  const v = f.params[i];
  if (!v) throw new Error('no such parameter');
  return v;
}

/** Goes from translation to translation until something needs JavaScript. */
function driver(f: FunctionWriter, flags: Callee, regionType: number): void {
  const { code } = f;
  const rip = f.local('i64');
  const at = f.local('i32');
  const key = f.local('i64');
  const result = f.local('i32');
  const rflags = opImm('i32.load', [0], i32(HOME.rflags));
  code.stmt(store('i32.store', 0, i32(SCRATCH.flagKind), i32(KIND.raw * 4 + 3)));
  code.stmt(
    store(
      'i64.store',
      0,
      i32(SCRATCH.flagA),
      op('i64.extend_i32_u', op('i32.and', rflags, i32(STATUS_MASK))),
    ),
  );
  code.block('done');
  code.loop('next');
  f.set(rip, opImm('i64.load', [0], i32(HOME.rip)));
  f.set(at, op('i32.shl', op('i32.and', op('i32.wrap_i64', get(rip)), i32(HASH_SIZE - 1)), i32(4)));
  code.loop('probe');
  f.set(key, opImm('i64.load', [SCRATCH.hash], get(at)));
  f.when(op('i64.eqz', get(key)), () => {
    f.set(result, i32(EXIT.missing));
    code.br('done');
  });
  f.when(op('i64.ne', get(key), get(rip)), () => {
    f.set(at, op('i32.and', op('i32.add', get(at), i32(16)), i32(HASH_SIZE * 16 - 1)));
    code.br('probe');
  });
  code.end();
  const slot = opImm('i32.load', [SCRATCH.hash + 8], get(at));
  code.stmt(store('i32.store', 0, i32(SCRATCH.slot), slot));
  code.expr(opImm('i32.load', [SCRATCH.hash + 12], get(at)));
  code.expr(slot);
  code.callIndirect(regionType);
  code.localSet(result.local);
  code.expr(op('i32.eqz', get(result)));
  code.brIf('next');
  code.end();
  code.end();
  const now: Expr = {
    k: 'call',
    ty: 'i32',
    fn: flags,
    args: [
      opImm('i32.load', [0], i32(SCRATCH.flagKind)),
      opImm('i64.load', [0], i32(SCRATCH.flagA)),
      opImm('i64.load', [0], i32(SCRATCH.flagB)),
      opImm('i64.load', [0], i32(SCRATCH.flagC)),
    ],
  };
  const merged = op('i32.or', op('i32.and', rflags, i32(~STATUS_MASK)), now);
  code.stmt(store('i32.store', 0, i32(HOME.rflags), merged));
  code.expr(get(result));
}

function refill(f: FunctionWriter, interval: Callee): void {
  const { code } = f;
  const address = param(f, 0);
  const span = param(f, 1);
  const home = param(f, 2);
  const info = param(f, 3);
  const at = f.local('i32');
  const need = f.local('i32');
  const start = f.local('i64');
  const length = f.local('i64');
  const answer = f.local('i32');
  const field = (ty: 'i32' | 'i64', offset: number): Expr =>
    opImm(`${ty}.load`, [SCRATCH.intervals + offset], get(at));
  const bytes = op('i64.extend_i32_u', get(span));
  f.set(need, op('i32.and', get(info), i32(0xff)));
  code.stmt(store('i64.store', 0, i32(SCRATCH.refused), get(address)));
  code.stmt(store('i32.store', 8, i32(SCRATCH.refused), get(span)));
  code.stmt(store('i32.store', 12, i32(SCRATCH.refused), get(need)));
  f.when(op('i64.ge_u', get(address), i64(ADDRESS_LIMIT)), () => f.return(i32(0)));
  code.loop('again');
  f.set(at, i32(0));
  code.loop('search');
  f.set(start, field('i64', 0));
  f.set(length, field('i64', 8));
  const allowed = op('i32.eq', op('i32.and', field('i32', 16), get(need)), get(need));
  const above = op('i64.ge_u', get(address), get(start));
  const below = op(
    'i64.le_u',
    op('i64.add', get(address), bytes),
    op('i64.add', get(start), get(length)),
  );
  f.when(op('i32.and', allowed, op('i32.and', above, below)), () => {
    const reach = op('i64.extend_i32_u', op('i32.shr_u', get(info), i32(8)));
    const fits = op('i64.ge_u', get(length), reach);
    f.when(op('i32.and', op('i32.ne', get(home), i32(0)), fits), () => {
      code.stmt(store('i64.store', 0, get(home), get(start)));
      const starts = op('i64.add', op('i64.sub', get(length), reach), i64(1));
      code.stmt(store('i64.store', 8, get(home), starts));
    });
    f.return(i32(1));
  });
  f.set(at, op('i32.add', get(at), i32(INTERVAL_BYTES)));
  code.expr(op('i32.lt_u', get(at), i32(INTERVALS * INTERVAL_BYTES)));
  code.brIf('search');
  code.end();
  const ask: Expr = {
    k: 'call',
    ty: 'i32',
    fn: interval,
    args: [op('i32.wrap_i64', get(address)), get(span), get(need)],
  };
  f.set(answer, ask);
  code.expr(op('i32.eq', get(answer), i32(2)));
  code.brIf('again');
  code.end();
  code.expr(get(answer));
}

function flagsFunction(f: FunctionWriter): void {
  const { code } = f;
  const v = { kind: param(f, 0), a: param(f, 1), b: param(f, 2), c: param(f, 3) };
  const sizes: readonly Size[] = [1, 2, 4, 8];
  const kinds = Object.keys(KIND) as (keyof typeof KIND)[];
  const states = kinds.flatMap((kind) => sizes.map((size) => ({ kind, size })));
  const labels = states.map((s) => `${s.kind}${s.size}`);
  for (const label of [...labels].reverse()) code.block(label);
  code.expr(get(v.kind));
  code.brTable(labels, labels[0] ?? '');
  for (const state of states) {
    code.end();
    f.return(allFlags(state, v));
  }
  code.unreachable();
}

function storeWide(f: FunctionWriter, quotient: Expr, remainder: Expr): void {
  f.code.stmt(store('i64.store', 0, i32(SCRATCH.wide), quotient));
  f.code.stmt(store('i64.store', 8, i32(SCRATCH.wide), remainder));
}

/** Long division, bit by bit: rare enough in practice. */
function div128(f: FunctionWriter): void {
  const { code } = f;
  const rest = param(f, 0);
  const low = param(f, 1);
  const divisor = param(f, 2);
  const quotient = f.local('i64');
  const n = f.local('i64');
  const carry = f.local('i64');
  f.when(op('i64.ge_u', get(rest), get(divisor)), () => f.return(i32(0)));
  f.set(n, i64(63));
  code.loop('bit');
  f.set(carry, op('i64.shr_u', get(rest), i64(63)));
  const next = op('i64.and', op('i64.shr_u', get(low), get(n)), i64(1));
  f.set(rest, op('i64.or', op('i64.shl', get(rest), i64(1)), next));
  f.set(quotient, op('i64.shl', get(quotient), i64(1)));
  const fits = op(
    'i32.or',
    op('i32.wrap_i64', get(carry)),
    op('i64.ge_u', get(rest), get(divisor)),
  );
  f.when(fits, () => {
    f.set(rest, op('i64.sub', get(rest), get(divisor)));
    f.set(quotient, op('i64.or', get(quotient), i64(1)));
  });
  f.set(n, op('i64.sub', get(n), i64(1)));
  code.expr(op('i64.ge_s', get(n), i64(0)));
  code.brIf('bit');
  code.end();
  storeWide(f, get(quotient), get(rest));
  code.expr(i32(1));
}

function idiv128(f: FunctionWriter, unsigned: Callee): void {
  const { code } = f;
  const high = param(f, 0);
  const low = param(f, 1);
  const divisor = param(f, 2);
  const negative = f.local('i32');
  const opposite = f.local('i32');
  const q = f.local('i64');
  const r = f.local('i64');
  const minus = (e: Expr): Expr => op('i64.sub', i64(0), e);
  f.set(negative, op('i64.lt_s', get(high), i64(0)));
  f.set(opposite, op('i32.xor', get(negative), op('i64.lt_s', get(divisor), i64(0))));
  f.when(get(negative), () => {
    const borrow = op('i64.extend_i32_u', op('i32.eqz', op('i64.eqz', get(low))));
    f.set(high, op('i64.sub', minus(get(high)), borrow));
    f.set(low, minus(get(low)));
  });
  f.when(op('i64.lt_s', get(divisor), i64(0)), () => f.set(divisor, minus(get(divisor))));
  const args = [get(high), get(low), get(divisor)];
  f.when(op('i32.eqz', { k: 'call', ty: 'i32', fn: unsigned, args }), () => f.return(i32(0)));
  f.set(q, opImm('i64.load', [0], i32(SCRATCH.wide)));
  f.set(r, opImm('i64.load', [8], i32(SCRATCH.wide)));
  f.when(
    op(
      'i64.gt_u',
      get(q),
      op('i64.add', i64((1n << 63n) - 1n), op('i64.extend_i32_u', get(opposite))),
    ),
    () => f.return(i32(0)),
  );
  f.when(get(opposite), () => f.set(q, minus(get(q))));
  f.when(get(negative), () => f.set(r, minus(get(r))));
  storeWide(f, get(q), get(r));
  code.expr(i32(1));
}

const LOADS = { 1: 'i64.load8_u', 2: 'i64.load16_u', 4: 'i64.load32_u', 8: 'i64.load' } as const;
const STORES = { 1: 'i64.store8', 2: 'i64.store16', 4: 'i64.store32', 8: 'i64.store' } as const;
const SIZES: readonly Size[] = [1, 2, 4, 8];

/** Writes `body` once for each element size and chooses at run time. */
function bySize(f: FunctionWriter, size: Var, body: (size: Size) => void): void {
  for (const s of SIZES) f.when(op('i32.eq', get(size), i32(s)), () => body(s));
}

/** Element by element, so that an overlap repeats what has just been written, as on silicon. */
function copy(f: FunctionWriter, forward: boolean): void {
  const [to, from, bytes, size] = [0, 1, 2, 3].map((i) => param(f, i));
  if (!to || !from || !bytes || !size) return;
  bySize(f, size, (s) => {
    const label = `copy${s}`;
    f.code.loop(label);
    f.code.stmt(store(STORES[s], 0, get(to), opImm(LOADS[s], [0], get(from))));
    const by = i32(forward ? s : -s);
    f.set(to, op('i32.add', get(to), by));
    f.set(from, op('i32.add', get(from), by));
    f.set(bytes, op('i32.sub', get(bytes), i32(s)));
    f.code.expr(get(bytes));
    f.code.brIf(label);
    f.code.end();
  });
}

function fill(f: FunctionWriter): void {
  const [to, value, count, size, step] = [0, 1, 2, 3, 4].map((i) => param(f, i));
  if (!to || !value || !count || !size || !step) return;
  bySize(f, size, (s) => {
    const label = `fill${s}`;
    f.code.loop(label);
    f.code.stmt(store(STORES[s], 0, get(to), get(value)));
    f.set(to, op('i32.add', get(to), get(step)));
    f.set(count, op('i32.sub', get(count), i32(1)));
    f.code.expr(get(count));
    f.code.brIf(label);
    f.code.end();
  });
}

/** scas and cmps: until equal (or unequal), or `count` elements. */
function search(f: FunctionWriter, compare: boolean): void {
  const [a, other, count, size, step, equal] = [0, 1, 2, 3, 4, 5].map((i) => param(f, i));
  if (!a || !other || !count || !size || !step || !equal) return;
  const done = f.local('i32');
  const same = f.local('i32');
  bySize(f, size, (s) => {
    const label = `search${s}`;
    f.code.loop(label);
    const right = compare ? opImm(LOADS[s], [0], get(other)) : get(other);
    f.set(same, op('i64.eq', opImm(LOADS[s], [0], get(a)), right));
    f.set(done, op('i32.add', get(done), i32(1)));
    f.set(a, op('i32.add', get(a), get(step)));
    if (compare) f.set(other, op('i32.add', get(other), get(step)));
    const goOn = op(
      'i32.and',
      op('i32.ne', get(same), get(equal)),
      op('i32.lt_u', get(done), get(count)),
    );
    f.code.expr(goOn);
    f.code.brIf(label);
    f.code.end();
  });
  f.code.expr(get(done));
}

/** The runtime module; imports `memory`, `table`, `interval` and `trace` from `e`. */
export function runtimeModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory('e', 'memory', MAX_RAM / 65536);
  module.importTable('e', 'table', 1);
  const interval: Callee = {
    name: 'interval',
    params: ['i32', 'i32', 'i32'],
    result: 'i32',
    index: 0,
  };
  const trace: Callee = { ...TRACE, index: 1 };
  module.importFunction('e', 'interval', { params: interval.params, results: ['i32'] });
  module.importFunction('e', 'trace', { params: trace.params, results: [] });
  const regionType = module.type({ params: ['i32'], results: ['i32'] });
  const indexOf = (name: string): Callee => {
    const found = CALLEES.find((c) => c.name === name);
    if (!found) throw new Error(`no runtime function ${name}`);
    return { ...found, index: found.index + 2 };
  };
  const bodies: Readonly<Record<string, (f: FunctionWriter) => void>> = {
    refill: (f) => refill(f, interval),
    flags: flagsFunction,
    div128,
    idiv128: (f) => idiv128(f, indexOf('div128')),
    copyForward: (f) => copy(f, true),
    copyBackward: (f) => copy(f, false),
    fill,
    scan: (f) => search(f, false),
    compare: (f) => search(f, true),
    trace: (f) => f.code.stmt({ k: 'call', fn: trace, args: f.params.map((v) => get(v)) }),
  };
  for (const callee of CALLEES) {
    const f = new FunctionWriter(callee.params);
    bodies[callee.name]?.(f);
    const results = callee.result ? [callee.result] : [];
    module.define({ params: callee.params, results }, f.locals, f.code.out.finish(), callee.name);
  }
  const f = new FunctionWriter([]);
  driver(f, indexOf('flags'), regionType);
  module.define({ params: [], results: ['i32'] }, f.locals, f.code.out.finish(), 'drive');
  return module.finish();
}
