// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Holds a shared lock as long as a store is open; whoever finds nobody else may sweep up first.
 * Where the host has no Web Locks nothing is locked and nothing swept.
 * @returns the way to let go.
 */
export async function takeLock(name: string, sweep: () => Promise<void>): Promise<() => void> {
  const { locks } = (globalThis as { navigator?: { locks?: LockManager } }).navigator ?? {};
  if (locks === undefined) return () => undefined;
  await locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock !== null) await sweep();
  });
  return new Promise((resolve) => {
    void locks.request(
      name,
      { mode: 'shared' },
      () => new Promise<void>((release) => resolve(() => release())),
    );
  });
}
