// SPDX-License-Identifier: GPL-2.0-or-later
/** One course of events: its tape, its checkpoints, and where it ends so far. */
import { addr } from '../../shared/brand.ts';
import type { KernelState } from '../../machine/process.ts';
import type { DebugInfo } from '../../shared/debug-info.ts';
import type { StopReason } from '../../protocol/machine.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { FileLog } from './file-log.ts';
import { Marks } from './marks.ts';
import type { Effect, Tape } from './tape.ts';

/** What is known of the program from a moment on: the user may put another assembly in its place. */
export interface ProgramFrom {
  /** The tape's entry of that edit, and its moment; -1: as the recording began. */
  readonly entry: number;
  readonly at: number;
  readonly debug: DebugInfo;
}

export class Branch {
  readonly id: number;
  /** The branch it left; null for the first. */
  readonly parent: number | null;
  /** Where it left it; for the first branch, where the recording begins. */
  readonly forkedAt: number;
  readonly tape: Tape;
  readonly checkpoints: Checkpoints;
  readonly marks: Marks;
  readonly files: FileLog;
  /** The programs that have been in the machine, the latest last; none without debug info. */
  readonly programs: ProgramFrom[];
  /** The kernel's side before the first entry that the tape still has. */
  base: KernelState;
  /** Instructions executed at its end, as far as it has been run. */
  end: number;
  /** How the process ended there; null while it lives. */
  ended: StopReason | null = null;
  /** At its end stands a system call that has not been served. */
  unserved = false;

  constructor(
    from: Pick<
      Branch,
      'id' | 'parent' | 'forkedAt' | 'tape' | 'checkpoints' | 'files' | 'base' | 'end'
    >,
    marks = new Marks(),
    programs: readonly ProgramFrom[] = [],
  ) {
    this.id = from.id;
    this.parent = from.parent;
    this.forkedAt = from.forkedAt;
    this.tape = from.tape;
    this.checkpoints = from.checkpoints;
    this.files = from.files;
    this.base = from.base;
    this.end = from.end;
    this.marks = marks;
    this.programs = [...programs];
  }

  /** Where the recording begins. */
  get first(): number {
    return this.checkpoints.first?.at ?? 0;
  }

  /** Memory in use, without the pages. */
  get bytes(): number {
    return this.tape.bytes + this.checkpoints.bytes + this.marks.bytes + this.files.bytes;
  }

  /** A new branch that leaves this one at `at`, after the tape's entries before `entries`. */
  fork(id: number, at: number, entries: number): Branch {
    return new Branch(
      {
        id,
        parent: this.id,
        forkedAt: at,
        tape: this.tape.fork(entries),
        checkpoints: this.checkpoints.fork(at),
        files: this.files.fork(at),
        base: this.base,
        end: at,
      },
      this.marks.fork(at),
      this.programs.filter(({ entry }) => entry < entries),
    );
  }

  /** The program after the tape's entries before `entries`; null without debug info. */
  programAt(entries: number): ProgramFrom | null {
    return this.programs.findLast(({ entry }) => entry < entries) ?? null;
  }

  /** The kernel's side after the tape's entries before `entries`, but for the address space. */
  kernelAt(entries: number): KernelState {
    const slots = new Map(this.base.slots.map(({ fd, description }) => [fd, description]));
    let { stdin, space } = this.base;
    for (let i = this.tape.first; i < entries; i++) {
      const effect = this.tape.effect(i);
      if (effect === null) continue;
      applySlot(slots, effect);
      stdin = effect.stdin ?? stdin;
      space = effect.space ?? space;
    }
    const ascending = [...slots].sort(([a], [b]) => a - b);
    return {
      slots: ascending.map(([fd, description]) => ({ fd, description })),
      space,
      stdin,
    };
  }

  /** Lets the oldest part go, up to the second checkpoint. @returns false when there is none. */
  dropFirst(): boolean {
    const next = this.checkpoints.dropFirst();
    if (next === undefined) return false;
    this.base = this.kernelAt(next.entries);
    this.tape.forget(next.entries);
    this.marks.forget(next.at);
    return true;
  }

  /** The latest entry before `entries` that wrote to any of these bytes; null when none did. */
  lastWriteTo(start: number, length: number, entries: number): number | null {
    return this.tape.lastWith(entries, ({ ops }) =>
      ops.some((op) => {
        const size = op.kind === 'write' ? op.bytes.length : op.kind === 'unmap' ? op.length : 0;
        return op.start < start + length && addr(start) < op.start + size;
      }),
    );
  }
}

function applySlot(
  slots: Map<number, KernelState['slots'][number]['description']>,
  effect: Effect,
) {
  const { slot } = effect;
  if (slot === null) return;
  if (slot.description === null) slots.delete(slot.fd);
  else slots.set(slot.fd, { ...slot.description, position: slot.position });
}
