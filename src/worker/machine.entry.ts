// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Where the machine worker starts. Its modules await their WebAssembly at the top level, and a
 * worker's messages flow before that ends: those that come early are kept and delivered after.
 */
const early: MessageEvent[] = [];
const keep = (event: MessageEvent): void => void early.push(event);

self.addEventListener('message', keep);
await import('./machine.worker.ts');
self.removeEventListener('message', keep);
for (const { data, ports } of early) {
  self.dispatchEvent(new MessageEvent('message', { data: data as unknown, ports: [...ports] }));
}
