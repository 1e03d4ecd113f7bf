// SPDX-License-Identifier: GPL-2.0-or-later
/** Running what is measured: on one core where the system can pin, with its output read, its time taken. */
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

export interface Finished {
  readonly stderr: string;
  /**
   * Milliseconds of processor time, user and system, of all threads from start to end: what else the
   * machine does counts for little in it. Where there is no POSIX shell, milliseconds by the clock.
   */
  readonly ms: number;
}

/** Where there are several, the one whose `times` is in milliseconds; others have hundredths. */
const SHELLS = ['bash', 'sh'] as const;
let shell: string | undefined;

/** Runs the command, then says on descriptor 3 what processor time the shell's children have taken. */
const TIMED = '"$@"; status=$?; times >&3; exit $status';

/** Runs a command to its end, on any core. @throws Error when it fails */
export function timed(command: readonly string[], cwd: string): Finished {
  shell ??= SHELLS.find((name) => spawnSync(name, ['-c', 'times']).status === 0) ?? '';
  const [file = '', ...args] = shell === '' ? command : [shell, '-c', TIMED, shell, ...command];
  const started = performance.now();
  const {
    status,
    error,
    output: printed,
  } = spawnSync(file, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    maxBuffer: 1 << 26,
  });
  const clock = performance.now() - started;
  if (error) throw error;
  const [, , stderr, times] = printed.map((text) => text ?? '');
  if (status !== 0) throw new Error(`${command.join(' ')}: ${(stderr ?? '').trim()}`);
  return { stderr: stderr ?? '', ms: childrenMs(times ?? '') ?? clock };
}

/** Of what `times` prints, the second line is of the children: `0m1.250s 0m0.020s`. */
function childrenMs(times: string): number | null {
  const [, line = ''] = times.split('\n');
  const parts = [...line.matchAll(/(\d+)m([\d.]+)s/g)];
  if (parts.length !== 2) return null;
  return parts.reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  );
}
