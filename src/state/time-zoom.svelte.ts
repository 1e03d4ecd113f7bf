// SPDX-License-Identifier: GPL-2.0-or-later
/** What the timeline's slider spans: all of the recording, a unit of the program's work, less. */
import type { MachineHandle } from '../client/machine-client.ts';
import type { StopReason } from '../protocol/machine.ts';
import type { Around, TimeCommand, Timeline } from '../protocol/time.ts';
import type { DebugIndex } from '../shared/debug-index.ts';

/** The part of the recording that the slider spans; instructions, inclusive. */
export interface TimeView {
  readonly from: number;
  readonly to: number;
}

/** A unit of the program's work: what lies between two of its events of one name. */
export interface TimeUnit {
  /** `sample_end` */
  readonly event: string;
  /** `sample` */
  readonly name: string;
}

export interface ZoomHost {
  readonly timeline: () => Timeline;
  readonly index: () => DebugIndex | null;
  readonly travel: (command: TimeCommand) => Promise<StopReason | null>;
  /** Another part is shown. */
  readonly changed: () => void;
}

/** Instructions that the slider spans at least. */
const NARROWEST = 20;

/** Units that are known, the largest first; others come behind them. */
const ORDER = ['epoch_end', 'batch_end', 'frame_begin', 'sample_end'];

export class TimeZoom {
  readonly #client: Pick<MachineHandle, 'eventAround'>;
  readonly #host: ZoomHost;
  #part = $state.raw<TimeView | null>(null);
  #unit = $state<string | null>(null);
  /** The machine is looking for events, and comes back. */
  #looking = false;

  readonly #view = $derived.by((): TimeView => {
    const { first, end } = this.#host.timeline();
    const whole = { from: first, to: Math.max(first + 1, end) };
    const part = this.#part;
    if (part === null || part.from >= whole.to) return whole;
    return { from: Math.max(first, part.from), to: Math.min(whole.to, part.to) };
  });

  constructor(client: Pick<MachineHandle, 'eventAround'>, host: ZoomHost) {
    this.#client = client;
    this.#host = host;
  }

  get view(): TimeView {
    return this.#view;
  }

  /** Whether less than all is shown. */
  get active(): boolean {
    return this.#part !== null;
  }

  /** The event of the unit that is shown; null when it is something else. */
  get unit(): string | null {
    return this.active ? this.#unit : null;
  }

  /** The units that the program announces, the largest first. */
  get units(): readonly TimeUnit[] {
    const events = this.#host.index()?.info.events ?? [];
    const names = events.map(({ name }) => name);
    const units = names.filter(
      (name, i) => names.indexOf(name) === i && (name.endsWith('_end') || ORDER.includes(name)),
    );
    const rank = (event: string): number => {
      const known = ORDER.indexOf(event);
      return known < 0 ? ORDER.length : known;
    };
    return units
      .filter((event) => event !== 'forward_end')
      .sort((a, b) => rank(a) - rank(b))
      .map((event) => ({ event, name: event.replace(/_(end|begin)$/, '') }));
  }

  /** Spans less (factor above 1) or more around a moment. */
  by(factor: number, around: number = this.#host.timeline().position): void {
    const { from, to } = this.view;
    const { first, end } = this.#host.timeline();
    const width = Math.max(NARROWEST, (to - from) / factor);
    this.#unit = null;
    if (width >= end - first) this.#part = null;
    else {
      const share = (around - from) / (to - from);
      const start = Math.min(Math.max(first, around - width * share), end - width);
      this.#part = { from: Math.round(start), to: Math.round(start + width) };
    }
    this.#host.changed();
  }

  all(): void {
    this.#part = null;
    this.#unit = null;
    this.#host.changed();
  }

  /**
   * Spans the unit in which the machine stands. Where its events were too many to be noted, the
   * machine looks for them first, in the next larger unit.
   */
  async toUnit(event: string): Promise<void> {
    const { first, end } = this.#host.timeline();
    const larger = this.units[this.units.findIndex((unit) => unit.event === event) - 1];
    const outer = larger === undefined ? null : await this.#around(larger.event);
    const [from, to] = [outer?.from ?? first, outer?.to ?? end];
    const within = async (): Promise<TimeView | null> => {
      const { from: before, to: behind } = await this.#around(event);
      const part = { from: Math.max(from, before ?? from), to: Math.min(to, behind ?? to) };
      return part.from === from && part.to === to ? null : part;
    };
    let part = await within();
    if (part === null) {
      this.#looking = true;
      const reason = await this.#host.travel({ kind: 'survey', from, to });
      this.#looking = false;
      if (reason === null) return;
      part = await within();
    }
    this.#part = part ?? { from, to };
    this.#unit = event;
    this.#host.changed();
  }

  /** The machine has gone elsewhere: what is shown goes along. */
  follow(): void {
    const part = this.#part;
    const { position, first } = this.#host.timeline();
    if (this.#looking || part === null || (position >= part.from && position <= part.to)) return;
    const half = (part.to - part.from) / 2;
    const from = Math.max(first, Math.round(position - half));
    this.#part = { from, to: Math.round(from + 2 * half) };
    this.#unit = null;
  }

  #around(event: string): Promise<Around> {
    return this.#client.eventAround(event, this.#host.timeline().position);
  }
}
