// SPDX-License-Identifier: GPL-2.0-or-later
/** Remembers what the views ask at a stop, to ask it ahead of the next; see `protocol/ahead.ts`. */
import type { AheadAnswer, AheadMethod, AheadQuestion } from '../protocol/ahead.ts';
import type { MachineApi } from '../protocol/machine.ts';

/** More questions at one stop are not asked ahead: some view asks them one by one. */
const MOST = 24;

type Value<M extends AheadMethod> = Awaited<ReturnType<MachineApi[M]>>;

export class Ahead {
  /** What has been asked since the stop, by its text. */
  readonly #asked = new Map<string, AheadQuestion>();
  readonly #answers = new Map<string, AheadAnswer['value']>();

  /** The machine is about to run: nothing known holds. @returns the questions of this stop. */
  leave(): readonly AheadQuestion[] {
    const questions = [...this.#asked.values()].slice(0, MOST);
    this.#asked.clear();
    this.#answers.clear();
    return questions;
  }

  /** The machine has stopped, and answered. */
  arrive(answers: readonly AheadAnswer[]): void {
    this.#asked.clear();
    this.#answers.clear();
    for (const { method, args, value } of answers) this.#answers.set(keyOf(method, args), value);
  }

  /** The state was changed by hand: the answers are old, the questions stay. */
  forget(): void {
    this.#answers.clear();
  }

  /** The answer, when it came with the stop; the question is asked ahead of the next one. */
  find<M extends AheadMethod>(
    method: M,
    args: Parameters<MachineApi[M]>,
  ): { value: Value<M> } | null {
    const key = keyOf(method, args);
    this.#asked.set(key, { method, args } as unknown as AheadQuestion);
    return this.#answers.has(key) ? { value: this.#answers.get(key) as Value<M> } : null;
  }
}

function keyOf(method: AheadMethod, args: readonly unknown[]): string {
  return `${method} ${JSON.stringify(args)}`;
}
