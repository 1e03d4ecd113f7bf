// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What a running machine tells of itself and what its program prints, on the way to the page: all of
 * it in one message, for one frame; the next only once the page has dealt with the last and has had
 * its rest; and in between only the newest counts. Else a page that is slower than the machine would
 * answer its user after a queue of old news that only grows, and where the page and the program share
 * a processor, drawing would slow the program down.
 */
import type { LogLine } from '../protocol/breakpoints.ts';
import type { MachineEvent, Sample } from '../protocol/machine.ts';
import { formatCounted } from '../shared/format.ts';

export type ToldEvent = Extract<
  MachineEvent,
  { type: 'progress' | 'timeline' | 'samples' | 'log' }
>;
export type PrintedEvent = Extract<MachineEvent, { type: 'output' | 'strace' }>;
type NewsEvent = ToldEvent | PrintedEvent;

/** Lines of log points kept while the page is busy; of more, the newest. */
const LOG_ROOM = 2_000;

/**
 * After news the page rests so many times as long as they cost it. What they cost beside its main
 * thread (painting tiles, putting them on the screen) is about as much again.
 */
const REST = 40;

/** Milliseconds of a rest: the eye needs no more often, and wants it several times a second. */
const LEAST_REST = 150;
const LONGEST_REST = 250;

const TOLD: ReadonlySet<MachineEvent['type']> = new Set<ToldEvent['type']>([
  'progress',
  'timeline',
  'samples',
  'log',
]);

/** Whether it tells of a running machine. */
export function isTold(event: MachineEvent): event is ToldEvent {
  return TOLD.has(event.type);
}

/** Whether it is what the program prints or calls. */
export function isPrinted(event: MachineEvent): event is PrintedEvent {
  return event.type === 'output' || event.type === 'strace';
}

interface Batch {
  readonly events: NewsEvent[];
  /** The page has dealt with them. */
  readonly dealt: () => void;
}

export class News {
  readonly #send: (events: readonly MachineEvent[]) => Promise<number>;
  readonly #wait: (ms: number) => Promise<void>;
  #progress: Extract<NewsEvent, { type: 'progress' }> | null = null;
  #timeline: Extract<NewsEvent, { type: 'timeline' }> | null = null;
  #samples: Sample[] = [];
  /** What shows in the console, in its order; log lines that are still gathered are not in it. */
  #console: NewsEvent[] = [];
  #log: LogLine[] = [];
  #missing = 0;
  #waiting: (() => void)[] = [];
  #sending = false;
  #hurried = false;
  #wake: () => void = () => undefined;

  /**
   * @param send hands events to the page in one message; resolves once the page has dealt with them,
   * with the milliseconds that they cost it.
   * @param wait so many milliseconds.
   */
  constructor(
    send: (events: readonly MachineEvent[]) => Promise<number>,
    wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms)),
  ) {
    this.#send = send;
    this.#wait = wait;
  }

  add(event: ToldEvent): void {
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

  /** What the program prints and calls; resolves once the page has dealt with it. */
  print(event: PrintedEvent): Promise<void> {
    this.#endLog();
    this.#console.push(event);
    if (!this.#sending) void this.#sendAll();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Takes what is held, to go along with an event that waits for nothing; but no progress, for that
   * event tells of it. The rest is over: what comes next is news again.
   */
  take(): Batch {
    this.#progress = null;
    this.#wake();
    return this.#take();
  }

  /** The program waits for the page to take what it has printed: no rest before that. */
  hurry(): void {
    this.#hurried = true;
    this.#wake();
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    try {
      await Promise.resolve(); // what else is told in this turn goes along
      for (let batch = this.#take(); batch.events.length > 0; batch = this.#take()) {
        const cost = await this.#send(batch.events);
        batch.dealt();
        await this.#rest(cost);
      }
    } finally {
      this.#sending = false;
    }
  }

  async #rest(cost: number): Promise<void> {
    const ms = Math.min(Math.max(REST * cost, LEAST_REST), LONGEST_REST);
    if (!this.#hurried) {
      await Promise.race([this.#wait(ms), new Promise<void>((woken) => (this.#wake = woken))]);
    }
    this.#hurried = false;
  }

  #take(): Batch {
    this.#endLog();
    const events = this.#console;
    if (this.#samples.length > 0) events.push({ type: 'samples', samples: this.#samples });
    if (this.#timeline !== null) events.push(this.#timeline);
    if (this.#progress !== null) events.push(this.#progress);
    const waiting = this.#waiting;
    this.#console = [];
    this.#samples = [];
    this.#timeline = null;
    this.#progress = null;
    this.#waiting = [];
    return { events, dealt: () => waiting.forEach((resolve) => resolve()) };
  }

  #addLog(lines: readonly LogLine[]): void {
    for (const line of lines) this.#log.push(line);
    if (this.#log.length <= 2 * LOG_ROOM) return;
    this.#missing += this.#log.length - LOG_ROOM;
    this.#log = this.#log.slice(-LOG_ROOM);
  }

  /** The log lines gathered so far take their place before what follows. */
  #endLog(): void {
    const [first] = this.#log;
    if (first === undefined) return;
    const lines = this.#log;
    if (this.#missing > 0) {
      lines.unshift({ ...first, text: `… ${formatCounted(this.#missing, 'line')} not shown …` });
    }
    this.#console.push({ type: 'log', lines });
    this.#log = [];
    this.#missing = 0;
  }
}
