// SPDX-License-Identifier: GPL-2.0-or-later
/** The registers as last heard of, and as they were at the stop before. */
import type { EngineChoice, Snapshot, StopReason } from '../protocol/machine.ts';
import { CpuState } from '../shared/cpu-state.ts';

export class MachineSnapshots {
  #newest = $state.raw<Snapshot | null>(null);
  #atStop = $state.raw<Snapshot | null>(null);
  #before = $state.raw<Snapshot | null>(null);
  #reason = $state.raw<StopReason | null>(null);
  #stops = $state(0);
  #mips = $state(0);
  #news = $state(0);
  readonly #cpu = $derived(this.#newest === null ? null : new CpuState(this.#newest.state));
  readonly #previous = $derived(this.#before === null ? null : new CpuState(this.#before.state));

  /** At the stop, or of the latest frame while running. Null when there is no process. */
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
    this.#newest = snapshot;
    this.#reason = { kind: 'entry' };
    this.#mips = 0;
    this.#stops++;
  }

  /** It runs, and is here now. */
  see(snapshot: Snapshot): void {
    this.#newest = snapshot;
    this.#mips = snapshot.mips;
    this.#news++;
  }

  stop(reason: StopReason, snapshot: Snapshot): void {
    if (snapshot.mips > 0) this.#mips = snapshot.mips;
    this.#before = this.#atStop;
    this.#atStop = snapshot;
    this.#newest = snapshot;
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
    this.#newest = null;
    this.#atStop = null;
    this.#before = null;
  }
}
