// SPDX-License-Identifier: GPL-2.0-or-later
/** Time as the guest sees it; passed in, so that tests and replays decide what time it is. */
export interface Clock {
  /** Nanoseconds since 1970-01-01 UTC. */
  realtime(): bigint;
  /** Nanoseconds since an arbitrary start; never goes back. */
  monotonic(): bigint;
  /** Resolves after `nanoseconds`, or as soon as `signal` is aborted. */
  sleep(nanoseconds: bigint, signal?: AbortSignal): Promise<void>;
}

const NS_PER_MS = 1_000_000;
/** The longest delay a host timer takes, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The host's clock; `performance` and timers are the same in Node, a page and a worker. */
export function hostClock(): Clock {
  return {
    realtime: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n,
    monotonic: () => BigInt(Math.round(performance.now() * NS_PER_MS)),
    sleep: async (nanoseconds, signal) => {
      let left = Number(nanoseconds) / NS_PER_MS;
      while (left > 0 && signal?.aborted !== true) {
        const part = Math.min(left, LONGEST_TIMER);
        await timer(Math.ceil(part), signal);
        left -= part;
      }
    },
  };
}

function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(id);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const id = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
