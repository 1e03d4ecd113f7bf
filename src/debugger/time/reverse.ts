// SPDX-License-Identifier: GPL-2.0-or-later
/** Commands that go back: where each of them ends. */
import { GPR } from '../../shared/cpu-state.ts';
import { PROT } from '../../machine/layout.ts';
import { addr, isAddr, type Addr } from '../../shared/brand.ts';
import type { StopRules } from '../stops/stop-rules.ts';
import { callsBefore, isReturn } from './instructions.ts';
import type { Query, Travel } from './travel.ts';

/** Bytes of stack that are searched for return addresses, and how many of them are tried. */
const SEARCHED = 64 * 1024;
const MOST_CANDIDATES = 64;

/** One instruction back, a call counting as one: where that is. Leaves the machine anywhere. */
export async function overBack(travel: Travel): Promise<number> {
  const { time } = travel;
  const { memory } = time;
  const at = time.position;
  const rip = Number(memory.state.rip);
  const rsp = memory.state.gpr(GPR.rsp);
  const calls = new Set(isAddr(rip) ? callsBefore(memory, rip) : []);
  if (calls.size === 0) return at - 1;
  if (!(await travel.seek(at - 1))) return time.position;
  const before = Number(memory.state.rip);
  if (!isAddr(before) || !isReturn(memory, before)) return at - 1;
  const call = await travel.last(at - 1, {
    breakpoints: calls,
    watches: [],
    wanted: () => memory.state.gpr(GPR.rsp) === rsp,
  });
  return call ?? at - 1;
}

/**
 * The call that led into this function. Functions keep no frame pointer, so every word on the
 * stack that may be a return address is tried: it is the caller's if the call that put it there
 * has not been returned from.
 * @returns null when there is none in the recording
 */
export async function outBack(travel: Travel): Promise<number | null> {
  const { time } = travel;
  const { memory } = time;
  const at = time.position;
  const rsp = Number(memory.state.gpr(GPR.rsp));
  if (!isAddr(rsp)) return null;
  /** Slots of return addresses by the call before them, and by where they return to. */
  const slots = new Map<Addr, Set<number>>();
  const returns = new Set<Addr>();
  const view = new DataView(memory.memory.buffer);
  for (let slot = rsp; slot < rsp + SEARCHED && returns.size < MOST_CANDIDATES; slot += 8) {
    if (!memory.allows(slot, 8, PROT.read)) break;
    const value = view.getBigUint64(slot, true);
    if (value >= BigInt(memory.size) || !memory.allows(Number(value), 1, PROT.exec)) continue;
    for (const call of callsBefore(memory, Number(value))) {
      returns.add(addr(value));
      const known = slots.get(call);
      if (known === undefined) slots.set(call, new Set([slot]));
      else known.add(slot);
    }
  }
  if (returns.size === 0) return null;
  /** Calls not returned from, by slot, in the stretch under way. */
  const open = new Map<number, number>();
  const query: Query = {
    breakpoints: new Set([...slots.keys(), ...returns]),
    watches: [],
    wanted: () => true,
  };
  return travel.stretches(
    at - 1,
    query,
    (moment) => {
      const { state } = memory;
      const here = Number(state.rip) as Addr;
      const top = Number(state.gpr(GPR.rsp));
      // all frames below the stack pointer are gone
      for (const slot of open.keys()) if (slot < top) open.delete(slot);
      if (slots.get(here)?.has(top - 8) === true) open.set(top - 8, moment);
    },
    () => {
      const innermost = Math.min(...open.keys());
      const moment = open.get(innermost) ?? null;
      open.clear();
      return moment;
    },
  );
}

/** The last stop before this moment that the rules want; null when there is none. */
export async function lastStop(travel: Travel, rules: StopRules): Promise<number | null> {
  const { time } = travel;
  const limit = time.position - 1;
  const query: Query = {
    breakpoints: new Set(rules.addresses),
    watches: rules.watches,
    wanted: (stop) =>
      stop.kind === 'watchpoint'
        ? rules.used(stop.hit, { quiet: true }) !== null
        : rules.arrive(Number(time.memory.state.rip), { quiet: true }) !== null,
  };
  const byCall = lastCallWriting(travel, rules.watches, limit);
  const found =
    query.breakpoints.size + query.watches.length === 0 ? null : await travel.last(limit, query);
  return byCall !== null && byCall > (found ?? -1) ? byCall : found;
}

/** The last system call not behind `limit` that wrote to watched memory. */
function lastCallWriting(
  { time }: Travel,
  watches: StopRules['watches'],
  limit: number,
): number | null {
  const { branch } = time;
  const entries = branch.tape.find(limit + 1);
  const moments = watches
    .filter(({ access }) => access !== 'read')
    .map(({ start, length }) => branch.lastWriteTo(start, length, entries))
    .filter((entry) => entry !== null);
  return moments.length === 0 ? null : branch.tape.at(Math.max(...moments));
}

/** The last moment before this one at which rip was at an address. */
export function lastAt(travel: Travel, address: Addr): Promise<number | null> {
  return travel.last(travel.time.position - 1, {
    breakpoints: new Set([address]),
    watches: [],
    wanted: () => true,
  });
}
