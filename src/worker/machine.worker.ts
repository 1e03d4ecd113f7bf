// SPDX-License-Identifier: GPL-2.0-or-later
/** The machine as a worker: RAM, engine, process and session behind `MachineApi`. */
import * as Comlink from 'comlink';
import type { Engine } from '../cpu/cpu.ts';
import { createEngine, ENGINE_NAMES } from '../cpu/engines.ts';
import { disassemble } from '../debugger/disassemble.ts';
import { describeMnemonic } from '../debugger/inspect/help/table.ts';
import { Inspector } from '../debugger/inspect/inspector.ts';
import { listRegions, pokeMemory, pokeRegister, readWindow } from '../debugger/inspect.ts';
import { patchCode } from '../debugger/patch-code.ts';
import { CountedEngine } from '../debugger/profile/counted-engine.ts';
import { ProfileDesk } from '../debugger/profile/profile-desk.ts';
import { Session } from '../debugger/session.ts';
import { StopDesk } from '../debugger/stops/stop-desk.ts';
import { isTimeCommand } from '../debugger/time/commands.ts';
import { TimeFiles } from '../debugger/time/time-files.ts';
import { DEFAULT_BUDGET } from '../debugger/time/branches.ts';
import { hostClock } from '../machine/clock.ts';
import type { GuestFiles } from '../machine/files.ts';
import { GuestMemory } from '../machine/memory.ts';
import { Process } from '../machine/process.ts';
import type {
  BootRequest,
  BootResult,
  EngineChoice,
  MachineApi,
  MachineListener,
} from '../protocol/machine.ts';
import type { Around, Timeline, TimelineTick } from '../protocol/time.ts';
import { isAddr } from '../shared/brand.ts';
import { GuestFileStore } from '../storage/guest-files.ts';
import { Feed } from './feed.ts';
import { isTold } from './news.ts';
import { Post } from './post.ts';
import { Preparing } from './preparing.ts';
import { servedFiles } from './served-files.ts';

/** A turn of the event loop; timers are clamped to milliseconds, messages are not. */
function makeBreathe(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(null);
    });
}

/** Milliseconds after a stop in which the page asks for what it shows; nothing else is done then. */
const IDLE = 30;

/** Most instructions of one disassembly. */
const MOST_INSTRUCTIONS = 512;

