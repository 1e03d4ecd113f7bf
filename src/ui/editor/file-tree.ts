// SPDX-License-Identifier: GPL-2.0-or-later
import type { FileEntry } from '../../state/project-files.svelte.ts';

export interface TreeFolder {
  /** '' for the root, else without a slash at the end. */
  readonly path: string;
  readonly name: string;
  readonly folders: readonly TreeFolder[];
  readonly files: readonly (FileEntry & { readonly name: string })[];
}

/** One row of the tree as it is shown. */
export type TreeRow =
  | { readonly kind: 'folder'; readonly depth: number; readonly folder: TreeFolder }
  | { readonly kind: 'file'; readonly depth: number; readonly file: TreeFolder['files'][number] };

/** Files by folder; the files of the root (the programs) first, then folders by name. */
export function buildTree(entries: readonly FileEntry[], path = ''): TreeFolder {
  const prefix = path === '' ? '' : `${path}/`;
  const inside = entries.filter((e) => e.path.startsWith(prefix));
  const names = new Set<string>();
  const files: (FileEntry & { name: string })[] = [];
  for (const entry of inside) {
    const rest = entry.path.slice(prefix.length);
    const slash = rest.indexOf('/');
    if (slash < 0) files.push({ ...entry, name: rest });
    else names.add(rest.slice(0, slash));
  }
  return {
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    folders: [...names].sort().map((name) => buildTree(inside, prefix + name)),
    files,
  };
}

/** The rows in sight, closed folders without what is in them. */
export function treeRows(folder: TreeFolder, closed: ReadonlySet<string>, depth = 0): TreeRow[] {
  return [
    ...folder.files.map((file) => ({ kind: 'file', depth, file }) as const),
    ...folder.folders.flatMap((child): TreeRow[] => [
      { kind: 'folder', depth, folder: child },
      ...(closed.has(child.path) ? [] : treeRows(child, closed, depth + 1)),
    ]),
  ];
}
