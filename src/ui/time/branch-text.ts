// SPDX-License-Identifier: GPL-2.0-or-later
/** Branches of the timeline in words. */
import type { TimelineBranch } from '../../protocol/time.ts';
import { formatCount, formatCounted } from '../../shared/format.ts';

export function branchName(id: number): string {
  return `Branch ${id + 1}`;
}

/** Where it begins, where it ends and how. */
export function branchText({ parent, forkedAt, end, ended }: TimelineBranch): string {
  const from =
    parent === null
      ? 'From the start'
      : `Left ${branchName(parent).toLowerCase()} after ${formatCounted(forkedAt, 'instruction')}`;
  const how = { exit: 'where the program ended', fault: 'where it faulted', none: 'so far' };
  return `${from}; to ${formatCount(end)}, ${how[ended ?? 'none']}`;
}
