// SPDX-License-Identifier: GPL-2.0-or-later
/** Changed code in the middle of a run: whether what was assembled fits, and putting it there. */
import type { MachineHandle } from '../client/machine-client.ts';
import type { Timeline } from '../protocol/time.ts';
import { codePatch, meaningOf } from '../shared/code-patch.ts';
import type { Result } from '../shared/result.ts';
import type { CodePatch } from '../protocol/code-patch.ts';
import { ProgramLedger } from './program-ledger.ts';
import type { Program } from './program.ts';
import type { MachineStatus } from './settled-status.svelte.ts';

/** What of the machine is used. */
export interface PatchedMachine {
  readonly program: Program | null;
  readonly booted: Program | null;
  readonly status: MachineStatus;
}

export class MachinePatch {
  readonly #client: Pick<MachineHandle, 'patchCode' | 'timeline'>;
  readonly #machine: PatchedMachine;
  readonly #hold: (program: Program) => void;
  readonly #ledger = new ProgramLedger<Program>();
  #refused = $state.raw<{ readonly program: Program; readonly reason: string } | null>(null);

  readonly #patch = $derived.by((): Result<CodePatch, string> | null => {
    const { program, booted } = this.#machine;
    if (program === null || booted === null || program === booted) return null;
    return program.name === booted.name ? codePatch(booted, program) : null;
  });

  /** @param hold is told which program is in the machine from now on. */
  constructor(
    client: Pick<MachineHandle, 'patchCode' | 'timeline'>,
    machine: PatchedMachine,
    hold: (program: Program) => void,
  ) {
    this.#client = client;
    this.#machine = machine;
    this.#hold = hold;
  }

  /** Whether there is changed code that can be put into the program as it stands now. */
  get possible(): boolean {
    const { status } = this.#machine;
    return this.#patch?.ok === true && (status === 'paused' || status === 'faulted');
  }

  /** Why changed code does not fit into the program that has begun; null: it does, or there is none. */
  get refusal(): string | null {
    return this.#patch?.ok === false && this.#machine.status !== 'ready' ? this.#patch.error : null;
  }

  /** Why it could not be put there when it was tried, as a sentence; or null. */
  get problem(): string | null {
    const refused = this.#refused;
    return refused !== null && refused.program === this.#machine.program ? refused.reason : null;
  }

  /** Puts the changed code where the machine stands. In the past this begins a branch. */
  async apply(): Promise<void> {
    const { program } = this.#machine;
    const patch = this.#patch;
    if (!this.possible || program === null || patch?.ok !== true) return;
    try {
      const reason = await this.#client.patchCode(patch.value);
      this.#refused = reason === null ? null : { program, reason };
      if (reason !== null) return;
      this.#ledger.change(await this.#client.timeline(), program);
      this.#hold(program);
    } catch {
      // The worker is gone; the machine's own message says so.
    }
  }

  /** Another process begins, of this program. */
  restart(program: Program): void {
    this.#ledger.restart(program);
    this.#refused = null;
  }

  /** The program in the machine is known as another from now on, of the same bytes. */
  rename(from: Program, to: Program): void {
    this.#ledger.rename(from, to);
  }

  /** The machine is at another moment: perhaps another program is in it. */
  arrive(timeline: Timeline): void {
    const { booted, program: newest } = this.#machine;
    if (booted === null || !timeline.recording) return;
    const program = this.#ledger.at(timeline);
    if (program === null || program === booted) return;
    const known = newest !== null && runAlike(newest, program) ? newest : program;
    this.#ledger.rename(program, known);
    this.#hold(known);
  }
}

/** Whether two programs differ in lines and comments at most: bytes, tensors, events are the same. */
export function runAlike(a: Program, b: Program): boolean {
  if (a.name !== b.name || a.debug === null || b.debug === null) return false;
  return a.debug.sha256 === b.debug.sha256 && meaningOf(a.debug) === meaningOf(b.debug);
}
