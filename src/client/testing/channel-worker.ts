// SPDX-License-Identifier: GPL-2.0-or-later
/** One end of a `MessageChannel` dressed as a worker, its other end an object exposed by Comlink. */
import { expose } from 'comlink';
import type { WorkerLike } from '../worker-link.ts';

export interface ChannelWorker extends WorkerLike {
  readonly ended: boolean;
  /** As if the script had thrown. */
  fail(message: string): void;
}

export function channelWorker(api: object): ChannelWorker {
  const { port1, port2 } = new MessageChannel();
  expose(api, port2);
  const errors = new Set<(event: Event) => void>();
  let ended = false;
  return {
    get ended() {
      return ended;
    },
    postMessage: (message, transfer) => port1.postMessage(message, transfer),
    addEventListener: (type, listener) => {
      if (type === 'error') errors.add(listener);
      else port1.addEventListener(type, listener);
    },
    removeEventListener: (type, listener) => {
      if (type === 'error') errors.delete(listener);
      else port1.removeEventListener(type, listener);
    },
    start: () => port1.start(),
    terminate: () => {
      ended = true;
      port1.close();
      port2.close();
    },
    fail: (message) => {
      const event = Object.assign(new Event('error'), { message });
      for (const listener of [...errors]) listener(event);
    },
  };
}
