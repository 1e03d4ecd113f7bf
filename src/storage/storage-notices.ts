// SPDX-License-Identifier: GPL-2.0-or-later
/** What the file store has to tell people, and what the browser's errors mean. */
import { ERRNO } from '../machine/linux/errno.ts';

/** Something the user should hear of; `text` is a sentence or two. */
export interface StorageNotice {
  readonly kind:
    /** The browser gives no more room: the write failed. */
    | 'quota'
    /** Another tab keeps an older version open; this one waits for it. */
    | 'blocked'
    /** Another tab needs a newer version: this store is closed and the page must be reloaded. */
    | 'outdated'
    /** The browser closed the database, for example because site data was cleared. */
    | 'lost';
  readonly text: string;
}

export const NOTICES = {
  quota: 'The browser gives this page no more room for files. Remove some, or free disk space.',
  blocked: 'Another tab has an older Glassbox open. Close or reload it; this one waits for it.',
  outdated: 'A newer Glassbox was opened in another tab. Reload this page to go on.',
  lost: 'The browser closed the file store, perhaps because site data was cleared. Reload the page.',
  newer: 'The files here were stored by a newer Glassbox. Reload the page to get it.',
} as const;

/** `QuotaExceededError`, `VersionError` …; '' for what is no error. */
export function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : '';
}

/** The Linux error number for a failed transaction. */
export function errnoOfStorage(error: unknown): number {
  return nameOf(error) === 'QuotaExceededError' ? ERRNO.ENOSPC : ERRNO.EIO;
}
