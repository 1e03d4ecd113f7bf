// SPDX-License-Identifier: GPL-2.0-or-later
/** A profile as a file. */
import type { ProfileFormat, ProfileNode, ProfileReport } from '../../protocol/profile.ts';

export function exportReport(report: ProfileReport, format: ProfileFormat): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(report, null, 1)}\n`;
    case 'csv':
      return csv(report);
    case 'collapsed':
      return collapsed(report.root).join('\n') + '\n';
    case 'speedscope':
      return `${JSON.stringify(speedscope(report))}\n`;
  }
}

function quoted(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One table: what kind of row, its name and place, and its numbers. */
function csv({ lines, functions, classes }: ProfileReport): string {
  const rows: (string | number | null)[][] = [
    ['kind', 'name', 'file', 'line', 'instructions', 'total', 'times'],
    ...functions.map((f) => ['function', f.name, f.file, f.line, f.self, f.total, f.calls]),
    ...lines.map((l) => ['line', '', l.file, l.line, l.count, null, l.times]),
    ...classes.map((c) => ['class', c.name, null, null, c.count, null, null]),
    ...classes.flatMap((c) =>
      c.mnemonics.map((m) => ['mnemonic', m.name, null, null, m.count, null, null]),
    ),
  ];
  return rows.map((row) => row.map(quoted).join(',')).join('\n') + '\n';
}

/** `main;called;called count`: a line for each path, as flame graph tools take it. */
function collapsed(node: ProfileNode | null, above = ''): string[] {
  if (!node) return [];
  const path = above + node.name.replaceAll(';', ':');
  const own = node.self > 0 ? [`${path} ${node.self}`] : [];
  return [...own, ...node.children.flatMap((child) => collapsed(child, `${path};`))];
}

/** https://github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources, as samples. */
function speedscope({ root, total }: ProfileReport): unknown {
  const frames: { name: string }[] = [];
  const numbers = new Map<string, number>();
  const samples: number[][] = [];
  const weights: number[] = [];
  const walk = (node: ProfileNode, above: readonly number[]): void => {
    let frame = numbers.get(node.name);
    if (frame === undefined) {
      frame = frames.push({ name: node.name }) - 1;
      numbers.set(node.name, frame);
    }
    const stack = [...above, frame];
    if (node.self > 0) {
      samples.push(stack);
      weights.push(node.self);
    }
    for (const child of node.children) walk(child, stack);
  };
  if (root) walk(root, []);
  return {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    shared: { frames },
    profiles: [
      {
        type: 'sampled',
        name: 'instructions executed',
        unit: 'none',
        startValue: 0,
        endValue: total,
        samples,
        weights,
      },
    ],
    exporter: 'glassbox',
  };
}
