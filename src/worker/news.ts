// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What a running machine tells of itself, on its way to the page: the next only once the page has
 * dealt with the last, and in between only the newest counts. Else a page that is slower than the
 * machine would answer its user after a queue of old news that only grows.
 */
import type { LogLine } from '../protocol/breakpoints.ts';
import type { MachineEvent, Sample } from '../protocol/machine.ts';
import { formatCounted } from '../shared/format.ts';

type Kind = 'progress' | 'timeline' | 'samples' | 'log';
export type NewsEvent = Extract<MachineEvent, { type: Kind }>;

/** Lines of log points kept while the page is busy; of more, the newest. */
const LOG_ROOM = 2_000;

/**
 * After news the page has so many times as long to itself as it took to deal with them: where it
 * shares the machine's cores with the program, to draw each frame would slow the program down.
 */
const REST = 4;

/** Milliseconds for which news are held back at most. */
const LONGEST_REST = 250;

const KINDS: ReadonlySet<MachineEvent['type']> = new Set<Kind>([
  'progress',
  'timeline',
  'samples',
  'log',
]);

export function isNews(event: MachineEvent): event is NewsEvent {
  return KINDS.has(event.type);
}

export class News {
  readonly #send: (event: NewsEvent) => Promise<unknown>;
  readonly #rest: (ms: number) => Promise<void>;
  readonly #now: () => number;
  #progress: Extract<NewsEvent, { type: 'progress' }> | null = null;
  #timeline: Extract<NewsEvent, { type: 'timeline' }> | null = null;
  #samples: Sample[] = [];
  #log: LogLine[] = [];
  #missing = 0;
  #sending = false;

  /**
   * @param send hands an event to the page; resolves once the page has dealt with it.
   * @param rest waits so many milliseconds.
   * @param now milliseconds, monotonic.
   */
  constructor(
    send: (event: NewsEvent) => Promise<unknown>,
    rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms)),
    now = (): number => performance.now(),
  ) {
    this.#send = send;
    this.#rest = rest;
    this.#now = now;
  }

  add(event: NewsEvent): void {
    switch (event.type) {
      case 'progress':
        this.#progress = event;
        break;
      case 'timeline':
        this.#timeline = event;
        break;
      case 'samples':
        for (const sample of event.samples) this.#samples.push(sample);
        break;
      case 'log':
        this.#addLog(event.lines);
    }
    if (!this.#sending) void this.#sendAll();
  }

  /** Sends what is held, whatever the page is at; but no progress: what comes next tells it. */
  flush(): void {
    this.#progress = null;
    for (const event of this.#take()) void this.#send(event);
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    try {
      for (let events = this.#take(); events.length > 0; events = this.#take()) {
        const began = this.#now();
        await Promise.all(events.map((event) => this.#send(event)));
        await this.#rest(Math.min(REST * (this.#now() - began), LONGEST_REST));
      }
    } finally {
      this.#sending = false;
    }
  }

  #take(): NewsEvent[] {
    const events: NewsEvent[] = [];
    if (this.#log.length > 0) events.push({ type: 'log', lines: this.#logLines() });
    if (this.#samples.length > 0) events.push({ type: 'samples', samples: this.#samples });
    if (this.#timeline !== null) events.push(this.#timeline);
    if (this.#progress !== null) events.push(this.#progress);
    this.#samples = [];
    this.#timeline = null;
    this.#progress = null;
    return events;
  }

  #addLog(lines: readonly LogLine[]): void {
    for (const line of lines) this.#log.push(line);
    if (this.#log.length <= 2 * LOG_ROOM) return;
    this.#missing += this.#log.length - LOG_ROOM;
    this.#log = this.#log.slice(-LOG_ROOM);
  }

  #logLines(): readonly LogLine[] {
    const [first] = this.#log;
    const lines = this.#log;
    if (this.#missing > 0 && first !== undefined) {
      lines.unshift({ ...first, text: `… ${formatCounted(this.#missing, 'line')} not shown …` });
    }
    this.#log = [];
    this.#missing = 0;
    return lines;
  }
}
