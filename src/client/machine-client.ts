// SPDX-License-Identifier: GPL-2.0-or-later
/** The page's handle on a machine worker. */
import { proxy } from 'comlink';
import type { AheadMethod } from '../protocol/ahead.ts';
import type { MachineApi, MachineEvent, MachineListener } from '../protocol/machine.ts';
import { Ahead } from './ahead.ts';
import { WorkerLink, type WorkerCrash, type WorkerLike } from './worker-link.ts';

/**
 * What the state classes need of a machine; `MachineClient` in the page, a fake in tests.
 * Every call rejects with `WorkerGone` when the worker is gone. A call after that starts a new,
 * empty worker: boot it again.
 */
export interface MachineHandle extends Omit<MachineApi, 'listen'> {
  /** Adds a listener; @returns the function that removes it. */
  onEvent(listener: (event: MachineEvent) => void): () => void;
  onCrash(listener: (crash: WorkerCrash) => void): () => void;
  /** Ends the worker. The next call starts a fresh one. */
  restart(): void;
  dispose(): void;
}

/** Most milliseconds a running machine may take to answer; it yields every few of them. */
const ANSWER_LIMIT = 10_000;

/** Milliseconds after which news counts as dealt with although no frame has come. */
const UNPAINTED = 500;

/** Booting includes the download and compilation of the engine. */
const BOOT_LIMIT = 90_000;

function spawn(): WorkerLike {
  return new Worker(new URL('../worker/machine.entry.ts', import.meta.url), {
    type: 'module',
    name: 'machine',
  });
}

function pageAddress(): string {
  return typeof document === 'undefined' ? '' : document.baseURI;
}

/**
 * Resolves once the page has painted what it has been told, so that a machine which tells much is
 * held to what the page can show. A hidden page paints nothing and is not waited for.
 * @param began when it began to be told.
 * @returns milliseconds that it kept the page's main thread busy, as far as can be told.
 */
async function dealtWith(began: number): Promise<number> {
  if (typeof document === 'undefined' || document.visibilityState !== 'visible') return 0;
  await Promise.resolve(); // the views have changed
  const told = performance.now() - began;
  return new Promise((resolve) => {
    // The timer is for a page that is hidden before its next frame.
    const timer = setTimeout(resolve, UNPAINTED, told);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      const frame = performance.now();
      // A task behind the frame: by then it has been laid out and painted.
      setTimeout(() => resolve(told + performance.now() - frame));
    });
  });
}

export class MachineClient implements MachineHandle {
  readonly #spawn: () => WorkerLike;
  readonly #events = new Set<(event: MachineEvent) => void>();
  readonly #crashes = new Set<(crash: WorkerCrash) => void>();
  readonly #ahead = new Ahead();
  #link: WorkerLink<MachineApi> | null = null;
  #ready: Promise<void> = Promise.resolve();

  constructor(spawnWorker: () => WorkerLike = spawn) {
    this.#spawn = spawnWorker;
  }

  onEvent(listener: (event: MachineEvent) => void): () => void {
    this.#events.add(listener);
    return () => this.#events.delete(listener);
  }

  onCrash(listener: (crash: WorkerCrash) => void): () => void {
    this.#crashes.add(listener);
    return () => this.#crashes.delete(listener);
  }

  restart(): void {
    this.#link?.close();
    this.#link = null;
  }

  dispose(): void {
    this.restart();
    this.#events.clear();
    this.#crashes.clear();
  }

