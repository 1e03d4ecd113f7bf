// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * An engine whose profile leaves out what is run again. All that is run of the past goes through
 * here, run by run, and no run leads out of the past: so it is enough to look before each.
 */
import type { Addr } from '../../shared/brand.ts';
import type { Engine, EngineName, RunResult, Watch } from '../../cpu/cpu.ts';
import type { ExecutionProfile } from '../../cpu/profile.ts';

export class CountedEngine implements Engine {
  readonly #engine: Engine;
  readonly #past: () => boolean;
  #profile: ExecutionProfile | null = null;

  /** @param past whether what runs next has been counted before */
  constructor(engine: Engine, past: () => boolean) {
    this.#engine = engine;
    this.#past = past;
  }

  get name(): EngineName {
    return this.#engine.name;
  }

  setBreakpoints(addresses: ReadonlySet<Addr>): void {
    this.#engine.setBreakpoints(addresses);
  }

  setWatches(watches: readonly Watch[]): void {
    this.#engine.setWatches(watches);
  }

  setProfile(profile: ExecutionProfile | null): void {
    this.#engine.setProfile(profile);
    this.#profile = profile;
  }

  updateProfile(): void {
    this.#engine.updateProfile();
  }

  run(budget: number): RunResult {
    const profile = this.#profile;
    if (profile !== null && profile.paused !== this.#past()) {
      this.#engine.updateProfile();
      profile.paused = !profile.paused;
    }
    return this.#engine.run(budget);
  }

  dispose(): void {
    this.#engine.dispose();
  }
}
