// SPDX-License-Identifier: GPL-2.0-or-later
/** The profile of whatever program is in the machine: switched on and off, read, written out. */
import type { Engine } from '../../cpu/cpu.ts';
import { ExecutionProfile } from '../../cpu/profile.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import type { ProfileFormat, ProfileReport } from '../../protocol/profile.ts';
import type { DebugIndex } from '../../shared/debug-index.ts';
import { exportReport } from './export.ts';
import { makeReport } from './report.ts';

export class ProfileDesk {
  readonly #memory: GuestMemory;
  #engine: Engine | null = null;
  #index: DebugIndex | null = null;
  #profile: ExecutionProfile | null = null;
  #on = false;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /**
   * Another program is in the machine, or (with null) none any more; what was counted is gone.
   * @param engine that of the session: a `CountedEngine`, if time can go back in it
   */
  attach(engine: Engine | null, index: DebugIndex | null = null): void {
    if (this.#on) this.#engine?.setProfile(null);
    this.#engine = engine;
    this.#index = index;
    this.#profile = null;
    if (this.#on) this.#begin();
  }

  /** See `ProfileApi.setProfiling`. */
  switch(on: boolean): void {
    if (on === this.#on) return;
    this.#on = on;
    if (on) this.#begin();
    else this.#engine?.setProfile(null);
  }

  #begin(): void {
    if (!this.#engine) return;
    this.#profile = new ExecutionProfile();
    this.#engine.setProfile(this.#profile);
  }

  report(): ProfileReport | null {
    if (!this.#profile) return null;
    if (this.#on) this.#engine?.updateProfile();
    return makeReport(this.#profile, this.#memory, this.#index, this.#on);
  }

  export(format: ProfileFormat): string | null {
    const report = this.report();
    return report && exportReport(report, format);
  }
}
