// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What the guest prints and calls, on its way to the page: gathered, sent at most once a frame and
 * not before the page has dealt with what came before, and bounded, so that endless output or
 * millions of system calls do not drown the page.
 */
import type { StraceRecord } from '../machine/linux/strace.ts';
import type { MachineEvent, StraceLine } from '../protocol/machine.ts';
import { formatCounted } from '../shared/format.ts';

/** Milliseconds between two sendings. */
const FRAME = 16;

/** Bytes of output after which the guest's next write waits until the page has got them. */
const OUTPUT_ROOM = 128 * 1024;

/** What a chunk costs beside its bytes: a guest may write them one by one. */
const CHUNK_COST = 64;

/** Lines of strace sent a frame; of more, the newest are kept. */
const STRACE_ROOM = 200;

interface Chunk {
  readonly fd: 1 | 2;
  readonly bytes: Uint8Array;
}

export class Feed {
  readonly #send: (event: MachineEvent) => Promise<unknown>;
  readonly #hurry: () => void;
  #chunks: Chunk[] = [];
  #gathered = 0;
  #strace: StraceLine[] = [];
  #dropped = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Sendings that the page has not dealt with yet. */
  #unanswered = 0;
  #relieved: (() => void)[] = [];
  /** Relieves the writes of what is on its way to the page. */
  readonly #underWay = new Set<() => void>();
  #waits = true;

  /**
   * @param send hands an event to the page; resolves once the page has dealt with it.
   * @param hurry told when the guest waits for that.
   */
  constructor(send: (event: MachineEvent) => Promise<unknown>, hurry: () => void) {
    this.#send = send;
    this.#hurry = hurry;
  }

  /** From now on writes wait for the page. */
  hold(): void {
    this.#waits = true;
  }

  /**
   * From now on no write waits: the guest is to come to a stop between two of them.
   * @returns whether one did.
   */
  letGo(): boolean {
    this.#waits = false;
    const waiting = [...this.#relieved, ...this.#underWay];
    for (const relieve of waiting) relieve();
    this.#relieved = [];
    this.#underWay.clear();
    return waiting.length > 0;
  }

  /** An `OutputSink`: the promise, when there is one, resolves once the page has taken it all. */
  readonly output = (fd: 1 | 2, bytes: Uint8Array): Promise<void> | undefined => {
    this.#chunks.push({ fd, bytes });
    this.#gathered += bytes.length + CHUNK_COST;
    this.#later();
    if (this.#gathered < OUTPUT_ROOM || !this.#waits) return undefined;
    const relieved = new Promise<void>((resolve) => this.#relieved.push(resolve));
    this.#hurry();
    return relieved;
  };

  readonly strace = (record: StraceRecord): void => {
    this.#strace.push({ at: record.at, text: record.text, failed: record.failed });
    if (this.#strace.length > 2 * STRACE_ROOM) this.#strace = this.#newest();
    this.#later();
  };

  /** Sends what is there now; called before each event whose order to the output matters. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isEmpty()) return;
    const events: MachineEvent[] = joined(this.#chunks).map((chunk) => ({
      type: 'output',
      ...chunk,
    }));
    if (this.#strace.length > 0) events.push({ type: 'strace', lines: this.#straceLines() });
    this.#chunks = [];
    this.#gathered = 0;
    const relieved = this.#relieved;
    const relieve = (): void => relieved.forEach((resolve) => resolve());
    this.#relieved = [];
    if (relieved.length > 0) this.#underWay.add(relieve);
    this.#unanswered++;
    void Promise.all(events.map((event) => this.#send(event))).finally(() => {
      this.#unanswered--;
      relieve();
      this.#underWay.delete(relieve);
      if (!this.#isEmpty()) this.#later();
    });
    if (relieved.length > 0) this.#hurry();
  }

  #isEmpty(): boolean {
    return this.#chunks.length === 0 && this.#strace.length === 0;
  }

  /** The newest calls that there is room for; the others are counted. */
  #newest(): StraceLine[] {
    const kept = this.#strace.slice(-STRACE_ROOM);
    this.#dropped += this.#strace.length - kept.length;
    return kept;
  }

  #straceLines(): StraceLine[] {
    const lines = this.#newest();
    if (this.#dropped > 0) {
      const text = `… ${formatCounted(this.#dropped, 'call')} not shown …`;
      lines.unshift({ at: lines[0]?.at ?? 0, text, failed: false });
    }
    this.#strace = [];
    this.#dropped = 0;
    return lines;
  }

  #later(): void {
    if (this.#unanswered === 0) this.#timer ??= setTimeout(() => this.flush(), FRAME);
  }
}

/** Neighbouring chunks of the same stream as one. */
function joined(chunks: readonly Chunk[]): Chunk[] {
  const result: Chunk[] = [];
  let from = 0;
  for (let to = 1; to <= chunks.length; to++) {
    const fd = chunks[from]?.fd;
    if (fd === undefined || chunks[to]?.fd === fd) continue;
    result.push({ fd, bytes: concat(chunks.slice(from, to)) });
    from = to;
  }
  return result;
}

function concat(chunks: readonly Chunk[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.bytes.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk.bytes, at);
    at += chunk.bytes.length;
  }
  return bytes;
}