  readonly engines: MachineHandle['engines'] = () => this.#call((m) => m.engines(), BOOT_LIMIT);
  readonly boot: MachineHandle['boot'] = (request) => {
    this.#ahead.leave();
    return this.#call((m) => m.boot(request), BOOT_LIMIT);
  };
  readonly run: MachineHandle['run'] = (command) => {
    const ahead = this.#ahead.leave();
    return this.#call((m) => m.run(command, ahead));
  };
  readonly pause: MachineHandle['pause'] = () => this.#call((m) => m.pause());
  readonly setStops: MachineHandle['setStops'] = (breakpoints, watchpoints) => {
    this.#ahead.forget();
    return this.#call((m) => m.setStops(breakpoints, watchpoints), BOOT_LIMIT);
  };
  readonly stopHits: MachineHandle['stopHits'] = () => this.#ask('stopHits');
  readonly evaluate: MachineHandle['evaluate'] = (requests) => this.#ask('evaluate', requests);
  readonly locate: MachineHandle['locate'] = (text) => this.#call((m) => m.locate(text));
  readonly findAddress: MachineHandle['findAddress'] = (text) =>
    this.#call((m) => m.findAddress(text));
  readonly watchScalars: MachineHandle['watchScalars'] = (events, tensors) =>
    this.#call((m) => m.watchScalars(events, tensors), BOOT_LIMIT);
  readonly writeStdin: MachineHandle['writeStdin'] = (bytes) =>
    this.#call((m) => m.writeStdin(bytes));
  readonly closeStdin: MachineHandle['closeStdin'] = () => this.#call((m) => m.closeStdin());
  readonly readMemory: MachineHandle['readMemory'] = (address, length) =>
    this.#ask('readMemory', address, length);
  readonly writeMemory: MachineHandle['writeMemory'] = (address, bytes) => {
    this.#ahead.forget();
    return this.#call((m) => m.writeMemory(address, bytes));
  };
  readonly writeRegister: MachineHandle['writeRegister'] = (register, bytes) => {
    this.#ahead.forget();
    return this.#call((m) => m.writeRegister(register, bytes));
  };
  readonly patchCode: MachineHandle['patchCode'] = (patch) => {
    this.#ahead.forget();
    return this.#call((m) => m.patchCode(patch));
  };
  readonly regions: MachineHandle['regions'] = () => this.#ask('regions');
  readonly disassemble: MachineHandle['disassemble'] = (address, count) =>
    this.#ask('disassemble', address, count);
  readonly search: MachineHandle['search'] = (request) => this.#call((m) => m.search(request));
  readonly explain: MachineHandle['explain'] = (address) => this.#ask('explain', address);
  readonly describeMnemonic: MachineHandle['describeMnemonic'] = (mnemonic) =>
    this.#call((m) => m.describeMnemonic(mnemonic));
  readonly callStack: MachineHandle['callStack'] = (slots) => this.#ask('callStack', slots);
  readonly abiWarnings: MachineHandle['abiWarnings'] = () => this.#ask('abiWarnings');

  readonly timeline: MachineHandle['timeline'] = () => this.#call((m) => m.timeline());
  readonly ticks: MachineHandle['ticks'] = (from, to, most) =>
    this.#call((m) => m.ticks(from, to, most));
  readonly eventAround: MachineHandle['eventAround'] = (event, at) =>
    this.#call((m) => m.eventAround(event, at));
  readonly setRecording: MachineHandle['setRecording'] = (on, budget) =>
    this.#call((m) => m.setRecording(on, budget));
  readonly discardBranch: MachineHandle['discardBranch'] = (id) =>
    this.#call((m) => m.discardBranch(id));

  readonly setProfiling: MachineHandle['setProfiling'] = (on) =>
    this.#call((m) => m.setProfiling(on));
  readonly profile: MachineHandle['profile'] = () => this.#call((m) => m.profile());
  readonly exportProfile: MachineHandle['exportProfile'] = (format) =>
    this.#call((m) => m.exportProfile(format));

  /** What may have been answered along with the stop. */
  async #ask<M extends AheadMethod>(
    method: M,
    ...args: Parameters<MachineApi[M]>
  ): Promise<Awaited<ReturnType<MachineApi[M]>>> {
    this.#started();
    const known = this.#ahead.find(method, args);
    if (known !== null) return known.value;
    type Ask = (...args: Parameters<MachineApi[M]>) => Promise<Awaited<ReturnType<MachineApi[M]>>>;
    return this.#call((m) => (m[method] as unknown as Ask)(...args));
  }

  async #call<T>(call: (machine: MachineApi) => Promise<T>, limit = ANSWER_LIMIT): Promise<T> {
    const link = this.#started();
    await this.#ready;
    return link.call((remote) => call(remote as unknown as MachineApi), limit);
  }

  #tell(event: MachineEvent): void {
    for (const each of [...this.#events]) each(event);
  }

  #started(): WorkerLink<MachineApi> {
    if (this.#link !== null && this.#link.crash === null) return this.#link;
    const link = new WorkerLink<MachineApi>(this.#spawn(), 'machine', (crash) => {
      if (this.#link === link) this.#link = null;
      for (const listener of [...this.#crashes]) listener(crash);
    });
    this.#link = link;
    this.#ahead.leave();
    const listener = proxy<MachineListener>((events) => {
      // Events still in the queue of a worker that was replaced concern nobody.
      if (this.#link !== link) return Promise.resolve(0);
      const began = performance.now();
      for (const event of events) {
        if (event.type === 'stopped') this.#ahead.arrive(event.ahead ?? []);
      }
      for (const event of events) this.#tell(event);
      return dealtWith(began);
    });
    this.#ready = link.call((remote) => remote.listen(listener, pageAddress()), BOOT_LIMIT);
    this.#ready.catch(() => undefined);
    return link;
  }
}
