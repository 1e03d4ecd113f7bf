// SPDX-License-Identifier: GPL-2.0-or-later
/** The stack, the flags register, and instructions without effect. */
import { BIT, STATUS_MASK, type Size } from '../flags.ts';
import { get, i32, i64, ifThen, op, opImm, store, type Expr } from '../ir.ts';
import type { Lift } from '../lift.ts';
import { HOME } from '../scratch.ts';
import { registrar, type Table } from './registry.ts';

const RAX = 0;
const RSP = 4;
const RBP = 5;
const DIRECTION = 0x400;

/** Flags that a user program may change with popfq, besides the six and DF. */
const UNUSUAL = 0x100 | 0x4000 | 0x40000 | 0x200000; // TF NT AC ID

export function moveRsp(c: Lift, by: number): void {
  c.set(c.gprVar(RSP), op('i64.add', get(c.gprVar(RSP)), i64(by)));
}

function push(c: Lift): void {
  const size = -c.insn.stack as Size;
  const value = c.hold(c.int(0, size));
  c.storeInt(size, value, c.place('stack'));
  moveRsp(c, -size);
}

function pop(c: Lift): void {
  const size = c.insn.stack as Size;
  const value = c.hold(c.loadInt(size, c.place('stack')));
  moveRsp(c, size);
  c.setInt(0, value);
}

/** rflags as they are: what lies in the state block with the six flags of now. */
export function wholeFlags(c: Lift): Expr {
  const rest = op('i32.and', opImm('i32.load', [0], i32(HOME.rflags)), i32(~STATUS_MASK));
  return op('i32.or', rest, c.rawFlags());
}

function popfq(c: Lift): void {
  const value = c.hold(c.load('i32.load', c.place('stack')));
  const home = c.hold(opImm('i32.load', [0], i32(HOME.rflags)));
  const differs = op('i32.and', op('i32.xor', value, home), i32(UNUSUAL));
  c.emit(ifThen(differs, [c.giveUp()]));
  const mask = STATUS_MASK | DIRECTION;
  const merged = op('i32.or', op('i32.and', home, i32(~mask)), op('i32.and', value, i32(mask)));
  c.emit(store('i32.store', 0, i32(HOME.rflags), merged));
  moveRsp(c, 8);
  c.setRawFlags(op('i32.and', value, i32(STATUS_MASK)));
}

function direction(c: Lift, set: boolean): void {
  const home = opImm('i32.load', [0], i32(HOME.rflags));
  const value = set ? op('i32.or', home, i32(DIRECTION)) : op('i32.and', home, i32(~DIRECTION));
  c.emit(store('i32.store', 0, i32(HOME.rflags), value));
}

function quad(insn: { stack: number }): boolean {
  return Math.abs(insn.stack) === 8;
}

export function registerStack(table: Table): void {
  const on = registrar(table, 'stack and flags');
  on('Push', push);
  on('Pop', pop, {
    accepts: (insn) => insn.ops[0]?.k === 'gpr',
    except: 'memory operands',
  });
  on('Leave', (c) => {
    const value = c.hold(c.loadInt(8, c.place('stack')));
    c.set(c.gprVar(RSP), op('i64.add', get(c.gprVar(RBP)), i64(8)));
    c.set(c.gprVar(RBP), value);
  });
  on(
    'Enter',
    (c) => {
      const size = c.operand(0);
      c.storeInt(8, get(c.gprVar(RBP)), c.place('stack'));
      const frame = c.hold(op('i64.sub', get(c.gprVar(RSP)), i64(8)));
      const bytes = size.k === 'imm' ? Number(size.value & 0xffffn) : 0;
      const top = c.hold(op('i64.sub', frame, i64(bytes)));
      // so does the silicon, when it has stored rbp
      c.probe(`enter${c.insn.ip}`, top);
      c.set(c.gprVar(RBP), frame);
      c.set(c.gprVar(RSP), top);
    },
    {
      accepts: (insn) => {
        const [size, level] = insn.ops;
        return size?.k === 'imm' && level?.k === 'imm' && level.value === 0n;
      },
      except: 'nesting levels',
    },
  );
  on('Pushfq', (c) => {
    c.storeInt(8, op('i64.extend_i32_u', wholeFlags(c)), c.place('stack'));
    moveRsp(c, -8);
  });
  on('Popfq', popfq, { accepts: quad, except: 'changes of TF, NT, AC, ID' });
  on('Lahf', (c) =>
    c.setReg(RAX, 1, op('i32.or', op('i32.and', c.rawFlags(), i32(0xd5)), i32(2)), true),
  );
  on('Sahf', (c) => {
    const ah = op('i32.and', op('i32.shr_u', c.reg(RAX, 4), i32(8)), i32(0xd5));
    c.setRawFlags(op('i32.or', op('i32.and', c.rawFlags(), i32(BIT.OF)), ah));
  });
  on('Clc', (c) => c.setRawFlags(op('i32.and', c.rawFlags(), i32(~BIT.CF))));
  on('Stc', (c) => c.setRawFlags(op('i32.or', c.rawFlags(), i32(BIT.CF))));
  on('Cmc', (c) => c.setRawFlags(op('i32.xor', c.rawFlags(), i32(BIT.CF))));
  on('Cld', (c) => direction(c, false));
  on('Std', (c) => direction(c, true));
  on('Nop Endbr64 Pause Lfence Mfence Sfence', () => {
    // no architectural effect
  });
  on('Prefetchnta Prefetcht0 Prefetcht1 Prefetcht2 Prefetchw', (c) => c.prefetch());
}
