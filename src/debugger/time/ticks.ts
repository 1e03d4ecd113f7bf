// SPDX-License-Identifier: GPL-2.0-or-later
/** What happened in a stretch of a branch, as few enough ticks to draw. */
import { syscallName } from '../../machine/linux/names.ts';
import type { TickKind, TimelineTick } from '../../protocol/time.ts';
import type { Branch } from './branch.ts';
import { EDIT } from './tape.ts';

/** Gathers moments of one kind into at most so many buckets. */
class Gatherer {
  readonly ticks: TimelineTick[] = [];
  readonly #kind: TickKind;
  readonly #bucket: (at: number) => number;
  #last = -1;

  constructor(kind: TickKind, bucket: (at: number) => number) {
    this.#kind = kind;
    this.#bucket = bucket;
  }

  add(at: number, name: () => string): void {
    const bucket = this.#bucket(at);
    const last = this.ticks.at(-1);
    if (last !== undefined && bucket === this.#last) {
      this.ticks[this.ticks.length - 1] = { ...last, count: last.count + 1 };
      return;
    }
    this.#last = bucket;
    this.ticks.push({ kind: this.#kind, at, name: name(), count: 1 });
  }
}

/** Ticks from `from` to `to` inclusive, in order; at most `most` of each kind. */
export function ticksOf(branch: Branch, from: number, to: number, most: number): TimelineTick[] {
  const width = Math.max(1, (to - from + 1) / Math.max(1, most));
  const bucket = (at: number): number => Math.floor((at - from) / width);
  const events = new Map<string, Gatherer>();
  const breakpoints = new Gatherer('breakpoint', bucket);
  for (const { at, name } of branch.marks.between(from, to)) {
    if (name === BREAKPOINT) {
      breakpoints.add(at, () => name);
      continue;
    }
    let gatherer = events.get(name);
    if (gatherer === undefined) events.set(name, (gatherer = new Gatherer('event', bucket)));
    gatherer.add(at, () => name);
  }
  const syscalls = new Gatherer('syscall', bucket);
  const edits = new Gatherer('edit', bucket);
  const { tape } = branch;
  for (let i = tape.find(from); tape.at(i) <= to; i++) {
    const number = tape.number(i);
    if (number === EDIT) edits.add(tape.at(i), () => 'edit');
    else syscalls.add(tape.at(i), () => syscallName(number));
  }
  return [...events.values(), breakpoints, syscalls, edits]
    .flatMap(({ ticks }) => ticks)
    .sort((a, b) => a.at - b.at);
}

/** Name of the marks that stand for stops at breakpoints and watchpoints. */
export const BREAKPOINT = 'breakpoint';
