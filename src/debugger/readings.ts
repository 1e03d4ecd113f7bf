// SPDX-License-Identifier: GPL-2.0-or-later
/** What a run leaves behind for whoever watches: scalars at its events, marks in time, log lines. */
import type { GuestMemory } from '../machine/memory.ts';
import type { LogLine } from '../protocol/breakpoints.ts';
import type { Sample } from '../protocol/machine.ts';
import { addr, type Addr } from '../shared/brand.ts';
import type { DebugInfo } from '../shared/debug-info.ts';
import { Sampler } from './samples.ts';
import type { Timekeeper } from './time/timekeeper.ts';

/** Events that are marked on the timeline whether or not anybody watches them: rare ones. */
const LANDMARKS = ['batch_end', 'epoch_end', 'frame_begin'];

/** Samples kept back at most before they are sent. */
const SAMPLE_BATCH = 256;

export type Reading =
  | { readonly type: 'log'; readonly lines: readonly LogLine[] }
  | { readonly type: 'samples'; readonly samples: readonly Sample[] };

export interface ReadingsOptions {
  readonly memory: GuestMemory;
  readonly debug: DebugInfo | null;
  readonly time: Timekeeper;
  /** Lines that log points have printed since it was last called. */
  readonly takeLog: () => readonly LogLine[];
  readonly tell: (reading: Reading) => void;
}

export class Readings {
  readonly #options: ReadingsOptions;
  readonly #landmarks: ReadonlyMap<Addr, string>;
  #sampler = new Sampler(null, [], []);
  #samples: Sample[] = [];

  constructor(options: ReadingsOptions) {
    this.#options = options;
    const events = options.debug?.events ?? [];
    const landmarks = events.filter(({ name }) => LANDMARKS.includes(name));
    const recorded = options.time.recording ? landmarks : [];
    this.#landmarks = new Map(recorded.map(({ address, name }) => [addr(address), name]));
  }

  /** Where the machine has to stop for `take`. */
  get addresses(): readonly Addr[] {
    return [...this.#sampler.addresses, ...this.#landmarks.keys()];
  }

  /** See `MachineApi.watchScalars`. */
  watch(events: readonly string[], tensors: readonly string[]): void {
    this.#sampler = new Sampler(this.#options.debug, events, tensors);
  }

  /** To be called wherever rip comes to, live. */
  take(rip: number): void {
    const { memory, time } = this.#options;
    const landmark = this.#landmarks.get(rip as Addr);
    if (landmark !== undefined) time.mark(landmark);
    const sample = this.#sampler.take(memory, rip);
    if (sample === null) return;
    if (sample.event !== landmark) time.mark(sample.event);
    this.#samples.push(sample);
    if (this.#samples.length >= SAMPLE_BATCH) this.flush();
  }

  /** Tells what there is. */
  flush(): void {
    const { takeLog, tell } = this.#options;
    const lines = takeLog();
    if (lines.length > 0) tell({ type: 'log', lines });
    if (this.#samples.length === 0) return;
    const samples = this.#samples;
    this.#samples = [];
    tell({ type: 'samples', samples });
  }
}
