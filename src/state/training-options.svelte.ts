// SPDX-License-Identifier: GPL-2.0-or-later
/** What to train on, how long and how fast: kept for each program, since each learns in its way. */
import { isNumber, oneOf, type Store } from './store.ts';
import { weightsPath } from './weights.ts';

export type TrainingSet = 'digits' | 'mnist';

export interface TrainingOptions {
  readonly set: TrainingSet;
  readonly epochs: number;
  readonly batch: number;
  readonly rate: number;
  /** Samples of the set to use; 0: all. */
  readonly limit: number;
  readonly seed: number;
}

/** Of `sigmoid`; other programs differ where `OWN_DEFAULTS` says. */
const DEFAULTS: TrainingOptions = {
  set: 'digits',
  epochs: 3,
  batch: 32,
  rate: 0.1,
  limit: 0,
  seed: 1,
};

/** As in the programs themselves. */
const OWN_DEFAULTS: Readonly<Record<string, Partial<TrainingOptions>>> = {
  relu: { batch: 64, rate: 0.01 },
};

/** Samples in the training set of each. */
export const SET_SIZES: Readonly<Record<TrainingSet, number>> = { digits: 6000, mnist: 60_000 };

/** What each number may be: as the program itself demands. */
export const RANGES = {
  epochs: { min: 1, max: 1_000_000, step: 1 },
  batch: { min: 1, max: 1024, step: 1 },
  rate: { min: 0.001, max: 10, step: 0.001 },
  limit: { min: 0, max: 60_000, step: 1 },
  seed: { min: 1, max: 2_000_000_000, step: 1 },
} as const;

export type NumberOption = keyof typeof RANGES;

export class TrainingChoices {
  readonly #store: Store;
  /** What has been chosen since the page was opened, by program. */
  #chosen = $state.raw<Readonly<Record<string, TrainingOptions>>>({});

  constructor(store: Store) {
    this.#store = store;
  }

  of(program: string): TrainingOptions {
    return this.#chosen[program] ?? this.#kept(program);
  }

  choose(program: string, set: TrainingSet): void {
    this.#change(program, { set });
    this.#store.set(key(program, 'set'), set);
  }

  /** Sets a number; one that the program would refuse is brought into its range. */
  setNumber(program: string, option: NumberOption, value: number): void {
    const { min, max, step } = RANGES[option];
    if (!Number.isFinite(value)) return;
    const whole = step === 1 ? Math.round(value) : value;
    const clean = Math.min(max, Math.max(min, whole));
    this.#change(program, { [option]: clean });
    this.#store.set(key(program, option), clean);
  }

  #change(program: string, change: Partial<TrainingOptions>): void {
    this.#chosen = { ...this.#chosen, [program]: { ...this.of(program), ...change } };
  }

  #kept(program: string): TrainingOptions {
    const defaults = { ...DEFAULTS, ...OWN_DEFAULTS[program] };
    const number = (option: NumberOption) =>
      this.#store.get(key(program, option), defaults[option], isNumber);
    const sets = oneOf<TrainingSet>('digits', 'mnist');
    return {
      set: this.#store.get(key(program, 'set'), defaults.set, sets),
      epochs: number('epochs'),
      batch: number('batch'),
      rate: number('rate'),
      limit: number('limit'),
      seed: number('seed'),
    };
  }
}

/** The argument line of a training; its weights go beside the page's own, not over them. */
export function trainingArguments(options: TrainingOptions, program = 'sigmoid'): string {
  const { set, epochs, batch, rate, limit, seed } = options;
  return [
    `train --data data/${set} --weights ${weightsPath(program, 'trained')}`,
    `--epochs ${epochs} --batch ${batch} --lr ${rate} --seed ${seed}`,
    ...(limit > 0 ? [`--limit ${limit}`] : []),
  ].join(' ');
}

/** Samples of the whole training. */
export function trainingTotal({ set, epochs, limit }: TrainingOptions): number {
  const size = limit === 0 ? SET_SIZES[set] : Math.min(limit, SET_SIZES[set]);
  return size * epochs;
}

function key(program: string, option: keyof TrainingOptions): string {
  return program === 'sigmoid' ? `train.${option}` : `train.${program}.${option}`;
}
