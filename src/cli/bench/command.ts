// SPDX-License-Identifier: GPL-2.0-or-later
/** Running what is measured: on one core where the system can pin, and with its output read. */
import { spawnSync } from 'node:child_process';

let canPin: boolean | undefined;

/**
 * The command that runs `command` on the given cores, or the command itself where nothing can pin.
 * @param cores as `taskset -c` takes them, for example `0` or `0-1`
 */
export function pinned(command: readonly string[], cores = '0'): [string, ...string[]] {
  canPin ??= spawnSync('taskset', ['-c', '0', 'true']).status === 0;
  const [file = '', ...args] = command;
  return canPin ? ['taskset', '-c', cores, file, ...args] : [file, ...args];
}

/** What a pinned command prints; null when it is not there or fails. */
export function output(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cores?: string,
): string | null {
  const [file, ...args] = pinned(command, cores);
  const result = spawnSync(file, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  return result.status === 0 ? result.stdout : null;
}
