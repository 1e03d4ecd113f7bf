// SPDX-License-Identifier: GPL-2.0-or-later
/** Events on their way to the page: what belongs to one stop goes in one message, for one frame. */
import * as Comlink from 'comlink';
import type { AheadMethod, AheadQuestion } from '../protocol/ahead.ts';
import type { MachineApi, MachineEvent } from '../protocol/machine.ts';
import type { Timeline } from '../protocol/time.ts';
import { answerAhead, buffersOfAnswers } from './ahead.ts';
import { isNews, News } from './news.ts';

type Stopped = Extract<MachineEvent, { type: 'stopped' }>;

export class Post {
  /** The page's end, a proxy: its promise resolves once the page has dealt with the event. */
  listener: ((event: MachineEvent) => unknown) | null = null;
  /** To be answered along with the next stop. */
  ahead: readonly AheadQuestion[] = [];
  readonly #machine: Pick<MachineApi, AheadMethod>;
  readonly #news = new News((event) => this.#deliver(event));
  #timeline: Timeline | null = null;

  constructor(machine: Pick<MachineApi, AheadMethod>) {
    this.#machine = machine;
  }

  /** Resolves once the page has dealt with it; for news, which wait their turn, at once. */
  send(event: MachineEvent): Promise<void> {
    if (event.type === 'timeline') this.#hold(event.timeline);
    else if (isNews(event)) this.#news.add(event);
    else {
      const printed = event.type === 'output' || event.type === 'strace';
      if (!printed) this.#news.flush();
      return event.type === 'stopped' ? this.#sendStop(event) : this.#deliver(event);
    }
    return Promise.resolve();
  }

  /** A timeline goes with the stop that is told of in the same turn, if there is one. */
  #hold(timeline: Timeline): void {
    this.#timeline = timeline;
    queueMicrotask(() => {
      if (this.#timeline !== timeline) return;
      this.#timeline = null;
      this.#news.add({ type: 'timeline', timeline });
    });
  }

  async #sendStop(event: Stopped): Promise<void> {
    const timeline = this.#timeline;
    this.#timeline = null;
    const ahead = await answerAhead(this.#machine, this.ahead);
    await this.#deliver({ ...event, ...(timeline && { timeline }), ahead });
  }

  async #deliver(event: MachineEvent): Promise<void> {
    await this.listener?.(Comlink.transfer(event, buffersOf(event)));
  }
}

/** The buffers of an event that belong to it alone. */
function buffersOf(event: MachineEvent): ArrayBuffer[] {
  const answers = event.type === 'stopped' ? buffersOfAnswers(event.ahead ?? []) : [];
  if ('snapshot' in event) return [event.snapshot.state, ...answers];
  return event.type === 'output' ? [event.bytes.buffer as ArrayBuffer] : [];
}
