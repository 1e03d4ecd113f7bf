// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Questions about a stopped machine that are answered along with the news of its stop: types only.
 *
 * The views ask the same at every stop. So the page sends with each command what they asked at the
 * stop before, and `stopped` brings the answers: one message instead of one and as many round trips,
 * and one frame to paint instead of one for each answer.
 */
import type { MachineApi } from './machine.ts';

/** Calls that change nothing. */
export type AheadMethod =
  | 'abiWarnings'
  | 'callStack'
  | 'disassemble'
  | 'evaluate'
  | 'explain'
  | 'readMemory'
  | 'regions'
  | 'stopHits';

export type AheadQuestion = {
  [M in AheadMethod]: { readonly method: M; readonly args: Parameters<MachineApi[M]> };
}[AheadMethod];

export type AheadAnswer = {
  [M in AheadMethod]: {
    readonly method: M;
    readonly args: Parameters<MachineApi[M]>;
    readonly value: Awaited<ReturnType<MachineApi[M]>>;
  };
}[AheadMethod];
