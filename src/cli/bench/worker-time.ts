// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Processor time of the browser's workers. On a machine that is busy, the time by the clock says how
 * much of it a thread got; this says what it had to do.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux names threads by 15 characters; these are Chromium's. */
const WORKER = 'DedicatedWorker';

/** Milliseconds of a tick of /proc: 100 a second on every Linux there is. */
const TICK = 10;

/** Fields of /proc/…/stat behind the name in brackets, which may hold anything. */
function stat(path: string): { name: string; fields: string[] } | null {
  try {
    const text = readFileSync(path, 'utf8');
    const end = text.lastIndexOf(')');
    return { name: text.slice(text.indexOf('(') + 1, end), fields: text.slice(end + 2).split(' ') };
  } catch {
    return null; // it has ended
  }
}

function numbersIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** This process and all that come from it. */
function family(): Set<string> {
  const parents = numbersIn('/proc').map(
    (pid) => [pid, stat(`/proc/${pid}/stat`)?.fields[1]] as const,
  );
  const found = new Set([String(process.pid)]);
  for (const member of found) {
    for (const [pid, parent] of parents) if (parent === member) found.add(pid);
  }
  return found;
}

/** Milliseconds that a thread has computed: to the nanosecond where the kernel counts so, or by ticks. */
function computed(folder: string, fields: readonly string[]): number {
  try {
    return Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return (Number(fields[11]) + Number(fields[12])) * TICK;
  }
}

/** What the workers of all browsers started here have computed so far, ms, by their threads. */
function workerTimes(): Map<string, number> {
  const times = new Map<string, number>();
  for (const pid of family()) {
    for (const task of numbersIn(`/proc/${pid}/task`)) {
      const folder = `/proc/${pid}/task/${task}`;
      const thread = stat(`${folder}/stat`);
      if (thread?.name.startsWith(WORKER) !== true) continue;
      times.set(task, computed(folder, thread.fields));
    }
  }
  return times;
}

/**
 * Begins to take the time.
 * @returns a function that returns the milliseconds that workers of browsers started here have
 *   computed since, user and system, those left aside that have ended; null where the system does
 *   not tell.
 */
export function workerTime(): () => number | null {
  if (process.platform !== 'linux') return () => null;
  const before = workerTimes();
  return () => {
    let ms = 0;
    for (const [task, now] of workerTimes()) ms += now - (before.get(task) ?? 0);
    return ms;
  };
}
