// SPDX-License-Identifier: GPL-2.0-or-later
/** What the program reads from its standard input, and what the console says of it. */
import type { MachineApi } from '../protocol/machine.ts';
import { formatCounted } from '../shared/format.ts';
import type { ConsoleState } from './console.svelte.ts';

export class MachineInput {
  readonly #client: Pick<MachineApi, 'writeStdin' | 'closeStdin'>;
  readonly #console: ConsoleState;
  readonly #attempt: (call: () => Promise<unknown>) => Promise<void>;

  /** @param attempt makes a call whose failure, a worker that is gone, others report. */
  constructor(
    client: Pick<MachineApi, 'writeStdin' | 'closeStdin'>,
    console: ConsoleState,
    attempt: (call: () => Promise<unknown>) => Promise<void>,
  ) {
    this.#client = client;
    this.#console = console;
    this.#attempt = attempt;
  }

  /** Bytes, without a word in the console. */
  async bytes(bytes: Uint8Array): Promise<void> {
    await this.#attempt(() => this.#client.writeStdin(bytes));
  }

  /** A line typed in the console, echoed there. */
  async line(text: string): Promise<void> {
    this.#console.echo(text);
    await this.bytes(new TextEncoder().encode(`${text}\n`));
  }

  /** A file's bytes, without an echo; the console says how many. */
  async file(file: Pick<File, 'name' | 'arrayBuffer'>): Promise<void> {
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(await file.arrayBuffer());
    } catch {
      this.#console.note(`(${file.name} cannot be read; nothing was sent)`);
      return;
    }
    this.#console.note(`(sent ${file.name}: ${formatCounted(bytes.length, 'byte')})`);
    await this.bytes(bytes);
  }

  /** No more will come. */
  async end(): Promise<void> {
    this.#console.note('(end of input)');
    await this.#attempt(() => this.#client.closeStdin());
  }
}
