// SPDX-License-Identifier: GPL-2.0-or-later
/** Branches, calls, returns and system calls: how a block ends. */
import { TRACED } from '../counters.ts';
import { EXIT } from '../exits.ts';
import type { Condition } from '../flags.ts';
import { get, i64, ifThen, op, set, type Expr, type Stmt } from '../ir.ts';
import type { Lift } from '../lift.ts';
import type { Terminator } from '../region.ts';
import type { Insn } from '../decode.ts';
import { CONDITION_NAMES, type Table, registrar } from './registry.ts';
import { moveRsp, wholeFlags } from './stack.ts';

/**
 * Ways out of a block: a condition for each of its edges in order; then, when none holds, `exit`,
 * or the one further edge.
 */
export interface Way {
  readonly tests: readonly Expr[];
  readonly exit: Stmt | null;
}

const RCX = 1;
const RSP = 4;
const R11 = 11;

/** Bits of an address that the last one below them must repeat. */
const CANONICAL_BITS = 48n;

function pushReturn(c: Lift): void {
  c.storeInt(8, i64(c.insn.next), c.place('stack'));
  moveRsp(c, -8);
}

/** Whether an address is not canonical: the silicon refuses to go there before anything else. */
function isWild(target: Expr): Expr {
  const half = 1n << (CANONICAL_BITS - 1n);
  const rest = op('i64.shr_u', op('i64.add', target, i64(half)), i64(CANONICAL_BITS));
  return op('i64.ne', rest, i64(0));
}

function moved(c: Lift, by: number): Stmt {
  const rsp = c.gprVar(RSP);
  return set(rsp, op('i64.add', get(rsp), i64(by)));
}

/** Leaves for `target`, or before the instruction, whose effects `undo` takes back. */
function leaveFor(c: Lift, target: Expr, ...undo: readonly Stmt[]): Stmt {
  const refuse = [...undo, c.exitBefore(EXIT.wild)];
  return ifThen(isWild(target), refuse, [c.leave(target, EXIT.next)]);
}

function branchCondition(c: Lift): Expr {
  const name = c.insn.mnemonic.toLowerCase();
  const counter = c.gprVar(RCX);
  switch (name) {
    case 'jrcxz':
      return op('i64.eqz', get(counter));
    case 'jecxz':
      return op('i32.eqz', c.reg(RCX, 4));
    case 'loop':
    case 'loope':
    case 'loopne': {
      c.set(counter, op('i64.sub', get(counter), i64(1)));
      const nonZero = op('i32.eqz', op('i64.eqz', get(counter)));
      if (name === 'loop') return nonZero;
      return op('i32.and', nonZero, c.cond(name === 'loope' ? 'e' : 'ne'));
    }
    default:
      return c.cond(name.slice(1) as Condition);
  }
}

/** Emits what the terminating instruction does, and says where it goes. */
export function liftTerminator(c: Lift, term: Terminator): Way {
  switch (term.k) {
    case 'goto':
      return { tests: [], exit: null };
    case 'branch':
      return { tests: [branchCondition(c)], exit: null };
    case 'call':
      pushReturn(c);
      c.trace(TRACED.call, i64(term.insn.target));
      return { tests: [], exit: null };
    case 'ret': {
      const target = c.hold(c.loadInt(8, c.place('stack')));
      const extra = c.insn.ops[0];
      const up = 8 + (extra?.k === 'imm' ? Number(extra.value & 0xffffn) : 0);
      moveRsp(c, up);
      c.trace(TRACED.return, target);
      return {
        tests: term.sites.map((site) => op('i64.eq', target, i64(site.ip))),
        exit: leaveFor(c, target, moved(c, -up)),
      };
    }
    case 'indirect': {
      const target = c.hold(c.int(0, 8));
      if (c.insn.mnemonic === 'Call') {
        pushReturn(c);
        c.trace(TRACED.call, target);
      }
      c.noteTarget(target);
      const tests = term.to ? [op('i64.eq', target, i64(term.to.ip))] : [];
      // what a call has pushed stays there
      const undo = c.insn.mnemonic === 'Call' ? [moved(c, 8)] : [];
      return { tests, exit: leaveFor(c, target, ...undo) };
    }
    case 'syscall':
      c.storeFlags();
      c.set(c.gprVar(RCX), i64(term.insn.next));
      c.set(c.gprVar(R11), op('i64.extend_i32_u', wholeFlags(c)));
      return { tests: [], exit: c.leave(i64(term.insn.next), EXIT.syscall) };
    case 'step':
      return { tests: [], exit: c.leave(i64(term.ip), EXIT.single) };
  }
}

function direct(insn: Insn): boolean {
  const target = insn.ops[0];
  return (
    insn.target >= 0 ||
    (target?.k === 'gpr' && target.size === 8) ||
    (target?.k === 'mem' && target.size === 8)
  );
}

/** Names for the table; the terminators themselves are lifted by `liftTerminator`. */
export function registerControl(table: Table): void {
  const on = registrar(table, 'control flow');
  const never = (): void => {
    throw new Error('a terminator inside a block');
  };
  for (const cc of CONDITION_NAMES) on(`J${cc}`, never);
  on('Jrcxz Jecxz Loop Loope Loopne Syscall', never);
  on('Jmp Call', never, { accepts: direct, except: 'far and 16-bit targets' });
  on('Ret', never, { accepts: (insn) => insn.stack >= 8, except: '16-bit returns' });
}
