// SPDX-License-Identifier: GPL-2.0-or-later
/** Commands on their way to the machine: one at a time, and steps in a queue. */
import type { MachineHandle } from '../client/machine-client.ts';
import type { RunCommand, StopReason } from '../protocol/machine.ts';
import type { TimeCommand } from '../protocol/time.ts';
import type { MachineProcess } from './machine-process.svelte.ts';
import { isBusy, isOver, type SettledStatus } from './settled-status.svelte.ts';
import { StepQueue, type StepKind } from './step-queue.ts';
import { StopWaiters } from './stop-waiters.ts';

/**
 * Milliseconds that steps run before they show as running: most of them end at once, also where the
 * page is slow, and what is shown as running takes no further steps.
 */
const STEP_PATIENCE = 500;

/** Milliseconds that anything else runs before it shows as running. */
const PATIENCE = 120;

const COUNTED: ReadonlySet<string> = new Set(['step-in', 'step-back']);
const BACK: ReadonlySet<string> = new Set<StepKind>([
  'step-back',
  'step-back-over',
  'step-back-out',
]);

function isStepBack(command: TimeCommand): command is Extract<TimeCommand, { kind: StepKind }> {
  return BACK.has(command.kind);
}

export class MachineRunner {
  readonly #client: Pick<MachineHandle, 'run' | 'pause'>;
  readonly #process: MachineProcess;
  readonly #status: SettledStatus;
  readonly #waiters = new StopWaiters();
  #steps = this.#queue();
  #journey = false;

  constructor(
    client: Pick<MachineHandle, 'run' | 'pause'>,
    process: MachineProcess,
    status: SettledStatus,
  ) {
    this.#client = client;
    this.#process = process;
    this.#status = status;
  }

  /** Whether the command under way, or the last, goes to a moment that has been. */
  get journey(): boolean {
    return this.#journey;
  }

  /** Whether steps are under way: another comes after them. */
  get stepping(): boolean {
    return this.#steps.serving;
  }

  /** Whether the steps under way are single instructions: they end soon, or wait for input. */
  get single(): boolean {
    return this.#steps.single;
  }

  /** Whether steps wait for others: a key held down need not ask for more. */
  get behind(): boolean {
    return this.#steps.behind;
  }

  /** Steps, after those that are under way; after an end, back to the entry. */
  step(kind: StepKind, count = 1): Promise<StopReason | null> {
    return this.#steps.add(kind, count);
  }

  /** Goes to a moment of the recording; the end of the process is one like any other. */
  travel(command: TimeCommand): Promise<StopReason | null> {
    if (this.#status.now === 'empty') return Promise.resolve(null);
    if (!isStepBack(command)) return this.#begin(command, true);
    return this.step(command.kind, command.kind === 'step-back' ? command.count : 1);
  }

  /** Any command from where the machine stands. @returns null when it was not run. */
  async go(command: RunCommand): Promise<StopReason | null> {
    return isOver(this.#status.now) ? null : this.#begin(command);
  }

  /** Stops what runs; steps that wait are not wanted any more. */
  async pause(): Promise<void> {
    this.#steps.drop();
    if (isBusy(this.#status.now)) await this.attempt(() => this.#client.pause());
  }

  /** It stands, as far as the runner is concerned: whoever waits for that hears why. */
  arrive(reason: StopReason): void {
    this.#waiters.release(reason);
  }

  /** It waits for input: steps that wait would go on blindly behind it. */
  wait(): void {
    this.#steps.drop();
  }

  /** Another process is asked for: steps from now on are its own. */
  forget(): void {
    this.#steps.drop();
    this.#steps = this.#queue();
  }

  /** The process ends, or is gone: whoever waits for it to stop waits in vain. */
  leave(): void {
    this.#waiters.release(null);
  }

  /** A call whose only possible failure, a worker that is gone, is reported by its crash. */
  async attempt(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch {
      this.#waiters.release(null);
    }
  }

  #queue(): StepQueue {
    return new StepQueue((kind, count) => this.#step(kind, count));
  }

  async #step(kind: StepKind, count: number): Promise<StopReason | null> {
    const back = BACK.has(kind);
    if (!back && isOver(this.#status.now)) {
      return (await this.#process.boot(this.#process.args)) ? { kind: 'entry' } : null;
    }
    return this.#begin(COUNTED.has(kind) && count > 1 ? { kind, count } : { kind }, back);
  }

  /** @returns why it stopped; null when it was not run, or another boot came in between. */
  async #begin(command: RunCommand, journey = false): Promise<StopReason | null> {
    while (this.#process.booting !== null) await this.#process.booting;
    if (isBusy(this.#status.now)) return null;
    this.#journey = journey;
    const stop = this.#waiters.wait();
    this.#status.run(command.kind.startsWith('step-') ? STEP_PATIENCE : PATIENCE);
    await this.attempt(() => this.#client.run(command));
    return stop;
  }
}
