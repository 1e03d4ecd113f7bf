// SPDX-License-Identifier: GPL-2.0-or-later
/** What a command is after, and what the engine is told to stop at because of it. */
import type { Engine, Watch } from '../cpu/cpu.ts';
import type { GuestMemory } from '../machine/memory.ts';
import type { StopReason } from '../protocol/machine.ts';
import type { Addr } from '../shared/brand.ts';
import { GPR } from '../shared/cpu-state.ts';
import type { Goal } from './goal.ts';
import type { Readings } from './readings.ts';
import type { StopRules } from './stops/stop-rules.ts';

export interface AimOptions {
  readonly memory: GuestMemory;
  readonly engine: Engine;
  readonly stops: StopRules;
  readonly readings: Readings;
}

export class Aim {
  readonly #options: AimOptions;
  #goal: Goal | null = null;
  #muted = false;
  #armed = false;
  /** What the goal has watched instead of going step by step. */
  #watched: readonly Watch[] | null = null;
  /** Where the engine has been told to stop. */
  #addresses: ReadonlySet<Addr> = new Set();

  constructor(options: AimOptions) {
    this.#options = options;
  }

  /** Whether breakpoints and watchpoints are passed by. */
  get muted(): boolean {
    return this.#muted;
  }

  /** A command begins, or with null ends. @param muted breakpoints and watchpoints are passed by */
  take(goal: Goal | null, muted = false): void {
    this.#goal = goal;
    this.#muted = muted;
    this.#armed = false;
  }

  /** Says that somebody else has armed the engine, or that what it stops at has changed. */
  stale(): void {
    this.#armed = false;
  }

  /** To be called before the engine runs. */
  arm(): void {
    if (this.#armed && this.#goal?.changed?.() !== true) return;
    const { engine, stops, readings } = this.#options;
    this.#addresses = new Set([
      ...(this.#muted ? [] : stops.addresses),
      ...readings.addresses,
      ...(this.#goal?.addresses ?? []),
    ]);
    engine.setBreakpoints(this.#addresses);
    this.#watched = this.#goal?.watches?.() ?? null;
    engine.setWatches([...(this.#muted ? [] : stops.watches), ...(this.#watched ?? [])]);
    this.#armed = true;
  }

  /** What has to be asked after every single instruction, if the goal cannot do without. */
  get each(): (() => StopReason | null) | null {
    return this.#watched === null ? (this.#goal?.each ?? null) : null;
  }

  /** Whether the engine would stop here by itself. */
  get isStop(): boolean {
    return this.#addresses.has(Number(this.#options.memory.state.rip) as Addr);
  }

  /**
   * Looks at where rip has come to: a reading to take, the goal, a breakpoint.
   * @param past in a replay nothing is read or noted again
   * @returns the end of the command, or null
   */
  arrive(past: boolean): StopReason | null {
    const { memory, stops, readings } = this.#options;
    const { state } = memory;
    const rip = Number(state.rip);
    if (!past) readings.take(rip);
    const stop = this.#muted ? null : stops.arrive(rip, { quiet: past });
    const goal = this.#goal;
    if (goal?.addresses.has(rip as Addr) && goal.arrived(rip, Number(state.gpr(GPR.rsp)))) {
      return goal.reason;
    }
    return goal?.each?.() ?? stop;
  }
}
