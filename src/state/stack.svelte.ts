// SPDX-License-Identifier: GPL-2.0-or-later
/** The stack as the page sees it: frames and slots while they are shown, warnings always. */
import type { AbiWarning, StackReport } from '../protocol/inspect.ts';
import type { InspectHandle } from './machine.svelte.ts';

/** Slots of 8 bytes fetched at first, and more each time they are asked for. */
export const SLOTS = 128;

const NOTHING: StackReport = { frames: [], slots: [], warnings: [], complete: true };

export class StackState {
  readonly #machine: { readonly inspect: Pick<InspectHandle, 'callStack' | 'abiWarnings'> };
  #report = $state.raw<StackReport>(NOTHING);
  #breaches = $state.raw<readonly AbiWarning[]>([]);
  #slots = $state(SLOTS);
  /** How many views show it; not shown itself: an effect that adds to it must not depend on it. */
  #shown = 0;
  #turn = 0;

  constructor(machine: { readonly inspect: Pick<InspectHandle, 'callStack' | 'abiWarnings'> }) {
    this.#machine = machine;
  }

  /** As of the last refresh; empty while nobody shows it. */
  get report(): StackReport {
    return this.#report;
  }

  /** What the stops have shown of broken conventions, and what the code of active functions shows. */
  get warnings(): readonly AbiWarning[] {
    const known = (text: string): boolean => this.#breaches.some((breach) => breach.text === text);
    return [...this.#breaches, ...this.#report.warnings.filter((warning) => !known(warning.text))];
  }

  /** How many slots are fetched. */
  get slots(): number {
    return this.#slots;
  }

  /** Shows more slots. */
  more(): void {
    this.#slots += SLOTS;
    void this.refresh();
  }

  /** A view of the stack is there from now on. @returns its end. */
  show(): () => void {
    this.#shown++;
    void this.refresh();
    return () => this.#shown--;
  }

  /** Fetches what is shown. A machine that is gone has no stack. */
  async refresh(): Promise<void> {
    const turn = ++this.#turn;
    try {
      const [report, breaches] = await Promise.all([
        this.#shown > 0 ? this.#machine.inspect.callStack(this.#slots) : NOTHING,
        this.#machine.inspect.abiWarnings(),
      ]);
      if (turn !== this.#turn) return;
      this.#report = report;
      this.#breaches = breaches;
    } catch {
      if (turn !== this.#turn) return;
      this.#report = NOTHING;
      this.#breaches = [];
    }
  }
}
