// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The course of a training: loss and accuracy over the samples seen. However long the training,
 * the curve has at most `LIMIT` points: when it is full, neighbours are merged two by two.
 */

/** The program's own counters since the start of the epoch. */
export interface Counters {
  readonly lossSum: number;
  readonly correct: number;
  readonly samples: number;
  /** 1-based; 0 before the first. */
  readonly epoch: number;
}

/** Columns for a chart. A gap between epochs is no gap here: x counts on. */
export interface Curve {
  /** Samples seen since the start of the training. */
  readonly x: readonly number[];
  /** Mean loss and accuracy (0 … 1) over the samples of each point. */
  readonly loss: readonly number[];
  readonly accuracy: readonly number[];
  /** Where each epoch after the first begins, in samples; of very many, the first ones. */
  readonly epochs: readonly number[];
}

interface Point {
  x: number;
  lossSum: number;
  correct: number;
  samples: number;
}

const LIMIT = 2000;

export const EMPTY_CURVE: Curve = { x: [], loss: [], accuracy: [], epochs: [] };

export class CurveBuilder {
  #points: Point[] = [];
  #epochs: number[] = [];
  #last: Counters | null = null;
  /** Samples of the epochs before this one. */
  #before = 0;
  /** Readings merged into one point. */
  #merge = 1;
  #inLast = 0;

  /** Adds a reading of the counters; one that tells nothing new changes nothing. */
  add(now: Counters): void {
    const last = this.#last;
    const newEpoch = last !== null && now.epoch !== last.epoch;
    if (newEpoch) {
      this.#before += last.samples;
      if (this.#epochs.length < LIMIT) this.#epochs.push(this.#before);
    }
    const from = last === null || newEpoch ? { lossSum: 0, correct: 0, samples: 0 } : last;
    this.#last = now;
    const samples = now.samples - from.samples;
    if (samples <= 0) return;
    const part = {
      x: this.#before + now.samples,
      lossSum: now.lossSum - from.lossSum,
      correct: now.correct - from.correct,
      samples,
    };
    const open = this.#points.at(-1);
    if (open !== undefined && this.#inLast < this.#merge) {
      Object.assign(open, sum(open, part));
      this.#inLast++;
    } else {
      this.#points.push(part);
      this.#inLast = 1;
      if (this.#points.length > LIMIT) this.#halve();
    }
  }

  get curve(): Curve {
    return {
      x: this.#points.map((p) => p.x),
      loss: this.#points.map((p) => p.lossSum / p.samples),
      accuracy: this.#points.map((p) => p.correct / p.samples),
      epochs: [...this.#epochs],
    };
  }

  /** Samples seen in all. */
  get seen(): number {
    return this.#before + (this.#last?.samples ?? 0);
  }

  #halve(): void {
    const merged: Point[] = [];
    for (let i = 0; i < this.#points.length; i += 2) {
      const [a, b] = [this.#points[i], this.#points[i + 1]];
      if (a) merged.push(b ? sum(a, b) : a);
    }
    this.#points = merged;
    this.#merge *= 2;
    this.#inLast = this.#merge;
  }
}

function sum(a: Point, b: Point): Point {
  return {
    x: b.x,
    lossSum: a.lossSum + b.lossSum,
    correct: a.correct + b.correct,
    samples: a.samples + b.samples,
  };
}
