// SPDX-License-Identifier: GPL-2.0-or-later
/** Answers at a stop what the page asked at the one before; see `protocol/ahead.ts`. */
import type { AheadAnswer, AheadMethod, AheadQuestion } from '../protocol/ahead.ts';
import type { MachineApi } from '../protocol/machine.ts';

/** Asks in the order given. The machine's methods answer within the same turn of the event loop. */
export function answerAhead(
  machine: Pick<MachineApi, AheadMethod>,
  questions: readonly AheadQuestion[],
): Promise<AheadAnswer[]> {
  return Promise.all(
    questions.map(async ({ method, args }) => {
      const ask = machine[method] as (...args: unknown[]) => Promise<AheadAnswer['value']>;
      const value = await ask.apply(machine, [...args]);
      return { method, args, value } as AheadAnswer;
    }),
  );
}

/** The buffers of answers that belong to them alone. */
export function buffersOfAnswers(answers: readonly AheadAnswer[]): ArrayBuffer[] {
  return answers.flatMap((answer) =>
    answer.method === 'readMemory'
      ? ([answer.value.bytes.buffer, answer.value.mapped.buffer] as ArrayBuffer[])
      : [],
  );
}
