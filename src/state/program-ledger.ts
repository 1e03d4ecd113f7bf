// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Which program the machine holds at each moment of its recording: where the code was changed in
 * the middle of a run, the old one before and on the old branch, the new one behind.
 */
import type { Timeline } from '../protocol/time.ts';

interface Change<P> {
  readonly branch: number;
  /** Instructions executed before it. */
  readonly at: number;
  program: P;
}

type Moment = Pick<Timeline, 'branch' | 'position' | 'branches'>;

export class ProgramLedger<P> {
  #first: P | null = null;
  #changes: Change<P>[] = [];
  /** Branches of which one has been, also those that were discarded since: others left them. */
  #branches = new Map<number, { readonly parent: number | null; readonly forkedAt: number }>();

  /** Another process begins. */
  restart(program: P): void {
    this.#first = program;
    this.#changes = [];
    this.#branches.clear();
  }

  /** The program has become another one at this moment. */
  change(moment: Moment, program: P): void {
    this.#learn(moment);
    const { branch, position: at } = moment;
    this.#changes = this.#changes.filter((c) => c.branch !== branch || c.at < at);
    this.#changes.push({ branch, at, program });
  }

  /** A program is now known as another, of the same bytes. */
  rename(from: P, to: P): void {
    if (this.#first === from) this.#first = to;
    for (const change of this.#changes) if (change.program === from) change.program = to;
  }

  /** The program at a moment; null when there is none. */
  at(moment: Moment): P | null {
    this.#learn(moment);
    let { position } = moment;
    for (let id: number | null = moment.branch; id !== null;) {
      const branch = id;
      const last = this.#changes.findLast((c) => c.branch === branch && c.at <= position);
      if (last !== undefined) return last.program;
      const left = this.#branches.get(branch);
      position = Math.min(position, left?.forkedAt ?? position);
      id = left?.parent ?? null;
    }
    return this.#first;
  }

  #learn({ branches }: Moment): void {
    for (const { id, parent, forkedAt } of branches) this.#branches.set(id, { parent, forkedAt });
  }
}
