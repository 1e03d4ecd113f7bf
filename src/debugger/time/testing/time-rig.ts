// SPDX-License-Identifier: GPL-2.0-or-later
/** A small program under a time machine, without a session, for tests. */
import { readFileSync } from 'node:fs';
import { assembleWell } from '../../../assembler/testing/assemble.ts';
import type { Engine, EngineName } from '../../../cpu/cpu.ts';
import { createEngine } from '../../../cpu/engines.ts';
import { GuestMemory } from '../../../machine/memory.ts';
import { MemoryFiles } from '../../../machine/memory-files.ts';
import { Process } from '../../../machine/process.ts';
import { ManualClock } from '../../../machine/testing/manual-clock.ts';
import { DebugIndex } from '../../../shared/debug-index.ts';
import type { DebugInfo } from '../../../shared/debug-info.ts';
import { program } from '../../testing/rig.ts';
import { PageHasher } from '../page-hash.ts';
import { TimeFiles } from '../time-files.ts';
import { TimeMachine } from '../time-machine.ts';
import { stateHash } from './state-hash.ts';

const INCLUDE = new URL('../../../../asm/include/', import.meta.url);

export class TimeRig {
  readonly memory = new GuestMemory(32 * 2 ** 20);
  readonly files: MemoryFiles;
  readonly time: TimeMachine;
  readonly process: Process;
  readonly engine: Engine;
  readonly index: DebugIndex;
  readonly debug: DebugInfo;
  output = '';
  readonly #hasher: PageHasher;
  #randomness = 1;

  static async start(
    source: string,
    engine: EngineName,
    files: Record<string, string> = {},
    budget?: number,
  ): Promise<TimeRig> {
    const include = (name: string): string => readFileSync(new URL(name, INCLUDE), 'utf8');
    const { image, debug } = await assembleWell({
      'main.asm': program(source),
      'include/elf.inc': include('elf.inc'),
      'include/elf_end.inc': include('elf_end.inc'),
    });
    const memory = new GuestMemory(32 * 2 ** 20);
    return new TimeRig(memory, await createEngine(engine, memory), image, debug, files, budget);
  }

  private constructor(
    memory: GuestMemory,
    engine: Engine,
    image: Uint8Array,
    debug: DebugInfo,
    files: Record<string, string>,
    budget: number | undefined,
  ) {
    this.memory = memory;
    this.engine = engine;
    this.debug = debug;
    this.index = new DebugIndex(debug);
    this.#hasher = new PageHasher(memory);
    this.files = new MemoryFiles(
      Object.fromEntries(
        Object.entries(files).map(([path, text]) => [path, new TextEncoder().encode(text)]),
      ),
    );
    const timeFiles = new TimeFiles(this.files, () => memory.state.instructions);
    const started = Process.start(memory, image, ['test'], {
      fs: timeFiles,
      clock: new ManualClock(),
      // never the same twice: what is not on the tape cannot be had again
      random: (bytes) => bytes.forEach((_, i) => (bytes[i] = this.#randomness++ & 255)),
      output: (_, bytes) => {
        this.output += new TextDecoder().decode(bytes);
      },
    });
    if (!started.ok) throw new Error(started.error);
    this.process = started.value;
    this.time = new TimeMachine({
      memory,
      process: this.process,
      engine,
      debug,
      files: timeFiles,
      now: () => performance.now(),
      ...(budget === undefined ? {} : { budget }),
    });
  }

  /** Runs on, live or in the past, up to `to` instructions or the end of the process. */
  async advance(to: number): Promise<void> {
    const { time } = this;
    while (time.position < to && time.ended === null) {
      if (!time.past) {
        const trouble = await time.goLive();
        if (trouble !== null) throw new Error(trouble);
        if (time.unserved) {
          await this.#serve();
          continue;
        }
      }
      const live = !time.past;
      const { stop } = time.run(to - time.position);
      if (!live) continue;
      if (stop.kind === 'syscall') await this.#serve();
      if (stop.kind === 'fault') {
        time.finish({ kind: 'pause' });
        break;
      }
    }
  }

  /** Goes to an instruction of the recorded past. */
  async seek(to: number): Promise<void> {
    this.time.approach(to);
    await this.advance(to);
  }

  /** Registers, page table and all of RAM, as one text. */
  hash(): string {
    return `${stateHash(this.memory, this.#hasher)} ${this.process.space.heapEnd}`;
  }

  at(name: string): number {
    const symbol = this.index.symbol(name);
    if (symbol === null) throw new Error(`the program has no label ${name}`);
    return symbol.address;
  }

  dispose(): void {
    this.time.dispose();
    this.process.dispose();
    this.engine.dispose();
  }

  async #serve(): Promise<void> {
    this.time.beginCall();
    const outcome = await this.process.syscall();
    this.time.endCall(outcome);
    if (outcome.kind === 'exit') this.time.finish({ kind: 'exit', status: outcome.status });
  }
}
