// SPDX-License-Identifier: GPL-2.0-or-later
/** What runs of several parts result in. */
import type { EngineStop, Fault, RunResult } from '../cpu.ts';

export const BUDGET: EngineStop = { kind: 'budget' };

/**
 * The result of so many instructions and a run behind them. (A module that exports `then` would be a
 * thenable, and whoever awaits its import would wait for ever.)
 */
export function followedBy(executed: number, next: RunResult): RunResult {
  return { stop: next.stop, executed: executed + next.executed };
}

/** A fault of the very first instruction. */
export function faulted(fault: Fault): RunResult {
  return { stop: { kind: 'fault', fault }, executed: 0 };
}
