// SPDX-License-Identifier: GPL-2.0-or-later
/** The engines that there are, and which of them the next process runs on. */
import type { EngineChoice, MachineApi } from '../protocol/machine.ts';

export class MachineEngines {
  readonly #source: Pick<MachineApi, 'engines'>;
  #available = $state.raw<readonly EngineChoice[]>(['unicorn']);
  #wanted = $state<EngineChoice>('jit');
  #known = false;

  constructor(source: Pick<MachineApi, 'engines'>) {
    this.#source = source;
  }

  /** Only the reference before the machine has been asked. */
  get available(): readonly EngineChoice[] {
    return this.#available;
  }

  /** The one wished for, if it exists. */
  get chosen(): EngineChoice {
    return this.#available.includes(this.#wanted)
      ? this.#wanted
      : (this.#available[0] ?? 'unicorn');
  }

  choose(engine: EngineChoice): void {
    this.#wanted = engine;
  }

  /** Asks the machine, once. @throws WorkerGone */
  async find(): Promise<void> {
    if (this.#known) return;
    this.#available = await this.#source.engines();
    this.#known = true;
  }
}
