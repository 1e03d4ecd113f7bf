// SPDX-License-Identifier: GPL-2.0-or-later
/** The watch list: expressions with their values at this stop and at those before. */
import type { MachineHandle } from '../client/machine-client.ts';
import type { Evaluation, WantedFormat } from '../protocol/breakpoints.ts';
import { emptyMap, withEntry, withoutKey } from './collections.ts';
import type { Store } from './store.ts';

/** A value as it was at a stop. */
export interface PastValue {
  /** Instruction count. */
  readonly at: number;
  readonly text: string;
  /** NaN for what is no number. */
  readonly number: number;
}

export interface Watch {
  readonly id: number;
  readonly text: string;
  readonly format: WantedFormat;
}

export interface WatchValue {
  /** Null before the machine has answered. */
  readonly now: Evaluation | null;
  /** At stops, oldest first; the last is this one. One for each instruction count. */
  readonly history: readonly PastValue[];
}

const KEY = 'watches';

/** Stops remembered of each expression. */
const MEMORY = 200;

const FORMATS: readonly WantedFormat[] = ['auto', 'decimal', 'hex', 'binary', 'char', 'float'];

interface Kept {
  readonly text: string;
  readonly format: WantedFormat;
}

function isKept(value: unknown): value is Kept[] {
  return (
    Array.isArray(value) &&
    value.every((each: unknown) => {
      if (typeof each !== 'object' || each === null) return false;
      if (!('text' in each) || !('format' in each)) return false;
      return typeof each.text === 'string' && FORMATS.some((format) => format === each.format);
    })
  );
}

const NOTHING: WatchValue = { now: null, history: [] };

export class Watches {
  readonly #client: Pick<MachineHandle, 'evaluate'>;
  readonly #store: Store;
  #list = $state.raw<readonly Watch[]>([]);
  #values = $state.raw<ReadonlyMap<number, WatchValue>>(emptyMap());
  #nextId = 1;
  #turn = 0;

  constructor(client: Pick<MachineHandle, 'evaluate'>, store: Store) {
    this.#client = client;
    this.#store = store;
    this.#list = store.get(KEY, [], isKept).map((kept) => ({ ...kept, id: this.#nextId++ }));
  }

  get list(): readonly Watch[] {
    return this.#list;
  }

  valueOf(id: number): WatchValue {
    return this.#values.get(id) ?? NOTHING;
  }

  /** The value at the stop before this one, if it was another; null otherwise. */
  previousOf(id: number): PastValue | null {
    const { history } = this.valueOf(id);
    const [before, now] = [history.at(-2), history.at(-1)];
    return before !== undefined && now !== undefined && before.text !== now.text ? before : null;
  }

  add(text: string, format: WantedFormat = 'auto'): void {
    if (text.trim() === '') return;
    this.#put([...this.#list, { id: this.#nextId++, text: text.trim(), format }]);
  }

  /** Another expression in its place; an empty one removes it. */
  change(id: number, text: string): void {
    if (text.trim() === '') this.remove(id);
    else {
      this.#values = withoutKey(this.#values, id);
      this.#replace(id, { text: text.trim() });
    }
  }

  setFormat(id: number, format: WantedFormat): void {
    this.#replace(id, { format });
  }

  remove(id: number): void {
    this.#values = withoutKey(this.#values, id);
    this.#put(this.#list.filter((watch) => watch.id !== id));
  }

  /** Forgets the values of earlier stops: another process is in the machine. */
  forget(): void {
    this.#values = emptyMap();
  }

  /** Asks for all values in the present state. @param at instruction count */
  async refresh(at: number): Promise<void> {
    const turn = ++this.#turn;
    const asked = this.#list;
    if (asked.length === 0) return;
    let answers: readonly Evaluation[];
    try {
      answers = await this.#client.evaluate(asked.map(({ text, format }) => ({ text, format })));
    } catch {
      return; // the worker is gone; the machine's state says so
    }
    if (turn !== this.#turn) return;
    let values = this.#values;
    asked.forEach((watch, i) => {
      const now = answers[i];
      if (now === undefined) return;
      const history = withValue(this.valueOf(watch.id).history, at, now);
      values = withEntry(values, watch.id, { now, history });
    });
    this.#values = values;
  }

  #replace(id: number, change: Partial<Watch>): void {
    this.#put(this.#list.map((watch) => (watch.id === id ? { ...watch, ...change } : watch)));
  }

  #put(list: readonly Watch[]): void {
    this.#list = list;
    this.#store.set(
      KEY,
      list.map(({ text, format }) => ({ text, format })),
    );
  }
}

/** The values of earlier moments, and this one; later ones are left when one has gone back. */
function withValue(
  history: readonly PastValue[],
  at: number,
  now: Evaluation,
): readonly PastValue[] {
  if (!now.ok) return history;
  const others = history.filter((value) => value.at < at);
  return [...others, { at, text: now.text, number: now.number }].slice(-MEMORY);
}
