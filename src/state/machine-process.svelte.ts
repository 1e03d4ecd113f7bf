// SPDX-License-Identifier: GPL-2.0-or-later
/** The program and the process that is made of it: booting, and why there is none. */
import type { MachineHandle } from '../client/machine-client.ts';
import { WorkerGone } from '../client/worker-link.ts';
import type { EngineChoice, Snapshot } from '../protocol/machine.ts';
import { DebugIndex } from '../shared/debug-index.ts';
import { splitArguments } from './arguments.ts';
import type { Program } from './program.ts';

/**
 * Why there is no machine to use: no program could be had, its boot was refused, its worker is
 * gone, its arguments cannot be read.
 */
export interface MachineTrouble {
  readonly kind: 'program' | 'boot' | 'crash' | 'arguments';
  readonly message: string;
}

/** Who is told of a boot on its way. */
export interface BootHost {
  /** Whoever waits for the process that ends now waits in vain. */
  leave(): void;
  /** @returns the engine for the process, once the engines are known. */
  engine(): Promise<EngineChoice>;
  /** The program has been loaded. */
  enter(program: Program, argv: readonly string[], snapshot: Snapshot): Promise<void>;
}

export class MachineProcess {
  readonly #client: Pick<MachineHandle, 'boot'>;
  readonly #host: BootHost;
  #program = $state.raw<Program | null>(null);
  #booted = $state.raw<Program | null>(null);
  #args = $state('');
  #trouble = $state.raw<MachineTrouble | null>(null);
  #prepare: (() => Promise<boolean>) | null = null;
  #turn = 0;
  #booting: Promise<boolean> | null = null;

  readonly #index = $derived(
    this.#booted?.debug == null ? null : new DebugIndex(this.#booted.debug),
  );

  constructor(client: Pick<MachineHandle, 'boot'>, host: BootHost) {
    this.#client = client;
    this.#host = host;
  }

  /** The program that the next boot takes. */
  get program(): Program | null {
    return this.#program;
  }

  /** Replaces the program that the next boot takes. */
  take(program: Program): void {
    this.#program = program;
    if (this.#trouble?.kind === 'program') this.#trouble = null;
  }

  /** The program in the machine. */
  get booted(): Program | null {
    return this.#booted;
  }

  /** The debug info of `booted`. */
  get index(): DebugIndex | null {
    return this.#index;
  }

  /** Whether the program has changed since it was booted. */
  get stale(): boolean {
    return this.#booted !== null && this.#program !== this.#booted;
  }

  /** The argument line of the process that was booted last. */
  get args(): string {
    return this.#args;
  }

  get trouble(): MachineTrouble | null {
    return this.#trouble;
  }

  /** The boot under way: what is to run runs after it, in the new process. */
  get booting(): Promise<boolean> | null {
    return this.#booting;
  }

  /** The process goes on as one of this program: its code was changed, or its lines are others. */
  become(program: Program): void {
    this.#booted = program;
  }

  /** See `MachineState.onPrepare`. */
  onPrepare(prepare: () => Promise<boolean>): void {
    this.#prepare = prepare;
  }

  /** @returns false, for the caller to return */
  fail(kind: MachineTrouble['kind'], message: string): false {
    this.#trouble = { kind, message };
    return false;
  }

  /** The worker is gone, and the process with it. */
  crash(message: string): void {
    this.#turn++;
    this.fail('crash', message);
    this.#booted = null;
  }

  /** See `MachineState.boot`. */
  async boot(args: string): Promise<boolean> {
    const booting = this.#boot(args);
    this.#booting = booting;
    try {
      return await booting;
    } finally {
      if (this.#booting === booting) this.#booting = null;
    }
  }

  async #boot(args: string): Promise<boolean> {
    const turn = ++this.#turn;
    if (this.#prepare !== null && !(await this.#prepare())) return false;
    const program = this.#program;
    if (program === null || turn !== this.#turn) return false;
    const words = splitArguments(args);
    if (!words.ok) return this.fail('arguments', words.error);
    this.#args = args;
    this.#host.leave();
    try {
      const engine = await this.#host.engine();
      if (turn !== this.#turn) return false;
      const { image, debug, name } = program;
      const argv = [name, ...words.value];
      const result = await this.#client.boot({ image, debug, argv, engine });
      if (turn !== this.#turn) return false;
      if (!result.ok) return this.fail('boot', result.error);
      this.#booted = program;
      this.#trouble = null;
      await this.#host.enter(program, argv, result.snapshot);
      return true;
    } catch (error) {
      if (error instanceof WorkerGone) return false; // `crash` has said so
      this.#booted = null;
      return this.fail('boot', error instanceof Error ? error.message : String(error));
    }
  }
}
