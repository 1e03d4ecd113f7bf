// SPDX-License-Identifier: GPL-2.0-or-later
/** Who last wrote this? Memory by watching it in replays, registers by their possible writers. */
import type { DebugInfo } from '../../shared/debug-info.ts';
import { addr } from '../../shared/brand.ts';
import { GPR_NAMES, STATE } from '../../shared/cpu-state.ts';
import { writersOf, type RegisterPart } from './instructions.ts';
import { EDIT } from './tape.ts';
import type { Travel } from './travel.ts';

export type Writer = 'instruction' | 'system call' | 'edit';

export interface LastWrite {
  /** Where to go: the instruction that wrote is about to be executed; behind an edit. */
  readonly at: number;
  readonly by: Writer;
}

/**
 * Who last wrote to any of these bytes, up to this moment. The machine is then anywhere.
 * @returns null when nobody did in the recording
 */
export async function lastMemoryWrite(
  travel: Travel,
  start: number,
  length: number,
): Promise<LastWrite | null> {
  const { time } = travel;
  const { tape } = time.branch;
  const limit = time.position;
  const entry = time.branch.lastWriteTo(start, length, time.applied);
  const written = entry === null ? -1 : tape.at(entry);
  const hit = await travel.last(limit, {
    breakpoints: new Set(),
    watches: [{ start: addr(start), length, access: 'write' }],
    wanted: (stop) => stop.kind === 'watchpoint',
  });
  if (entry !== null && written >= (hit ?? -1)) {
    return tape.number(entry) === EDIT
      ? { at: written, by: 'edit' }
      : { at: written - 1, by: 'system call' };
  }
  return hit === null ? null : { at: hit - 1, by: 'instruction' };
}

/** Who last wrote a register, or a part of it. Likewise. */
export async function lastRegisterWrite(
  travel: Travel,
  part: RegisterPart,
): Promise<LastWrite | null> {
  const { branch, applied } = travel.time;
  const hit = await lastExecution(travel, part);
  const [from, size] = placeOf(part);
  const edited = branch.tape.lastWith(applied, ({ edit }) => {
    if (edit === null) return false;
    const after = edit.after.subarray(from, from + size);
    return edit.before.subarray(from, from + size).some((byte, i) => byte !== after[i]);
  });
  const at = edited === null ? -1 : branch.tape.at(edited);
  if (at > (hit ?? -1)) return { at, by: 'edit' };
  return hit === null ? null : { at: hit, by: 'instruction' };
}

/** When an instruction that has a register as a result was about to be executed last. */
async function lastExecution(travel: Travel, part: RegisterPart): Promise<number | null> {
  const { time } = travel;
  let inMemory = time.program;
  let limit = time.position - 1;
  // each program that was in the machine has instructions of its own
  for (const program of [...time.branch.programs].reverse()) {
    if (program.at > limit) continue;
    if (program !== inMemory && !(await travel.seek(limit))) return null;
    inMemory = program;
    const hit = await travel.last(limit, {
      breakpoints: writersOf(time.memory, part, startsOf(program.debug)),
      watches: [],
      wanted: () => true,
      from: program.at,
      width: 64,
    });
    if (hit !== null) return hit;
    limit = program.at - 1;
  }
  return null;
}

/** Where instructions begin, data too. */
function startsOf({ lines }: DebugInfo): number[] {
  const starts: number[] = [];
  for (let i = 0; i < lines.length; i += 4) starts.push(lines[i] ?? 0);
  return starts;
}

/** Offset and size of a register in the state block. */
function placeOf({ name, from = 0, bytes = 16 }: RegisterPart): [number, number] {
  const vector = /^xmm(\d+)$/.exec(name);
  if (vector) return [STATE.xmm + Number(vector[1]) * 16 + from, bytes];
  const index = (GPR_NAMES as readonly string[]).indexOf(name);
  return [index < 0 ? STATE.rflags : STATE.gpr + index * 8, 8];
}
