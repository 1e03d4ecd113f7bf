// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Where a command wants to arrive: addresses, each with a condition on the stack pointer that tells
 * this frame from deeper ones of a recursion.
 */
import type { Watch } from '../cpu/cpu.ts';
import { addr, isAddr, type Addr } from '../shared/brand.ts';
import { GPR } from '../shared/cpu-state.ts';
import type { DebugIndex } from '../shared/debug-index.ts';
import { PROT } from '../machine/layout.ts';
import type { GuestMemory } from '../machine/memory.ts';
import type { NextKind, StopReason } from '../protocol/machine.ts';
import { followsCall } from './disassemble.ts';
import { instructionsOf, isInstruction } from './next-instruction.ts';

export interface Goal {
  readonly addresses: ReadonlySet<Addr>;
  /** Whether arriving at one of the addresses with this stack pointer is the end of the command. */
  arrived(rip: number, rsp: number): boolean;
  readonly reason: StopReason;
  /**
   * When present, the engine goes one instruction at a time and asks this after each: the end of
   * the command, or null.
   */
  readonly each?: () => StopReason | null;
  /**
   * What has to be written for `each` to have another answer: then the engine runs at speed with
   * these watches, and `each` is asked after their hits and after system calls. Null: no such thing.
   */
  readonly watches?: () => readonly Watch[] | null;
  /** Whether `watches` has another answer than when last asked. */
  readonly changed?: () => boolean;
  /** There is no such goal: the command ends at once, for this reason. */
  readonly failed?: StopReason;
}

/** Bytes of stack that are searched for return addresses, and how many of them are watched. */
const SEARCHED = 64 * 1024;
const MOST_CANDIDATES = 64;

/** Arrival at an address in whatever frame. */
export function goalAt(address: Addr): Goal {
  return { addresses: new Set([address]), arrived: () => true, reason: { kind: 'cursor' } };
}

/** Behind a call at `next`: back in the frame whose stack pointer is `rsp`, or in one above it. */
export function goalBehindCall(next: Addr, rsp: number): Goal {
  return {
    addresses: new Set([next]),
    arrived: (_, now) => now >= rsp,
    reason: { kind: 'step' },
  };
}

/** The `count`-th arrival at any of the addresses of an event. */
export function goalEvent(name: string, addresses: readonly Addr[], count: number): Goal {
  let left = count;
  return {
    addresses: new Set(addresses),
    arrived: () => --left <= 0,
    reason: { kind: 'event', name },
  };
}

/**
 * The caller of the current function. Functions keep no frame pointer, so every word on the stack
 * that may be a return address (it points behind a call) is watched, and the end is arriving at one
 * with the stack pointer just above its slot: only the `ret` of that frame makes it so.
 * Stale words among them do no harm: nothing returns through their slots.
 * @returns null when the stack holds no return address: in the outermost function, whose end is the
 * end of the program.
 */
export function goalCaller(memory: GuestMemory): Goal | null {
  const rsp = Number(memory.state.gpr(GPR.rsp));
  if (!isAddr(rsp)) return null;
  const slots = new Map<Addr, Set<number>>();
  const refused = new Set<bigint>();
  const view = new DataView(memory.memory.buffer);
  for (let slot = rsp; slot < rsp + SEARCHED; slot += 8) {
    if (slots.size >= MOST_CANDIDATES || !memory.allows(slot, 8, PROT.read)) break;
    const value = view.getBigUint64(slot, true);
    if (value >= BigInt(memory.size) || refused.has(value)) continue;
    const target = addr(value);
    const known = slots.get(target);
    if (known !== undefined) known.add(slot);
    else if (memory.allows(target, 1, PROT.exec) && followsCall(memory, target)) {
      slots.set(target, new Set([slot]));
    } else refused.add(value);
  }
  if (slots.size === 0) return null;
  return {
    addresses: new Set(slots.keys()),
    arrived: (rip, now) => slots.get(rip as Addr)?.has(now - 8) ?? false,
    reason: { kind: 'step' },
  };
}

/**
 * The next instruction of a kind: any of those that the debug info knows. Code that it does not know
 * is gone through instruction by instruction.
 */
export function goalNext(what: NextKind, memory: GuestMemory, index: DebugIndex | null): Goal {
  const reason: StopReason = { kind: 'next', what };
  const rip = Number(memory.state.rip);
  if (index?.isCode(rip) === true) {
    return { addresses: instructionsOf(memory, index, what), arrived: () => true, reason };
  }
  return {
    addresses: new Set(),
    arrived: () => false,
    reason,
    each: () => (isInstruction(memory, Number(memory.state.rip), what) ? reason : null),
  };
}
