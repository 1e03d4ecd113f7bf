// SPDX-License-Identifier: GPL-2.0-or-later
/** One watchpoint: which uses of its memory stop. */
import type { Watch, WatchHit } from '../../cpu/cpu.ts';
import type { StopProblem, WatchpointSpec } from '../../protocol/breakpoints.ts';
import { addr, isAddr } from '../../shared/brand.ts';
import { crosses, elementNumber, sameBytes, watchedText } from './element.ts';
import { HitJournal } from './hit-journal.ts';

/** What has happened to the watched bytes. */
export interface Use {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly access: 'read' | 'write';
}

export class WatchRule {
  readonly spec: WatchpointSpec;
  readonly watch: Watch;
  readonly journal: HitJournal;

  private constructor(spec: WatchpointSpec, journal: HitJournal) {
    this.spec = spec;
    // What is not written does not change.
    const access = spec.when.kind === 'any' ? spec.access : 'write';
    this.watch = { start: addr(spec.address), length: spec.length, access };
    this.journal = journal;
  }

  /** @param before the rule of the same id so far; its hits are kept if they are hits of this. */
  static make(
    spec: WatchpointSpec,
    before: WatchRule | null,
    size: number,
  ): WatchRule | StopProblem {
    const { id, address, length } = spec;
    const problem = { id, field: 'range', column: 1 } as const;
    if (!Number.isInteger(length) || length < 1) {
      return { ...problem, message: 'A watchpoint needs at least one byte to watch.' };
    }
    if (!isAddr(address) || address + length > size) {
      return { ...problem, message: 'This lies outside of the memory of the machine.' };
    }
    return new WatchRule(
      spec,
      before !== null && isSame(before.spec, spec) ? before.journal : new HitJournal(),
    );
  }

  /** What an access has done to the watched bytes; null when it is none of this rule's business. */
  useOf(hit: WatchHit, ram: Uint8Array): Use | null {
    const { start, length, access } = this.watch;
    const end = start + length;
    if (hit.address >= end || hit.address + hit.length <= start) return null;
    if (access !== 'access' && access !== hit.access) return null;
    const after = ram.slice(start, end);
    const before = after.slice();
    const from = Math.max(start, hit.address);
    const to = Math.min(end, hit.address + hit.length);
    before.set(hit.before.subarray(from - hit.address, to - hit.address), from - start);
    return { before, after, access: hit.access };
  }

  /** Whether the use is one to stop at. */
  meant({ before, after }: Use): boolean {
    const { when } = this.spec;
    switch (when.kind) {
      case 'any':
        return true;
      case 'changes':
        return !sameBytes(before, after);
      case 'nan':
        return this.#some(before, after, (old, now) => !Number.isNaN(old) && Number.isNaN(now));
      case 'crosses':
        return this.#some(before, after, (old, now) => crosses(old, now, when.value));
    }
  }

  /** What happened, for people. @param where the instruction: `movsd [rdi], xmm0` at name+0x10. */
  tell({ before, after, access }: Use, where: string): string {
    const { spec } = this;
    const now = watchedText(after, spec);
    if (access === 'read') return `${spec.label} = ${now} was read by ${where}`;
    if (sameBytes(before, after)) return `${spec.label} = ${now} was written again by ${where}`;
    return `${spec.label} went from ${watchedText(before, spec)} to ${now} by ${where}`;
  }

  /** Looks at element after element of a range. */
  #some(before: Uint8Array, after: Uint8Array, is: (old: number, now: number) => boolean): boolean {
    const { spec } = this;
    const size = spec.type === null ? 1 : Number(spec.type.slice(1)) / 8;
    for (let at = 0; at + size <= after.length; at += size) {
      const old = elementNumber(before.subarray(at, at + size), spec);
      if (is(old, elementNumber(after.subarray(at, at + size), spec))) return true;
    }
    return false;
  }
}

function isSame(a: WatchpointSpec, b: WatchpointSpec): boolean {
  return (
    a.address === b.address &&
    a.length === b.length &&
    a.access === b.access &&
    a.type === b.type &&
    JSON.stringify(a.when) === JSON.stringify(b.when)
  );
}
