// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * NASM's messages as data.
 *
 * NASM prints one line a message, `file:line: error: text`, at the outermost macro use, followed
 * by one line for each macro it was inside of (`file:line: ... from macro `m' defined here`). The
 * first is where the user can act and stays an error or a warning; the others become notes.
 */
import type { Diagnostic, Severity } from '../protocol/assembler.ts';

const SEVERITIES: readonly (readonly [prefix: string, severity: Severity])[] = [
  ['error: ', 'error'],
  ['fatal: ', 'error'],
  ['warning: ', 'warning'],
  ['note: ', 'note'],
  ['info: ', 'note'],
  ['debug: ', 'note'],
  ['... ', 'note'],
];

/** What NASM prints instead of a file name when a message belongs to none. */
const NO_FILE = 'nasm';

/** All messages of one run in NASM's order, repeated ones (with their notes) once. */
export function parseMessages(stderr: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  const seen = new Set<string>();
  let repeated = false;
  for (const line of stderr.split('\n')) {
    const text = line.trimEnd();
    if (text === '' || isSummary(text)) continue;
    const diagnostic = parseLine(text);
    if (diagnostic.severity !== 'note') {
      repeated = seen.has(text);
      seen.add(text);
    }
    if (!repeated) found.push(diagnostic);
  }
  return found;
}

function parseLine(text: string): Diagnostic {
  // The gravest ones name the place after the severity.
  const grave = /^(?:critical|panic): (.*)$/.exec(text)?.[1];
  if (grave !== undefined) return { ...parseLine(grave), severity: 'error' };
  const withLine = /^(.+?):(\d+): (.*)$/.exec(text);
  if (withLine) {
    const [, file = '', line = '0', rest = ''] = withLine;
    return { file, line: Number(line), ...severityOf(rest) };
  }
  const withFile = /^([^\s:]+): (.*)$/.exec(text);
  if (withFile && !SEVERITIES.some(([prefix]) => prefix.startsWith(`${withFile[1] ?? ''}:`))) {
    const [, file = '', rest = ''] = withFile;
    return { file: file === NO_FILE ? '' : file, line: 0, ...severityOf(rest) };
  }
  return { file: '', line: 0, ...severityOf(text) };
}

function severityOf(text: string): { severity: Severity; text: string } {
  for (const [prefix, severity] of SEVERITIES) {
    if (text.startsWith(prefix)) return { severity, text: text.slice(prefix.length) };
  }
  return { severity: 'error', text };
}

/** Lines that only say that there were messages. */
function isSummary(text: string): boolean {
  return /^Type \S+ -h for help\.$/.test(text);
}
