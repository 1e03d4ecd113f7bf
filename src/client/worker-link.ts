// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * One worker behind one Comlink interface, with an end: a worker that throws while loading, dies or
 * stops answering is noticed, its pending calls are settled, and a new one can take its place.
 */
import { releaseProxy, wrap, type Remote } from 'comlink';

/** The part of `Worker` that is used, so that tests can hand in a `MessageChannel` end. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: string, listener: (event: Event) => void): void;
  removeEventListener(type: string, listener: (event: Event) => void): void;
  start?: () => void;
  terminate(): void;
}

export interface WorkerCrash {
  /** `error`: it threw or could not load; `silent`: it did not answer in time; `closed`: we ended it. */
  readonly kind: 'error' | 'silent' | 'closed';
  /** One sentence for people. */
  readonly message: string;
}

/** What a call to a worker that is gone rejects with. */
export class WorkerGone extends Error {
  readonly crash: WorkerCrash;

  constructor(crash: WorkerCrash) {
    super(crash.message);
    this.name = 'WorkerGone';
    this.crash = crash;
  }
}

/**
 * A started worker. It ends once, by `close` or by itself, and is then of no use: start another.
 */
export class WorkerLink<Api> {
  readonly remote: Remote<Api>;
  readonly #worker: WorkerLike;
  readonly #name: string;
  readonly #onCrash: (crash: WorkerCrash) => void;
  readonly #pending = new Set<(reason: WorkerGone) => void>();
  #crash: WorkerCrash | null = null;

  /**
   * @param name for messages: `machine`, `assembler`.
   * @param onCrash told once when the worker ends by itself, not when it is closed.
   */
  constructor(worker: WorkerLike, name: string, onCrash: (crash: WorkerCrash) => void) {
    this.#worker = worker;
    this.#name = name;
    this.#onCrash = onCrash;
    this.remote = wrap<Api>(worker);
    worker.addEventListener('error', this.#failed);
    worker.addEventListener('messageerror', this.#failed);
  }

  /** Why the worker is gone, or null while it lives. */
  get crash(): WorkerCrash | null {
    return this.#crash;
  }

  /**
   * Awaits one call.
   * @param limit milliseconds after which a worker that has not answered is given up.
   * @throws WorkerGone when the worker is gone, or goes before it has answered.
   */
  async call<T>(call: (remote: Remote<Api>) => Promise<T>, limit: number): Promise<T> {
    if (this.#crash !== null) throw new WorkerGone(this.#crash);
    let settle: (reason: WorkerGone) => void = () => undefined;
    const gone = new Promise<never>((_, reject) => (settle = reject));
    this.#pending.add(settle);
    const watch = this.#watch(limit);
    try {
      return await Promise.race([call(this.remote), gone]);
    } finally {
      watch.stop();
      this.#pending.delete(settle);
    }
  }

  /** Ends the worker; pending calls reject with `closed`. */
  close(): void {
    this.#end({ kind: 'closed', message: `The ${this.#name} was shut down.` });
  }

  /**
   * Gives the worker up after `limit`. The wait is counted in short ticks, so that a page which
   * slept (a closed laptop lid) does not take its own absence for the worker's silence.
   */
  #watch(limit: number): { stop(): void } {
    const tick = Math.max(10, limit / 10);
    let left = 10;
    const timer = setInterval(() => {
      left--;
      if (left > 0) return;
      clearInterval(timer);
      const seconds = Math.round(limit / 1000);
      const message = `The ${this.#name} has not answered for ${seconds} s.`;
      this.#end({ kind: 'silent', message });
    }, tick);
    return { stop: () => clearInterval(timer) };
  }

  readonly #failed = (event: Event): void => {
    const detail = 'message' in event && typeof event.message === 'string' ? event.message : '';
    const message =
      detail === ''
        ? `The ${this.#name} could not be loaded.`
        : `The ${this.#name} failed: ${detail.replace(/^Uncaught\s+/, '')}`;
    this.#end({ kind: 'error', message });
  };

  #end(crash: WorkerCrash): void {
    if (this.#crash !== null) return;
    this.#crash = crash;
    this.#worker.removeEventListener('error', this.#failed);
    this.#worker.removeEventListener('messageerror', this.#failed);
    this.remote[releaseProxy]();
    this.#worker.terminate();
    for (const reject of this.#pending) reject(new WorkerGone(crash));
    this.#pending.clear();
    if (crash.kind !== 'closed') this.#onCrash(crash);
  }
}
