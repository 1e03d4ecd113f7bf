// SPDX-License-Identifier: GPL-2.0-or-later
/** Finds the program's events where they were not noted while it ran: they were too many. */
import type { DebugInfo } from '../../shared/debug-info.ts';
import { addr, isAddr } from '../../shared/brand.ts';
import type { Mark } from './marks.ts';
import type { Travel } from './travel.ts';

/**
 * Notes all events in a stretch of the recording as marks. The machine is then anywhere.
 * @returns how many there were
 */
export async function survey(
  travel: Travel,
  events: DebugInfo['events'],
  from: number,
  to: number,
): Promise<number> {
  const { branch, end, memory } = travel.time;
  const names = new Map(
    events.filter(({ address }) => isAddr(address)).map((e) => [addr(e.address), e.name]),
  );
  const found: Mark[] = [];
  const query = { breakpoints: new Set(names.keys()), watches: [], wanted: () => true };
  const start = Math.max(branch.first, Math.min(from, end));
  await travel.sweep(start, Math.min(to, end), query, (at) => {
    const name = names.get(addr(Number(memory.state.rip)));
    if (name !== undefined) found.push({ at, name });
  });
  branch.marks.merge(found);
  return found.length;
}
