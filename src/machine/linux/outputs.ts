// SPDX-License-Identifier: GPL-2.0-or-later
import type { Maybe } from '../files.ts';

/** What a sink answers: all well, or `closed` when nobody reads any more (EPIPE, SIGPIPE). */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- so that a sink may return nothing
export type OutputAnswer = void | undefined | 'closed';

/**
 * Takes what the guest writes to fd 1 or 2; the bytes are the sink's to keep. A promise makes the
 * guest's next write wait until it resolves: that is how a slow reader slows the guest down.
 */
export type OutputSink = (fd: 1 | 2, bytes: Uint8Array) => Maybe<OutputAnswer>;

/** The two output streams of a process in front of the host's sink. */
export class Outputs {
  readonly #sink: OutputSink;
  readonly #busy = new Map<1 | 2, Promise<void>>();
  readonly #closed = new Set<1 | 2>();

  constructor(sink: OutputSink) {
    this.#sink = sink;
  }

  /** A promise while the stream cannot take more; null when it can. */
  busy(fd: 1 | 2): Promise<void> | null {
    return this.#busy.get(fd) ?? null;
  }

  /** Hands bytes over. @returns false when the stream is closed. */
  send(fd: 1 | 2, bytes: Uint8Array): boolean {
    if (this.#closed.has(fd)) return false;
    const answer = this.#sink(fd, bytes);
    if (answer instanceof Promise) {
      const busy = answer.then((late) => {
        this.#busy.delete(fd);
        if (late === 'closed') this.#closed.add(fd);
      });
      this.#busy.set(fd, busy);
      return true;
    }
    if (answer === 'closed') this.#closed.add(fd);
    return answer !== 'closed';
  }
}
