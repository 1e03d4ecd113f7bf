// SPDX-License-Identifier: GPL-2.0-or-later
/** Events on their way to the page: what belongs to one stop goes in one message, for one frame. */
import * as Comlink from 'comlink';
import type { AheadMethod, AheadQuestion } from '../protocol/ahead.ts';
import type { MachineApi, MachineEvent, MachineListener } from '../protocol/machine.ts';
import { answerAhead, buffersOfAnswers } from './ahead.ts';
import { isPrinted, isTold, News } from './news.ts';

export class Post {
  /** The page's end, a proxy. */
  listener: MachineListener | null = null;
  /** To be answered along with the next stop. */
  ahead: readonly AheadQuestion[] = [];
  readonly #machine: Pick<MachineApi, AheadMethod>;
  readonly #news = new News((events) => this.#deliver(events));

  constructor(machine: Pick<MachineApi, AheadMethod>) {
    this.#machine = machine;
  }

  /** Resolves once the page has dealt with it; for what is told of a running machine, at once. */
  send(event: MachineEvent): Promise<void> {
    if (isPrinted(event)) return this.#news.print(event);
    if (!isTold(event)) return this.#sendNow(event);
    this.#news.add(event);
    return Promise.resolve();
  }

  /** The program waits until its output has been dealt with. */
  hurry(): void {
    this.#news.hurry();
  }

  async #sendNow(event: MachineEvent): Promise<void> {
    const { events, dealt } = this.#news.take();
    if (event.type === 'stopped') {
      const ahead = await answerAhead(this.#machine, this.ahead);
      await this.#deliver([...events, { ...event, ahead }]);
    } else {
      await this.#deliver([...events, event]);
    }
    dealt();
  }

  async #deliver(events: readonly MachineEvent[]): Promise<number> {
    return (await this.listener?.(Comlink.transfer(events, events.flatMap(buffersOf)))) ?? 0;
  }
}

/** The buffers of an event that belong to it alone. */
function buffersOf(event: MachineEvent): ArrayBuffer[] {
  const answers = event.type === 'stopped' ? buffersOfAnswers(event.ahead ?? []) : [];
  if ('snapshot' in event) return [event.snapshot.state, ...answers];
  return event.type === 'output' ? [event.bytes.buffer as ArrayBuffer] : [];
}
