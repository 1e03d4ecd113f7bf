// SPDX-License-Identifier: GPL-2.0-or-later
/** What a program consists of, to be looked through: sections, functions, data, tensors, events. */
import type { DebugInfo } from '../../shared/debug-info.ts';
import { tensorSize } from '../../shared/lens.ts';

export type OutlineKind = 'section' | 'function' | 'label' | 'data' | 'tensor' | 'event';

export interface OutlineEntry {
  readonly kind: OutlineKind;
  readonly name: string;
  readonly address: number;
  /** Bytes; 0 for what has none, such as an event. */
  readonly size: number;
  /** `f64[784][32], pixel × hidden`, or the section of a symbol. */
  readonly detail: string;
  readonly file: string | null;
  readonly line: number;
}

const SYMBOL_KINDS = { code: 'function', data: 'data', local: 'label' } as const;

/** Everything, by address; a tensor takes the place of the label it stands on. */
export function outlineOf(debug: DebugInfo): OutlineEntry[] {
  const file = (index: number): string | null => debug.files[index] ?? null;
  const tensors = new Set(debug.tensors.map((tensor) => `${tensor.name} ${tensor.address}`));
  const entries: OutlineEntry[] = [
    ...debug.sections.map((section) => ({
      kind: 'section' as const,
      name: section.name,
      address: section.start,
      size: section.size,
      detail: '',
      file: null,
      line: 0,
    })),
    ...debug.symbols
      .filter((symbol) => !tensors.has(`${symbol.name} ${symbol.address}`))
      .map((symbol) => ({
        kind: SYMBOL_KINDS[symbol.kind],
        name: symbol.name,
        address: symbol.address,
        size: symbol.size,
        detail: symbol.section,
        file: file(symbol.file),
        line: symbol.line,
      })),
    ...debug.tensors.map((tensor) => ({
      kind: 'tensor' as const,
      name: tensor.name,
      address: tensor.address,
      size: tensorSize(tensor),
      detail: shapeText(tensor),
      file: file(tensor.file),
      line: tensor.line,
    })),
    ...debug.events.map((event) => ({
      kind: 'event' as const,
      name: event.name,
      address: event.address,
      size: 0,
      detail: '',
      file: file(event.file),
      line: event.line,
    })),
  ];
  const rank = (entry: OutlineEntry): number => (entry.kind === 'section' ? 0 : 1);
  return entries.sort((a, b) => a.address - b.address || rank(a) - rank(b));
}

function shapeText({ type, shape, axes }: DebugInfo['tensors'][number]): string {
  if (shape.length === 0) return `${type}, one value`;
  return `${type}${shape.map((n) => `[${n}]`).join('')}, ${axes.join(' × ')}`;
}

/** Entries of the kinds chosen whose name, file or detail has every word of the filter. */
export function filterOutline(
  entries: readonly OutlineEntry[],
  filter: string,
  kind: OutlineKind | 'all',
): readonly OutlineEntry[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter((entry) => {
    // Labels within functions are many: shown when asked for.
    if (kind === 'all' ? entry.kind === 'label' && words.length === 0 : entry.kind !== kind) {
      return false;
    }
    const text = `${entry.name} ${entry.detail} ${entry.file ?? ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
