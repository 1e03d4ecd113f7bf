// SPDX-License-Identifier: GPL-2.0-or-later
/** One watchpoint: which uses of its memory stop. */
import type { Watch, WatchHit } from '../../cpu/cpu.ts';
import type { StopProblem, WatchpointSpec } from '../../protocol/breakpoints.ts';
import { addr, isAddr } from '../../shared/brand.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import { typeNamed, type ScalarType } from '../../shared/expression/code.ts';
import { compileCondition, type Condition } from '../../shared/expression/expression.ts';
import { Scope } from '../../shared/expression/scope.ts';
import { elementSize } from '../../shared/lens.ts';
import { crosses, elementNumber, sameBytes, watchedText } from './element.ts';
import type { GuestEnv } from './guest-env.ts';
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
  readonly #condition: Condition | null;

  private constructor(spec: WatchpointSpec, journal: HitJournal, condition: Condition | null) {
    this.spec = spec;
    this.#condition = condition;
    // What is not written does not change.
    const access = spec.when.kind === 'any' ? spec.access : 'write';
    this.watch = { start: addr(spec.address), length: spec.length, access };
    this.journal = journal;
  }

  /** @param before the rule of the same id so far; its hits are kept if they are hits of this. */
  static make(
    spec: WatchpointSpec,
    before: WatchRule | null,
    index: DebugIndex | null,
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
    if (spec.type !== null && length < elementSize(spec.type)) {
      return { ...problem, message: `A ${spec.type} has more bytes than are watched.` };
    }
    let condition: Condition | null = null;
    if (spec.when.kind === 'holds') {
      const compiled = compileCondition(spec.when.expression, new Scope(index), {
        watched: elementType(spec),
      });
      if (!compiled.ok) return { id, field: 'when', ...compiled.error };
      condition = compiled.value;
    }
    const same = before !== null && isSame(before.spec, spec);
    return new WatchRule(spec, same ? before.journal : new HitJournal(), condition);
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
  meant({ before, after }: Use, env: GuestEnv): boolean {
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
      case 'holds':
        return this.#holds(before, after, env);
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

  /** What cannot be evaluated is worth a stop: silence would hide it. */
  #holds(before: Uint8Array, after: Uint8Array, env: GuestEnv): boolean {
    env.hits = this.journal.upTo(env.cpu.instructions) + 1;
    env.old = new DataView(before.buffer, before.byteOffset, before.byteLength);
    env.now = new DataView(after.buffer, after.byteOffset, after.byteLength);
    const holds = this.#condition?.holds(env) ?? true;
    env.old = undefined;
    env.now = undefined;
    return holds !== false;
  }

  /** Looks at element after element of a range. */
  #some(before: Uint8Array, after: Uint8Array, is: (old: number, now: number) => boolean): boolean {
    const { spec } = this;
    const size = spec.type === null ? 1 : elementSize(spec.type);
    for (let at = 0; at + size <= after.length; at += size) {
      const old = elementNumber(before.subarray(at, at + size), spec);
      if (is(old, elementNumber(after.subarray(at, at + size), spec))) return true;
    }
    return false;
  }
}

/** How `old` and `new` are read: as the element, or as an integer of the length. */
function elementType({ type, length }: WatchpointSpec): ScalarType | null {
  return typeNamed(type ?? `u${length * 8}`);
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
