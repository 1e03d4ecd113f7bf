// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Code for a run of instructions that can be entered and left at each of them: for the last
 * instructions of a budget, and to find out which one faults. Correct and compact, not fast.
 */
import type { CodeSource } from './shape.ts';
import type { Insn } from './decode.ts';
import { emitFunction } from './emit.ts';
import { EXIT } from './exits.ts';
import { get, i32, i64, ifThen, op, type Stmt } from './ir.ts';
import { Lift } from './lift.ts';
import { liftTerminator, type Way } from './lift/control.ts';
import { LIFTERS } from './lift/table.ts';
import { analyse } from './liveness.ts';
import { terminator, type Block, type Context } from './region.ts';
import { Vars } from './vars.ts';
import type { WatchTests } from './watch.ts';

const LONGEST = 64;

export interface Precise {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Addresses of its instructions; the index is the function's parameter. */
  readonly entries: readonly number[];
  /** Address behind them. */
  readonly end: number;
}

/**
 * @param watch what leaves before instructions that may touch watched memory.
 * @param traces whether calls and returns are told to the engine.
 * @returns null when not even the first instruction at `ip` is translated.
 */
export function compilePrecise(
  source: CodeSource,
  ip: number,
  windowHome: number,
  watch: WatchTests | null,
  traces: boolean,
): Precise | null {
  const insns = straightLine(source, ip);
  if (insns.length === 0) return null;
  const vars = new Vars(() => windowHome);
  const lift = new Lift(vars, { fixedAccess: () => false, refillInPlace: true, watch, traces });
  const cases = insns.map((insn) => instruction(lift, vars, insn));
  const last = insns.at(-1);
  const bytes = emitFunction(vars, insns, `guest step ${ip.toString(16)}`, (code) => {
    const labels = insns.map((_, i) => `at${i}`);
    for (const label of [...labels].reverse()) code.block(label);
    code.expr(get(vars.entry));
    code.brTable(labels, 'at0');
    for (const stmts of cases) {
      code.end();
      for (const s of stmts) code.stmt(s);
    }
    if (last) code.stmt({ k: 'exit', code: EXIT.next, rip: i64(last.next), refund: 0 });
  });
  return { bytes, entries: insns.map((i) => i.ip), end: last?.next ?? ip };
}

function straightLine(source: CodeSource, ip: number): Insn[] {
  const insns: Insn[] = [];
  for (let at = ip; insns.length < LONGEST;) {
    const insn = at !== ip && source.isBreakpoint(at) ? null : source.insnAt(at);
    if (!insn || !source.translatable(insn)) break;
    insns.push(insn);
    if (terminator(insn, CONTEXT)) break;
    at = insn.next;
  }
  return insns;
}

const CONTEXT: Context = { id: 0, parent: null, entryIp: 0, entry: null, sites: [] };

/** One instruction as a block of its own, which asks the budget first. */
function instruction(lift: Lift, vars: Vars, insn: Insn): Stmt[] {
  const term = terminator(insn, CONTEXT) ?? { k: 'goto', to: insn.next };
  const block: Block = {
    id: 0,
    context: CONTEXT,
    ip: insn.ip,
    insns: [insn],
    term,
    entry: true,
    seldom: false,
  };
  const facts = analyse([block], new Set([block])).get(block);
  lift.beginBlock([insn], facts?.plan ?? [], null, { ahead: 1, unused: undefined });
  const spent = op('i32.eqz', get(vars.left));
  lift.emit(ifThen(spent, [{ k: 'exit', code: EXIT.budget, rip: i64(insn.ip), refund: 0 }]));
  lift.set(vars.left, op('i32.sub', get(vars.left), i32(1)));
  lift.beginInsn(insn, 0, true);
  if (term.k !== 'goto') {
    const way = liftTerminator(lift, term);
    lift.settle();
    leave(lift, way, term);
  } else if (insn.mnemonic === 'Jmp') lift.emit(exitTo(term.to));
  else {
    LIFTERS.get(insn.mnemonic)?.lift(lift);
    lift.settle();
  }
  return lift.stmts;
}

function exitTo(target: Block | number): Stmt {
  const rip = typeof target === 'number' ? target : target.ip;
  return { k: 'exit', code: EXIT.next, rip: i64(rip), refund: 0 };
}

function leave(lift: Lift, way: Way, term: Block['term']): void {
  const [test] = way.tests;
  if (test && term.k === 'branch') lift.emit(ifThen(test, [exitTo(term.yes)]), exitTo(term.no));
  else if (way.exit) lift.emit(way.exit);
  else if (term.k === 'call') lift.emit(exitTo(term.to));
}
