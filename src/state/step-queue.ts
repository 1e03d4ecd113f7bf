// SPDX-License-Identifier: GPL-2.0-or-later
/** Steps asked for faster than they are served: none is lost, and none piles up. */
import type { StopReason } from '../protocol/machine.ts';

/** The commands of the keys that are pressed again and again. */
export type StepKind =
  'step-in' | 'step-over' | 'step-out' | 'step-back' | 'step-back-over' | 'step-back-out';

/** Steps of one instruction: as many as wait are one command. */
const COUNTED: ReadonlySet<StepKind> = new Set<StepKind>(['step-in', 'step-back']);

/** Ends of a step that are no surprise; behind any other whoever waits would go on blindly. */
const EXPECTED: ReadonlySet<StopReason['kind']> = new Set<StopReason['kind']>([
  'step',
  'entry',
  'time',
]);

interface Batch {
  readonly kind: StepKind;
  count: number;
  readonly done: Promise<StopReason | null>;
  readonly settle: (reason: StopReason | null) => void;
}

/**
 * A step asked for while another is under way waits for it. Steps of the same kind that wait
 * together are served together: a page that is behind catches up with one command.
 */
export class StepQueue {
  readonly #serve: (kind: StepKind, count: number) => Promise<StopReason | null>;
  #waiting: Batch[] = [];
  #serving: StepKind | null = null;

  /** @param serve makes `count` steps; @returns why they ended, null when they were not begun. */
  constructor(serve: (kind: StepKind, count: number) => Promise<StopReason | null>) {
    this.#serve = serve;
  }

  /** Whether a step is under way. */
  get serving(): boolean {
    return this.#serving !== null;
  }

  /** Whether what is under way are single instructions: they end soon, or wait for input. */
  get single(): boolean {
    return this.#serving !== null && COUNTED.has(this.#serving);
  }

  /** Whether some wait for it. */
  get behind(): boolean {
    return this.#waiting.length > 0;
  }

  /** @returns why the steps ended; null when they were not begun, or dropped. */
  add(kind: StepKind, count = 1): Promise<StopReason | null> {
    const last = this.#waiting.at(-1);
    if (last?.kind === kind && COUNTED.has(kind)) {
      last.count += count;
      return last.done;
    }
    const batch = makeBatch(kind, count);
    this.#waiting.push(batch);
    if (this.#serving === null) void this.#serveAll();
    return batch.done;
  }

  /** Those that wait are not wanted any more. */
  drop(): void {
    const dropped = this.#waiting;
    this.#waiting = [];
    for (const { settle } of dropped) settle(null);
  }

  async #serveAll(): Promise<void> {
    for (let batch = this.#waiting.shift(); batch; batch = this.#waiting.shift()) {
      this.#serving = batch.kind;
      const reason = await this.#serve(batch.kind, batch.count);
      if (reason === null || !EXPECTED.has(reason.kind)) this.drop();
      batch.settle(reason);
    }
    this.#serving = null;
  }
}

function makeBatch(kind: StepKind, count: number): Batch {
  let settle: Batch['settle'] = () => undefined;
  const done = new Promise<StopReason | null>((resolve) => (settle = resolve));
  return { kind, count, done, settle };
}
