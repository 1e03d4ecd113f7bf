// SPDX-License-Identifier: GPL-2.0-or-later
/** An explained instruction in words, for the disassembly and for the editor's hover. */
import type { ExplainedFlags, ExplainedOperand, Explanation } from '../../protocol/inspect.ts';

/** `reads CF`, `writes ZF SF`, `clears OF`, `leaves AF open`; empty when it leaves flags alone. */
export function flagTexts(flags: ExplainedFlags): string[] {
  const parts: readonly (readonly [string, readonly string[], string])[] = [
    ['reads', flags.read, ''],
    ['writes', flags.written, ''],
    ['clears', flags.cleared, ''],
    ['sets', flags.set, ''],
    ['leaves', flags.undefined, ' open'],
  ];
  return parts
    .filter(([, names]) => names.length > 0)
    .map(([verb, names, end]) => `${verb} ${names.join(' ')}${end}`);
}

/** What an operand is now: its address worked out, its value. */
export function operandText(operand: ExplainedOperand): string {
  const parts = [
    operand.access,
    operand.addressText === null ? '' : `at ${operand.addressText}`,
    operand.value === null ? '' : `now ${operand.value}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** The operands there is something to say of: a number in the instruction speaks for itself. */
export function toldOperands({ operands }: Explanation): readonly ExplainedOperand[] {
  return operands.filter(({ value, address }) => value !== null || address !== null);
}

/** What the formula speaks of. */
export function formulaTitle(explanation: Explanation): string {
  return explanation.next ? 'What it is about to do' : 'With the values of this moment';
}

/** `MULSD xmm1, xmm2/m64 · F2 0F 59 /r · SSE2 · 4 to 5 cycles`. */
export function manualText({ form, encoding, extensions, latency }: Explanation): string {
  return [form, encoding, extensions.join(' + '), latency].filter((t) => t !== '').join(' · ');
}

const code = (text: string): string => `\`${text.replaceAll('`', "'")}\``;

/** Paragraphs of markdown. */
export function explanationMarkdown(explanation: Explanation): string[] {
  const { text, summary, formula } = explanation;
  const operands = toldOperands(explanation);
  const flags = flagTexts(explanation.flags);
  return [
    `**${code(text)}** ${summary}`,
    ...(formula.length === 0
      ? []
      : [`${formulaTitle(explanation)}:\n\n\`\`\`text\n${formula.join('\n')}\n\`\`\``]),
    ...(operands.length === 0
      ? []
      : [operands.map((o) => `- ${code(o.text)} ${operandText(o)}`).join('\n')]),
    `Flags: ${flags.length === 0 ? 'left as they are' : flags.join('; ')}.`,
    `*${manualText(explanation)}*`,
  ];
}
