// SPDX-License-Identifier: GPL-2.0-or-later
/** The table of translated instructions as Markdown: the text of docs/jit-instructions.md. */
import { SSE_SUFFIX } from './describe.ts';
import { LIFTERS } from './lift/table.ts';

export function instructionTable(): string {
  const families = new Map<string, { name: string; except: string }[]>();
  for (const [mnemonic, { family, except }] of LIFTERS) {
    const name = mnemonic.replace(SSE_SUFFIX, ' (SSE)').toLowerCase();
    const list = families.get(family);
    if (list) list.push({ name, except });
    else families.set(family, [{ name, except }]);
  }
  const lines = [
    '# Instructions that the JIT translates',
    '',
    'Generated from `src/cpu/jit/lift/` by `tsx src/cli/jit-view.ts --table`; a test compares.',
    'Everything else is executed by the reference engine, one instruction at a time.',
    `In all ${LIFTERS.size} mnemonics, in every legacy-encoded form on general registers, xmm and`,
    'memory unless the table says otherwise; forms on mmx, segment, control and debug registers and',
    'privileged instructions are not translated.',
  ];
  for (const [family, entries] of families) {
    lines.push('', `## ${family.charAt(0).toUpperCase()}${family.slice(1)}`, '');
    const plain = entries.filter((e) => e.except === '').map((e) => `\`${e.name}\``);
    if (plain.length > 0) lines.push(plain.sort().join(' '));
    const partial = entries.filter((e) => e.except !== '');
    if (plain.length > 0 && partial.length > 0) lines.push('');
    if (partial.length > 0) lines.push(...markdownTable(partial));
  }
  return `${lines.join('\n')}\n`;
}

/** Columns padded as Prettier pads them. */
function markdownTable(entries: readonly { name: string; except: string }[]): string[] {
  const rows = [
    ['instruction', 'left to the reference engine'],
    ...entries.map((e) => [`\`${e.name}\``, e.except]),
  ];
  const widths = [0, 1].map((i) => Math.max(...rows.map((r) => r[i]?.length ?? 0)));
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${cells.map((c, i) => c.padEnd(widths[i] ?? 0, fill)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(['', ''], '-'), ...body.map((r) => line(r))];
}
