// SPDX-License-Identifier: GPL-2.0-or-later
/** The tables of a profile: their columns, their rows, their order. */
import type { ProfileReport } from '../../protocol/profile.ts';
import type { ProfileSort, ProfileView } from '../../state/profile.svelte.ts';
import { formatShare } from '../../shared/format.ts';

export type TableView = Exclude<ProfileView, 'calls'>;

export interface ProfileColumn {
  readonly id: 'name' | 'self' | 'total' | 'times';
  readonly label: string;
  /** What it says, in a sentence. */
  readonly tip: string;
}

export interface ProfileRow {
  readonly key: string;
  readonly name: string;
  readonly detail: string;
  readonly self: number;
  /** With what it calls; null where that has no meaning. */
  readonly total: number | null;
  readonly times: number | null;
  /** Where it stands in the sources. */
  readonly place: { readonly file: string; readonly line: number } | null;
  /** Where it stands in memory. */
  readonly address: number | null;
  /** What it is made of; shown on demand. */
  readonly parts: readonly ProfileRow[];
}

const NAME = { id: 'name', tip: 'Sort by name' } as const;
const OWN = 'Instructions executed, and their part of all';

export const COLUMNS: Readonly<Record<TableView, readonly ProfileColumn[]>> = {
  lines: [
    { ...NAME, label: 'Line' },
    { id: 'self', label: 'Instructions', tip: OWN },
    { id: 'times', label: 'Times', tip: 'How often the line was executed' },
  ],
  functions: [
    { ...NAME, label: 'Function' },
    { id: 'self', label: 'Self', tip: `${OWN}, in its own code` },
    { id: 'total', label: 'Total', tip: `${OWN}, with what it calls` },
    { id: 'times', label: 'Calls', tip: 'How often it was called' },
  ],
  kinds: [
    { ...NAME, label: 'Kind' },
    { id: 'self', label: 'Instructions', tip: OWN },
  ],
};

const NOTHING = { total: null, times: null, place: null, address: null, parts: [] };

/** @param textOf the text of a source line, as it was assembled. */
export function rowsOf(
  report: ProfileReport,
  view: TableView,
  textOf: (file: string, line: number) => string,
): ProfileRow[] {
  switch (view) {
    case 'lines':
      return report.lines.map(({ file, line, count, times }) => {
        const name = `${file}:${line}`;
        const place = { file, line };
        return {
          ...NOTHING,
          key: name,
          name,
          detail: textOf(file, line),
          self: count,
          times,
          place,
        };
      });
    case 'functions':
      return report.functions.map(({ name, address, file, line, self, total, calls }) => {
        const place = file === null || line === null ? null : { file, line };
        const detail = place === null ? '' : `${place.file}:${place.line}`;
        const numbers = { self, total, times: calls };
        return { ...NOTHING, key: name, name, detail, ...numbers, place, address };
      });
    case 'kinds':
      return report.classes.map(({ name, count, mnemonics }) => {
        const parts = mnemonics.map((m) => {
          const share = `${formatShare(m.count, count)} of them`;
          const row = { key: `${name}/${m.name}`, name: m.name, detail: share, self: m.count };
          return { ...NOTHING, ...row };
        });
        const most = mnemonics
          .slice(0, 4)
          .map((m) => m.name)
          .join(', ');
        const detail = mnemonics.length > 4 ? `${most}, …` : most;
        return { ...NOTHING, key: name, name, detail, self: count, parts };
      });
  }
}

/** In the order asked for; as they come, the largest first, without one. */
export function sorted(rows: readonly ProfileRow[], sort: ProfileSort | null): ProfileRow[] {
  if (sort === null) return [...rows];
  const way = sort.down ? -1 : 1;
  const column = sort.column;
  if (column === 'name') {
    const names = new Intl.Collator('en', { numeric: true });
    return rows.toSorted((a, b) => way * names.compare(a.name, b.name));
  }
  const value = (row: ProfileRow): number =>
    (column === 'total' ? row.total : column === 'times' ? row.times : row.self) ?? 0;
  return rows.toSorted((a, b) => way * (value(a) - value(b)));
}
