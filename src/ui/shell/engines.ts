// SPDX-License-Identifier: GPL-2.0-or-later
import type { EngineChoice } from '../../protocol/machine.ts';

/** What the engines are called in the page. */
export const ENGINE_LABELS: Readonly<Record<EngineChoice, string>> = {
  jit: 'JIT (fast)',
  unicorn: 'Unicorn (reference)',
};

const WORK: Readonly<Record<EngineChoice, string>> = {
  jit: 'translates the program to WebAssembly',
  unicorn: 'emulates the program',
};

/**
 * What to know of the chosen engine.
 * @param active the engine of the process in the machine, null when there is none
 */
export function engineTip(chosen: EngineChoice, active: EngineChoice | null): string {
  const now = `The engine: it ${WORK[chosen]}; the results are the same`;
  return active === null || active === chosen
    ? now
    : `${now}. Reset or restart to use it; now it is ${ENGINE_LABELS[active]}`;
}
