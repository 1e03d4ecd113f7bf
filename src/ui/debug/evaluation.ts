// SPDX-License-Identifier: GPL-2.0-or-later
/** One expression asked of the machine. */
import type { Evaluation, EvaluationProblem } from '../../protocol/breakpoints.ts';
import type { MachineState } from '../../state/machine.svelte.ts';

export async function evaluation(machine: MachineState, text: string): Promise<Evaluation> {
  const nothing = { ok: false, column: 1, length: 1 } as const;
  try {
    const [value] = await machine.inspect.evaluate([{ text, format: 'auto' }]);
    return value ?? { ...nothing, message: 'There is no answer.' };
  } catch {
    return { ...nothing, message: 'The machine is gone.' };
  }
}

/** `Column 3: …`. */
export function problemText({ column, message }: EvaluationProblem): string {
  return `Column ${column}: ${message}`;
}
