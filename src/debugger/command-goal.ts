// SPDX-License-Identifier: GPL-2.0-or-later
/** What each command aims at. */
import type { GuestMemory } from '../machine/memory.ts';
import type { RunCommand } from '../protocol/machine.ts';
import type { TimeCommand } from '../protocol/time.ts';
import { addr, isAddr } from '../shared/brand.ts';
import { GPR } from '../shared/cpu-state.ts';
import type { DebugIndex } from '../shared/debug-index.ts';
import { stepInfoAt } from './disassemble.ts';
import { goalAt, goalBehindCall, goalCaller, goalEvent, goalNext, type Goal } from './goal.ts';
import { goalUntil } from './stops/until.ts';

/** The machine as it stands when the command is given. */
export interface Standing {
  readonly memory: GuestMemory;
  readonly index: DebugIndex | null;
  /** A system call waits to be finished. */
  readonly pending: boolean;
}

/** Where the command ends; null for those that end by count, by a stop or not at all. */
export function goalOf(command: Exclude<RunCommand, TimeCommand>, standing: Standing): Goal | null {
  const { memory, index } = standing;
  switch (command.kind) {
    case 'continue':
    case 'detach':
    case 'step-in':
      return null;
    case 'to':
      return isAddr(command.address) ? goalAt(addr(command.address)) : null;
    case 'step-out':
      return goalCaller(memory);
    case 'step-over':
      return standing.pending ? null : goalOver(memory);
    case 'next':
      return goalNext(command.what, memory, index);
    case 'until':
      return goalUntil(command.expression, memory, index);
    case 'until-event': {
      const events = index?.info.events.filter((event) => event.name === command.name) ?? [];
      const addresses = events.map((event) => addr(event.address));
      return goalEvent(command.name, addresses, command.count);
    }
  }
}

/** Behind the call at rip; null when there is none. */
function goalOver(memory: GuestMemory): Goal | null {
  const rip = Number(memory.state.rip);
  const info = stepInfoAt(memory, rip);
  if (info?.isCall !== true) return null;
  const next = rip + info.length;
  // A call of what comes next only finds out where it is: there is no return from it.
  if (info.target === next) return null;
  return goalBehindCall(addr(next), Number(memory.state.gpr(GPR.rsp)));
}

/** Instructions after which the command ends by itself. */
export function stepCount(command: RunCommand, goal: Goal | null): number {
  if (command.kind === 'step-in') return Math.max(1, command.count ?? 1);
  if (command.kind === 'step-over' && goal === null) return 1;
  return Infinity;
}
