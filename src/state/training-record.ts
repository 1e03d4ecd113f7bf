// SPDX-License-Identifier: GPL-2.0-or-later
/** When in the run each reading of a training was taken, to find moments again. */
import type { Sample } from '../protocol/machine.ts';

interface Reading {
  /** Instructions executed. */
  readonly at: number;
  /** Samples seen since the start of the training. */
  readonly seen: number;
  readonly values: readonly number[];
}

/** Readings kept; of more, every second one goes. */
const MOST = 100_000;

export class TrainingRecord {
  #readings: Reading[] = [];

  clear(): void {
    this.#readings = [];
  }

  add({ instructions, values }: Sample, seen: number): void {
    this.#readings.push({ at: instructions, seen, values });
    if (this.#readings.length > MOST) this.#readings = this.#readings.filter((_, i) => i % 2 === 1);
  }

  /**
   * Drops the readings that a new one at `at` contradicts: those at or behind it, if any is behind.
   * @returns the values of those that are left, or null when none was dropped
   */
  backTo(at: number): (readonly number[])[] | null {
    const last = this.#readings.at(-1);
    if (last === undefined || last.at <= at) return null;
    this.#readings = this.#readings.filter((reading) => reading.at < at);
    return this.#readings.map(({ values }) => values);
  }

  /** Samples seen at a moment, between two readings in proportion; null without any. */
  seenAt(at: number): number | null {
    const index = this.#readings.findIndex((reading) => reading.at >= at);
    if (index < 0) return this.#readings.at(-1)?.seen ?? null;
    const behind = this.#readings[index];
    const before = this.#readings[index - 1];
    if (behind === undefined) return null;
    if (before === undefined) return at < behind.at ? 0 : behind.seen;
    const share = (at - before.at) / (behind.at - before.at);
    return before.seen + share * (behind.seen - before.seen);
  }
}
