// SPDX-License-Identifier: GPL-2.0-or-later
/** The guest's files where the browser refuses to store any: in memory, for as long as the worker lives. */
import type { GuestFiles } from '../machine/files.ts';
import { MemoryFiles } from '../machine/memory-files.ts';
import { DataSets } from '../storage/datasets.ts';

export interface ServedFiles {
  readonly files: GuestFiles;
  /** What could not be fetched, as sentences. */
  readonly problems: readonly string[];
}

/**
 * Files in memory with the embedded weights and digits in place, fetched from the page's server.
 * @param page the page's address, against which `data/…` is resolved.
 */
export async function servedFiles(
  page: string,
  fetcher?: ConstructorParameters<typeof DataSets>[2],
): Promise<ServedFiles> {
  const files = new MemoryFiles();
  for (const directory of ['data/digits', 'data/mnist', 'data/weights']) {
    files.makeDirectory(directory);
  }
  const store = {
    read: (path: string) => Promise.resolve(files.get(path)),
    write: (path: string, bytes: Uint8Array) => Promise.resolve(files.put(path, bytes)),
    remove: (path: string) => Promise.resolve(void files.unlink(path)),
    list: () => Promise.resolve(files.paths()),
  };
  const sets = new DataSets(store, page, fetcher);
  const done = await Promise.all([sets.ensureWeights(), sets.ensureDigits()]);
  return { files, problems: done.flatMap((result) => (result.ok ? [] : [result.error])) };
}
