// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What the guest prints and calls, on its way to the page: gathered, sent once a frame, and bounded,
 * so that endless output or millions of system calls do not drown the page.
 */
import type { StraceRecord } from '../machine/linux/strace.ts';
import type { MachineEvent, StraceLine } from '../protocol/machine.ts';

/** Milliseconds between two sendings. */
const FRAME = 16;

/** Bytes of output after which the guest's next write waits until the page has got them. */
const OUTPUT_ROOM = 128 * 1024;

/** Lines of strace sent a frame; of more, the newest are kept. */
const STRACE_ROOM = 200;

export class Feed {
  readonly #send: (event: MachineEvent) => void;
  #chunks: { fd: 1 | 2; bytes: Uint8Array }[] = [];
  #bytes = 0;
  #strace: StraceLine[] = [];
  #dropped = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #relieved: (() => void)[] = [];

  constructor(send: (event: MachineEvent) => void) {
    this.#send = send;
  }

  /** An `OutputSink`: the promise, when there is one, resolves once the page has taken it all. */
  readonly output = (fd: 1 | 2, bytes: Uint8Array): Promise<void> | undefined => {
    this.#chunks.push({ fd, bytes });
    this.#bytes += bytes.length;
    this.#later();
    if (this.#bytes < OUTPUT_ROOM) return undefined;
    return new Promise((resolve) => this.#relieved.push(resolve));
  };

  readonly strace = (record: StraceRecord): void => {
    this.#strace.push({ at: record.at, text: record.text, failed: record.failed });
    if (this.#strace.length > 2 * STRACE_ROOM) {
      this.#dropped += this.#strace.length - STRACE_ROOM;
      this.#strace = this.#strace.slice(-STRACE_ROOM);
    }
    this.#later();
  };

  /** Sends what is there now; called before each event whose order to the output matters. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    for (const { fd, bytes } of joined(chunks)) this.#send({ type: 'output', fd, bytes });
    this.#flushStrace();
    const relieved = this.#relieved;
    this.#relieved = [];
    for (const resolve of relieved) resolve();
  }

  #flushStrace(): void {
    if (this.#strace.length === 0) return;
    const excess = Math.max(0, this.#strace.length - STRACE_ROOM);
    const kept = this.#strace.slice(excess);
    const dropped = this.#dropped + excess;
    this.#strace = [];
    this.#dropped = 0;
    const lines: StraceLine[] =
      dropped === 0
        ? kept
        : [
            { at: kept[0]?.at ?? 0, text: `… ${dropped} calls not shown …`, failed: false },
            ...kept,
          ];
    this.#send({ type: 'strace', lines });
  }

  #later(): void {
    this.#timer ??= setTimeout(() => this.flush(), FRAME);
  }
}

/** Neighbouring chunks of the same stream as one. */
function joined(
  chunks: readonly { fd: 1 | 2; bytes: Uint8Array }[],
): { fd: 1 | 2; bytes: Uint8Array }[] {
  const result: { fd: 1 | 2; bytes: Uint8Array }[] = [];
  let from = 0;
  while (from < chunks.length) {
    const { fd } = chunks[from] ?? { fd: 1 };
    let to = from;
    let size = 0;
    for (; chunks[to]?.fd === fd; to++) size += chunks[to]?.bytes.length ?? 0;
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks.slice(from, to)) {
      bytes.set(chunk.bytes, at);
      at += chunk.bytes.length;
    }
    result.push({ fd, bytes });
    from = to;
  }
  return result;
}
