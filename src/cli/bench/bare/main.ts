// SPDX-License-Identifier: GPL-2.0-or-later
/** The product's machine worker in a page that shows nothing: what the benches drive from outside. */
import { MachineClient } from '../../../client/machine-client.ts';
import type { EngineChoice } from '../../../protocol/machine.ts';
import { CpuState } from '../../../shared/cpu-state.ts';
import { GuestFileStore } from '../../../storage/guest-files.ts';

export interface BareRun {
  /** From the command to its end, without the start of the engine. */
  readonly ms: number;
  readonly instructions: number;
}

export interface BareMachine {
  /** Puts what the server has at `url` into the guest's files. */
  put(path: string, url: string): Promise<void>;
  /** SHA-256 of a file of the guest's. */
  sha256(path: string): Promise<string>;
  /**
   * Runs a program to its end.
   * @param record whether the run is recorded, as it is in the product unless one says no.
   * @param fresh whether in a worker that has run nothing before.
   */
  run(
    imageUrl: string,
    args: readonly string[],
    engine: EngineChoice,
    record: boolean,
    fresh: boolean,
  ): Promise<BareRun>;
}

declare global {
  var machine: BareMachine | undefined;
}

async function fetched(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function openMachine(): Promise<BareMachine> {
  const opened = await GuestFileStore.open();
  if (!opened.ok) throw new Error(opened.error);
  const store = opened.value;
  const client = new MachineClient();
  return {
    async put(path, url) {
      const written = await store.write(path, await fetched(url));
      if (!written.ok) throw new Error(written.error);
    },
    async sha256(path) {
      const bytes = await store.read(path);
      if (bytes === null) throw new Error(`the program has not written ${path}`);
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    },
    async run(imageUrl, args, engine, record, fresh) {
      if (fresh) client.restart();
      const image = await fetched(imageUrl);
      const request = { image, debug: null, argv: ['program', ...args], engine, record };
      const booted = await client.boot(request);
      if (!booted.ok) throw new Error(booted.error);
      return new Promise((resolve, reject) => {
        const leave = client.onEvent((event) => {
          if (event.type !== 'stopped') return;
          leave();
          const ms = performance.now() - started;
          const { reason, snapshot } = event;
          const { instructions } = new CpuState(snapshot.state);
          if (reason.kind === 'exit' && reason.status === 0) resolve({ ms, instructions });
          else reject(new Error(`the program ended with ${JSON.stringify(reason)}`));
        });
        const started = performance.now();
        client.run({ kind: 'continue' }).catch(reject);
      });
    },
  };
}

globalThis.machine = await openMachine();
