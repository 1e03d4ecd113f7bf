// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Has an engine get ready for the program while the worker has nothing else to do, so that the first
 * run finds its code translated. In small pieces with rests between them, in which messages come
 * through; and not while a program runs or is being stepped through.
 */
import type { Engine } from '../cpu/cpu.ts';

/** Milliseconds between two pieces. */
const REST = 4;

/** Milliseconds for which nothing may have been asked for: the page is not to wait for it. */
const QUIET = 600;

/** Milliseconds of work for one program at most: where the pieces take long, others need the machine. */
const MOST = 500;

export class Preparing {
  readonly #busy: () => boolean;
  readonly #now: () => number;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #engine: Pick<Engine, 'prepare'> | null = null;
  #pieces: Iterator<undefined, void> | null = null;
  #left = 0;

  /**
   * @param busy whether the engine is needed, or may be in a moment.
   * @param now milliseconds, monotonic.
   */
  constructor(busy: () => boolean, now: () => number = () => performance.now()) {
    this.#busy = busy;
    this.#now = now;
  }

  /** Whether there is something to do yet, once all is quiet. */
  get pending(): boolean {
    return this.#pieces !== null;
  }

  /** Begins, when all is quiet: for a program that has been booted, or whose code is new to the engine. */
  begin(engine: Pick<Engine, 'prepare'>): void {
    this.#engine = engine;
    this.#pieces = engine.prepare?.() ?? null;
    this.#left = MOST;
    this.touch();
  }

  /** Something has been asked for: whoever asks may soon ask for more. */
  touch(): void {
    this.#stop();
    if (this.#pieces) this.#timer = setTimeout(() => this.#next(), QUIET);
  }

  /** What the engine had got ready is no longer of use to it, perhaps. */
  again(): void {
    if (this.#engine) this.begin(this.#engine);
  }

  end(): void {
    this.#stop();
    this.#engine = null;
    this.#pieces = null;
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #next(): void {
    if (this.#busy()) {
      this.touch();
      return;
    }
    const begun = this.#now();
    const more = this.#pieces?.next().done === false;
    this.#left -= this.#now() - begun;
    if (more && this.#left > 0) this.#timer = setTimeout(() => this.#next(), REST);
    else this.#pieces = null;
  }
}
