// SPDX-License-Identifier: GPL-2.0-or-later

/** What this browser lacks and we cannot do without, as a sentence for people; or null. */
export function missingFeature(scope: Record<string, unknown> = globalThis): string | null {
  const needs: readonly (readonly [string, string])[] = [
    ['WebAssembly', 'WebAssembly'],
    ['Worker', 'web workers'],
    ['BigInt', '64-bit integers (BigInt)'],
    ['ResizeObserver', 'ResizeObserver'],
  ];
  const missing = needs.filter(([name]) => scope[name] === undefined).map(([, text]) => text);
  if (missing.length === 0) return null;
  return (
    `Glassbox is a whole computer in a page, and this browser lacks ${missing.join(' and ')}, ` +
    'or has it switched off. A current Firefox, Chrome, Edge or Safari will do.'
  );
}