class MachineWorker implements MachineApi {
  readonly #breathe = makeBreathe();
  readonly #memory = new GuestMemory();
  readonly #stops = new StopDesk(this.#memory);
  readonly #profile = new ProfileDesk(this.#memory);
  readonly #engines = new Map<EngineChoice, Engine>();
  readonly #post = new Post(this);
  readonly #feed = new Feed(
    (event) => this.#post.send(event),
    () => this.#post.hurry(),
  );
  readonly #preparing = new Preparing(
    () => this.#isRunning() && this.#process?.waiting !== 'stdin',
  );
  #page = self.location.href;
  #files: Promise<GuestFiles> | null = null;
  #process: Process | null = null;
  #session: Session | null = null;
  #inspector: Inspector | null = null;
  #debug: BootRequest['debug'] = null;
  #watched: { readonly events: readonly string[]; readonly tensors: readonly string[] } = {
    events: [],
    tensors: [],
  };

  #recording = { on: true, budget: DEFAULT_BUDGET };

  listen(listener: MachineListener, page: string): Promise<void> {
    this.#post.listener = listener;
    this.#page = page;
    return Promise.resolve();
  }

  engines(): Promise<readonly EngineChoice[]> {
    return Promise.resolve(ENGINE_NAMES);
  }

  async boot(request: BootRequest): Promise<BootResult> {
    this.#end();
    const files = await (this.#files ??= this.#openFiles());
    let engine: Engine;
    try {
      engine = await this.#engine(request.engine);
    } catch (error) {
      return { ok: false, error: `The engine could not be loaded: ${String(error)}` };
    }
    this.#end(); // another boot may have come between
    const record = request.record ?? this.#recording.on;
    const timeFiles = record ? new TimeFiles(files, () => this.#memory.state.instructions) : null;
    const started = Process.start(this.#memory, request.image, request.argv, {
      fs: timeFiles ?? files,
      clock: hostClock(),
      random: (bytes) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>),
      output: this.#feed.output,
      strace: this.#feed.strace,
    });
    if (!started.ok) return { ok: false, error: `The program cannot be loaded: ${started.error}.` };
    this.#process = started.value;
    this.#debug = request.debug;
    const counted = new CountedEngine(engine, () => this.#session?.time.past ?? false);
    const session = new Session({
      memory: this.#memory,
      process: started.value,
      engine: counted,
      debug: request.debug,
      breathe: this.#breathe,
      idle: () => new Promise((resolve) => setTimeout(resolve, IDLE)),
      now: () => performance.now(),
      recording: record ? { files: timeFiles, budget: this.#recording.budget } : null,
      onEvent: (event) => {
        if (this.#session !== session) return;
        if (event.type === 'stopped') this.#inspector?.atStop();
        // In the console, and in one message with a stop, the output so far comes first.
        if (!isTold(event) || event.type === 'log') this.#feed.flush();
        void this.#post.send(event);
      },
    });
    this.#stops.attach(session);
    this.#profile.attach(counted, session.index);
    session.watchScalars(this.#watched.events, this.#watched.tensors);
    this.#session = session;
    this.#inspector = new Inspector(this.#memory, session.index);
    this.#inspector.atStop();
    void this.#post.send({ type: 'timeline', timeline: session.time.timeline() });
    this.#preparing.begin(engine);
    return { ok: true, snapshot: session.snapshot() };
  }

  /** Ends the process, if there is one; what it printed is sent. */
  #end(): void {
    this.#preparing.end();
    this.#session?.dispose();
    this.#session = null;
    this.#stops.attach(null);
    this.#profile.attach(null);
    this.#inspector = null;
    this.#process = null;
    this.#feed.flush();
  }

  readonly run: MachineApi['run'] = (command, ahead = []) => {
    const session = this.#session;
    this.#preparing.touch();
    this.#post.ahead = ahead;
    this.#feed.hold();
    if (session?.running === false) {
      if (session.end !== null && !isTimeCommand(command)) {
        void this.#post.send({
          type: 'stopped',
          reason: session.end,
          snapshot: session.snapshot(),
        });
      } else {
        session.run(command).catch(reportError); // a bug of ours: the page is told by an error event
      }
    }
    return Promise.resolve();
  };

  async pause(): Promise<void> {
    if (!this.#isRunning()) return;
    // A write that waits for the page only ends first: else the step after this would be its end.
    if (this.#feed.letGo()) await this.#breathe();
    if (this.#isRunning()) this.#session?.pause();
  }

  readonly setStops: MachineApi['setStops'] = (breakpoints, watchpoints) => {
    this.#preparing.again(); // code with other stops in it is other code
    return Promise.resolve(this.#stops.set(breakpoints, watchpoints));
  };

  readonly stopHits: MachineApi['stopHits'] = () => Promise.resolve(this.#stops.hits());

  readonly evaluate: MachineApi['evaluate'] = (requests) =>
    Promise.resolve(this.#stops.evaluate(requests));

  readonly locate: MachineApi['locate'] = (text) => Promise.resolve(this.#stops.locate(text));

  readonly findAddress: MachineApi['findAddress'] = (text) =>
    Promise.resolve(this.#stops.findAddress(text));

  watchScalars(events: readonly string[], tensors: readonly string[]): Promise<void> {
    this.#watched = { events, tensors };
    this.#session?.watchScalars(events, tensors);
    return Promise.resolve();
  }

  writeStdin(bytes: Uint8Array): Promise<void> {
    this.#preparing.touch();
    this.#process?.stdin.push(bytes);
    return Promise.resolve();
  }

  closeStdin(): Promise<void> {
    this.#process?.stdin.close();
    return Promise.resolve();
  }

  readonly readMemory: MachineApi['readMemory'] = (address, length) => {
    const window = readWindow(this.#memory, address, length);
    const buffers = [window.bytes.buffer, window.mapped.buffer] as ArrayBuffer[];
    return Promise.resolve(Comlink.transfer(window, buffers));
  };

  writeMemory(address: number, bytes: Uint8Array): Promise<string | null> {
    return Promise.resolve(this.#edit(() => pokeMemory(this.#memory, address, bytes)));
  }

  writeRegister(register: string, bytes: Uint8Array): Promise<string | null> {
    return Promise.resolve(this.#edit(() => pokeRegister(this.#memory, register, bytes)));
  }

  readonly patchCode: MachineApi['patchCode'] = (patch) => {
    const process = this.#process;
    const index = this.#session?.index ?? null;
    if (process === null) return Promise.resolve('There is no program in the machine.');
    const change = (): string | null => patchCode(this.#memory, process, index, patch);
    return Promise.resolve(this.#edit(change, patch.debug));
  };

  readonly regions: MachineApi['regions'] = () =>
    Promise.resolve(
      this.#process === null ? [] : listRegions(this.#memory, this.#process, this.#debug),
    );

  readonly search: MachineApi['search'] = (request) =>
    Promise.resolve(this.#inspector?.search(request) ?? { hits: [], next: null });

  readonly explain: MachineApi['explain'] = (address) =>
    Promise.resolve(this.#inspector?.explain(address) ?? null);

  readonly describeMnemonic: MachineApi['describeMnemonic'] = (mnemonic) =>
    Promise.resolve(describeMnemonic(mnemonic));

  readonly callStack: MachineApi['callStack'] = (slots) => {
    const nothing = { frames: [], slots: [], warnings: [], complete: true };
    return Promise.resolve(this.#inspector?.callStack(slots) ?? nothing);
  };

  readonly abiWarnings: MachineApi['abiWarnings'] = () =>
    Promise.resolve(this.#inspector?.abiWarnings() ?? []);

  readonly disassemble: MachineApi['disassemble'] = (address, count) => {
    const index = this.#session?.index ?? null;
    const nameOf = (target: number): string | null => index?.describe(target) ?? null;
    const most = Math.min(count, MOST_INSTRUCTIONS);
    return Promise.resolve(isAddr(address) ? disassemble(this.#memory, address, most, nameOf) : []);
  };

  setProfiling(on: boolean): Promise<void> {
    this.#profile.switch(on);
    return Promise.resolve();
  }

  readonly profile: MachineApi['profile'] = () => Promise.resolve(this.#profile.report());

  readonly exportProfile: MachineApi['exportProfile'] = (format) =>
    Promise.resolve(this.#profile.export(format));

  timeline(): Promise<Timeline> {
    return Promise.resolve(this.#session?.time.timeline() ?? this.#noTimeline());
  }

  ticks(from: number, to: number, most: number): Promise<readonly TimelineTick[]> {
    return Promise.resolve(this.#session?.time.ticks(from, to, most) ?? []);
  }

  eventAround(event: string, at: number): Promise<Around> {
    return Promise.resolve(this.#session?.time.around(event, at) ?? { from: null, to: null });
  }

  setRecording(on: boolean, budget: number): Promise<string | null> {
    if (this.#isRunning()) {
      return Promise.resolve('Pause the program before you change the recording.');
    }
    const error = this.#session?.time.setRecording(on, budget) ?? null;
    if (error === null) this.#recording = { on, budget };
    return Promise.resolve(error);
  }

  discardBranch(id: number): Promise<string | null> {
    return Promise.resolve(this.#session?.time.discard(id) ?? null);
  }

  #isRunning(): boolean {
    return this.#session?.running === true;
  }

  #noTimeline(): Timeline {
    const { on, budget } = this.#recording;
    const nothing = { first: 0, end: 0, position: 0, bytes: 0, checkpoints: 0, branch: 0 };
    return { recording: on, past: false, budget, branches: [], ...nothing };
  }

  /** Changes the state, if it may be changed now. @returns an error text, or null. */
  #edit(change: () => string | null, debug: BootRequest['debug'] = null): string | null {
    if (this.#session === null) return 'There is no program in the machine.';
    if (this.#session.running) return 'Pause the program before you change its state.';
    return this.#session.edit(change, debug);
  }

  /** Engines are kept across boots: making one is slow, and its memory is never given back. */
  async #engine(choice: EngineChoice): Promise<Engine> {
    const known = this.#engines.get(choice);
    if (known !== undefined) return known;
    const engine = await createEngine(choice, this.#memory);
    this.#engines.set(choice, engine);
    return engine;
  }

  async #openFiles(): Promise<GuestFiles> {
    const store = await GuestFileStore.open({ onNotice: ({ text }) => this.#say(text) });
    if (store.ok) return store.value;
    this.#say(`${store.error} Files of the program are kept only until this page is closed.`);
    const { files, problems } = await servedFiles(this.#page);
    for (const problem of problems) this.#say(problem);
    return files;
  }

  /** Something for the user to read, in the console. */
  #say(text: string): void {
    void this.#feed.output(2, new TextEncoder().encode(`glassbox: ${text}\n`));
  }
}

// What fails where nobody waits for it is a bug of ours as well: the page is told by an error event.
self.addEventListener('unhandledrejection', (event) => {
  event.preventDefault(); // it is reported, once
  reportError(event.reason);
});

Comlink.expose(new MachineWorker());
