// SPDX-License-Identifier: GPL-2.0-or-later

const PREFIX = '../../asm/';

const modules: Record<string, string> = import.meta.glob('../../asm/**/*.{asm,inc}', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** The program's sources as they were when the page was built: path relative to `asm/` to text. */
export const ORIGINAL_SOURCES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(modules)
    .map(([path, text]) => [path.slice(PREFIX.length), text] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);
