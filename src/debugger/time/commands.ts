// SPDX-License-Identifier: GPL-2.0-or-later
/** The commands that go to moments of the recording, and what they answer. */
import { isAddr, addr } from '../../shared/brand.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import { formatCounted, hex } from '../../shared/format.ts';
import type { RunCommand, StopReason } from '../../protocol/machine.ts';
import type { TimeCommand } from '../../protocol/time.ts';
import type { StopRules } from '../stops/stop-rules.ts';
import { lastMemoryWrite, lastRegisterWrite, type LastWrite } from './last-write.ts';
import { lastAt, lastStop, outBack, overBack } from './reverse.ts';
import { survey } from './survey.ts';
import type { Travel } from './travel.ts';

const KINDS: ReadonlySet<string> = new Set<TimeCommand['kind']>([
  'step-back',
  'step-back-over',
  'step-back-out',
  'reverse-continue',
  'back-to',
  'seek',
  'to-end',
  'to-branch',
  'survey',
  'last-write',
  'last-register-write',
]);

export function isTimeCommand(command: RunCommand): command is TimeCommand {
  return KINDS.has(command.kind);
}

export interface CommandContext {
  readonly travel: Travel;
  readonly rules: StopRules;
  readonly index: DebugIndex | null;
  /** Whether the user wants it to end. */
  readonly cancelled: () => boolean;
}

const SURVEYED = 'The events of this stretch are on the timeline.';

function answer(found: boolean, text: string): StopReason {
  return { kind: 'time', found, text };
}

/** Performs a command; afterwards the machine stands where the answer says. */
export async function performTimeCommand(
  command: TimeCommand,
  context: CommandContext,
): Promise<StopReason> {
  const { travel, cancelled } = context;
  travel.begin();
  const origin = travel.time.position;
  const reason = await goTo(command, context);
  if (cancelled()) {
    // a search that was called off leaves the machine anywhere: back to where it was asked for
    if (command.kind !== 'seek' && command.kind !== 'to-end') await travel.seek(origin, true);
    return { kind: 'pause' };
  }
  return travel.time.ended ?? reason;
}

async function goTo(command: TimeCommand, context: CommandContext): Promise<StopReason> {
  const { travel, rules, index } = context;
  const { time } = travel;
  const now = time.position;
  switch (command.kind) {
    case 'step-back':
      return back(travel, now, now - Math.max(1, command.count ?? 1));
    case 'step-back-over':
      return back(travel, now, await overBack(travel));
    case 'step-back-out': {
      const call = await outBack(travel);
      await travel.seek(call ?? now, true);
      return call === null
        ? answer(false, 'The recording holds no call that led here.')
        : { kind: 'step' };
    }
    case 'reverse-continue': {
      const stop = await lastStop(travel, rules);
      if (stop === null) {
        await travel.seek(time.branch.first);
        return answer(false, 'No stop before: this is where the recording begins.');
      }
      await travel.seek(stop, true);
      const rip = Number(time.memory.state.rip);
      return (
        rules.arrive(rip, { quiet: true }) ??
        answer(true, `Watched memory was used right before, ${moment(stop)}.`)
      );
    }
    case 'back-to': {
      const { address } = command;
      const found = isAddr(address) ? await lastAt(travel, addr(address)) : null;
      await travel.seek(found ?? now, true);
      return found === null
        ? answer(false, `${place(context, address)} has not been executed before.`)
        : { kind: 'cursor' };
    }
    case 'seek':
      await travel.seek(command.instructions, true);
      return answer(true, `This is the state ${moment(time.position)}.`);
    case 'to-end':
      await travel.seek(time.end, true);
      return answer(true, 'This is the present.');
    case 'to-branch': {
      if (!time.switchTo(command.id)) return answer(false, 'There is no such branch.');
      await travel.seek(time.end, true);
      return answer(true, `This is branch ${command.id + 1}, at its end.`);
    }
    case 'survey': {
      const count = await survey(travel, index?.info.events ?? [], command.from, command.to);
      await travel.seek(now, true);
      return answer(count > 0, count > 0 ? SURVEYED : 'The program announced nothing there.');
    }
    case 'last-write': {
      const { address, length } = command;
      const name = command.name ?? place(context, address);
      if (!isAddr(address) || length < 1) return answer(false, `${hex(address)} is no memory.`);
      return report(context, now, name, await lastMemoryWrite(travel, address, length));
    }
    case 'last-register-write': {
      const { register, from, bytes } = command;
      const part =
        from === undefined ? { name: register } : { name: register, from, bytes: bytes ?? 8 };
      const found = await lastRegisterWrite(travel, part);
      return report(context, now, register, found);
    }
  }
}

async function back(travel: Travel, now: number, to: number): Promise<StopReason> {
  const { first } = travel.time.branch;
  await travel.seek(to, true);
  return now <= first ? answer(false, 'This is where the recording begins.') : { kind: 'step' };
}

async function report(
  context: CommandContext,
  now: number,
  name: string,
  write: LastWrite | null,
): Promise<StopReason> {
  const { travel } = context;
  await travel.seek(write?.at ?? now, true);
  if (write === null) return answer(false, `Nobody wrote ${name} since the recording began.`);
  const where = place(context, Number(travel.time.memory.state.rip));
  switch (write.by) {
    case 'instruction':
      return answer(true, `The instruction at ${where} wrote ${name} last, ${moment(write.at)}.`);
    case 'system call':
      return answer(true, `The system call at ${where} wrote ${name} last, ${moment(write.at)}.`);
    case 'edit':
      return answer(true, `You changed ${name} here, ${moment(write.at)}.`);
  }
}

function moment(at: number): string {
  return `after ${formatCounted(at, 'instruction')}`;
}

function place({ index }: CommandContext, address: number): string {
  return index?.describe(address) ?? hex(Math.max(0, address));
}
