// SPDX-License-Identifier: GPL-2.0-or-later
/** The registers as last heard of, and as they were at the stop before. */
import type { EngineChoice, Snapshot, StopReason } from '../protocol/machine.ts';
import { CpuState } from '../shared/cpu-state.ts';

/** While running the registers change no more often, in milliseconds: nobody could read them. */
const READABLE = 1000;

export class MachineSnapshots {
  readonly #now: () => number;
  #newest = $state.raw<Snapshot | null>(null);
  #atStop = $state.raw<Snapshot | null>(null);
  #before = $state.raw<Snapshot | null>(null);
  #reason = $state.raw<StopReason | null>(null);
  #stops = $state(0);
  #mips = $state(0);
  #news = $state(0);
  #instructions = $state(0);
  /** When registers of a running machine were shown. */
  #shown = -Infinity;
  readonly #cpu = $derived(this.#newest === null ? null : new CpuState(this.#newest.state));
  readonly #previous = $derived(this.#before === null ? null : new CpuState(this.#before.state));

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** At the stop, or of the last second while running. Null when there is no process. */
  get cpu(): CpuState | null {
    return this.#cpu;
  }

  /** At the stop before this one; null at the entry. */
  get previous(): CpuState | null {
    return this.#previous;
  }

  /** Why the machine stopped last. */
  get reason(): StopReason | null {
    return this.#reason;
  }

  /** Counts the stops of the page's life. */
  get stops(): number {
    return this.#stops;
  }

  /** Millions of instructions a second of the latest stretch of running. */
  get mips(): number {
    return this.#mips;
  }

  /** Executed since the start of the process. */
  get instructions(): number {
    return this.#instructions;
  }

  /** Counts the news of running. */
  get news(): number {
    return this.#news;
  }

  /** The engine of the process; null when there is none. */
  get engine(): EngineChoice | null {
    return this.#newest?.engine ?? null;
  }

  /** A new process stands at its entry. */
  enter(snapshot: Snapshot): void {
    this.#before = null;
    this.#atStop = snapshot;
    this.#stand(snapshot);
    this.#reason = { kind: 'entry' };
    this.#mips = 0;
    this.#stops++;
  }

  /** It runs, and is here now. */
  see(snapshot: Snapshot): void {
    if (this.#now() - this.#shown >= READABLE) {
      this.#shown = this.#now();
      this.#newest = snapshot;
    }
    this.#instructions = new CpuState(snapshot.state).instructions;
    this.#mips = snapshot.mips;
    this.#news++;
  }

  /** It stays here for a while. */
  wait(snapshot: Snapshot): void {
    this.#stand(snapshot);
    this.#mips = snapshot.mips;
  }

  #stand(snapshot: Snapshot): void {
    this.#newest = snapshot;
    this.#instructions = new CpuState(snapshot.state).instructions;
    this.#shown = -Infinity;
  }

  stop(reason: StopReason, snapshot: Snapshot): void {
    if (snapshot.mips > 0) this.#mips = snapshot.mips;
    this.#before = this.#atStop;
    this.#atStop = snapshot;
    this.#stand(snapshot);
    this.#reason = reason;
    this.#stops++;
  }

  /** Registers were changed by hand, at this stop. @param state a state block of its own. */
  edit(state: ArrayBuffer): void {
    if (this.#newest === null) return;
    this.#newest = { ...this.#newest, state };
    this.#atStop = this.#newest;
  }

  /** There is no process any more. */
  clear(): void {
    this.#instructions = 0;
    this.#newest = null;
    this.#atStop = null;
    this.#before = null;
  }
}
