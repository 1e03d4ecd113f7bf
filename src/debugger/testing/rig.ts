// SPDX-License-Identifier: GPL-2.0-or-later
/** A small NASM program under a session on the real Unicorn, for tests. */
import { readFileSync } from 'node:fs';
import { assembleWell } from '../../assembler/testing/assemble.ts';
import type { Engine, EngineName } from '../../cpu/cpu.ts';
import { createEngine } from '../../cpu/engines.ts';
import { GuestMemory } from '../../machine/memory.ts';
import { MemoryFiles } from '../../machine/memory-files.ts';
import { Process } from '../../machine/process.ts';
import { ManualClock } from '../../machine/testing/manual-clock.ts';
import type { RunCommand, Sample, StopReason } from '../../protocol/machine.ts';
import { addr, type Addr } from '../../shared/brand.ts';
import { GPR, type GprName } from '../../shared/cpu-state.ts';
import { DebugIndex } from '../../shared/debug-index.ts';
import type { DebugInfo } from '../../shared/debug-info.ts';
import { CountedEngine } from '../profile/counted-engine.ts';
import { Session, type SessionEvent } from '../session.ts';
import { TimeFiles } from '../time/time-files.ts';

const INCLUDE = new URL('../../../asm/include/', import.meta.url);
const RAM = 32 * 2 ** 20;

export interface RigOptions {
  /** Called at each turn of the event loop that the session gives. */
  readonly onBreathe?: (rig: Rig) => void;
  /** See `SessionOptions.idle`; default: nothing is done at rest. */
  readonly idle?: () => Promise<void>;
  /** Milliseconds; default the host's clock. */
  readonly now?: () => number;
  readonly onEvent?: (event: SessionEvent, rig: Rig) => void;
  /** Default: the reference. */
  readonly engine?: EngineName;
  /** Behind the program's name. */
  readonly args?: readonly string[];
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Bytes of guest RAM. */
  readonly ram?: number;
  /** Default: nothing is recorded. */
  readonly record?: boolean;
}

/** Text of a whole program: `source` begins in .text and holds `_start`. No segment is empty. */
export function program(source: string): string {
  const sections = ['section .rodata', 'dq 0', 'section .data', 'dq 0', 'section .text'].join('\n');
  return `%include "include/elf.inc"\n${sections}\n${source}\n%include "include/elf_end.inc"\n`;
}

/** A whole program's image; `source` as for `program`. */
export function assembleProgram(source: string): ReturnType<typeof assembleWell> {
  const include = (name: string): string => readFileSync(new URL(name, INCLUDE), 'utf8');
  return assembleWell({
    'main.asm': program(source),
    'include/elf.inc': include('elf.inc'),
    'include/elf_end.inc': include('elf_end.inc'),
  });
}

export class Rig {
  readonly memory: GuestMemory;
  readonly image: Uint8Array;
  readonly debug: DebugInfo;
  readonly index: DebugIndex;
  readonly process: Process;
  readonly engine: Engine;
  readonly session: Session;
  readonly events: SessionEvent[] = [];
  output = '';

  /** Assembles and loads a program; it stands at `_start`. */
  static async start(source: string, options: RigOptions = {}): Promise<Rig> {
    const { image, debug } = await assembleProgram(source);
    return Rig.of(image, debug, options);
  }

  /** Loads an image; it stands at its entry. */
  static async of(image: Uint8Array, debug: DebugInfo, options: RigOptions = {}): Promise<Rig> {
    const memory = new GuestMemory(options.ram ?? RAM);
    const engine = await createEngine(options.engine ?? 'unicorn', memory);
    return new Rig(memory, engine, image, debug, options);
  }

  private constructor(
    memory: GuestMemory,
    engine: Engine,
    image: Uint8Array,
    debug: DebugInfo,
    options: RigOptions,
  ) {
    this.memory = memory;
    this.engine = new CountedEngine(engine, () => this.session.time.past);
    this.image = image;
    this.debug = debug;
    this.index = new DebugIndex(debug);
    const files = new TimeFiles(new MemoryFiles(options.files), () => memory.state.instructions);
    files.noting = options.record === true;
    const started = Process.start(this.memory, image, ['test', ...(options.args ?? [])], {
      fs: files,
      clock: new ManualClock(),
      random: (bytes) => bytes.fill(7),
      output: (_, bytes) => {
        this.output += new TextDecoder().decode(bytes);
      },
    });
    if (!started.ok) throw new Error(started.error);
    this.process = started.value;
    this.session = new Session({
      memory: this.memory,
      process: started.value,
      engine: this.engine,
      debug,
      onEvent: (event) => {
        this.events.push(event);
        options.onEvent?.(event, this);
      },
      breathe: () => {
        options.onBreathe?.(this);
        return new Promise((resolve) => setImmediate(resolve));
      },
      now: options.now ?? (() => performance.now()),
      ...(options.idle === undefined ? {} : { idle: options.idle }),
      recording: options.record === true ? { files } : null,
    });
  }

  run(command: RunCommand): Promise<StopReason> {
    return this.session.run(command);
  }

  /** Address of a label; `_start.loop` for a local one. */
  at(name: string): Addr {
    const symbol = this.index.symbol(name);
    if (symbol === null) throw new Error(`the program has no label ${name}`);
    return addr(symbol.address);
  }

  /** Where rip is, as `name+0x10`. */
  get place(): string | null {
    return this.index.describe(Number(this.memory.state.rip));
  }

  gpr(name: GprName): bigint {
    return this.memory.state.gpr(GPR[name]);
  }

  get samples(): Sample[] {
    return this.events.flatMap((event) => (event.type === 'samples' ? event.samples : []));
  }

  dispose(): void {
    this.session.dispose();
    this.engine.dispose();
  }
}
