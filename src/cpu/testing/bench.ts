// SPDX-License-Identifier: GPL-2.0-or-later
/** A machine of one engine for the suites that every engine has to pass. */
import type { AssemblerApi } from '../../protocol/assembler.ts';
import { addr } from '../../shared/brand.ts';
import { GPR, INITIAL_MXCSR, INITIAL_RFLAGS, type GprName } from '../../shared/cpu-state.ts';
import { hexBytes } from '../../shared/format.ts';
import { PROT } from '../../machine/layout.ts';
import { GuestMemory } from '../../machine/memory.ts';
import type { Engine } from '../cpu.ts';

export const CODE = 0x400000;
export const RODATA = 0x410000;
export const DATA = 0x420000;
export const DATA_END = DATA + 0x20000;
export const STACK_TOP = 0x500000;
/** Nothing is mapped here. */
export const UNMAPPED = 0x800000;
/** A budget that no program of the suites needs. */
export const PLENTY = 10_000_000;

/** An engine of the product, or the real CPU. */
export type TestedEngine = Omit<Engine, 'name'>;
export type EngineMaker = (memory: GuestMemory) => Promise<TestedEngine>;

/** A machine of one engine that runs snippets of assembly. */
export class Bench {
  readonly memory = new GuestMemory(32 * 2 ** 20);
  readonly #assembler: AssemblerApi;
  #engine: TestedEngine | undefined;

  constructor(assembler: AssemblerApi) {
    this.#assembler = assembler;
    const { memory } = this;
    memory.protect(addr(CODE), 0x10000, PROT.read | PROT.exec);
    memory.protect(addr(RODATA), 0x1000, PROT.read);
    memory.protect(addr(DATA), DATA_END - DATA, PROT.read | PROT.write);
    memory.protect(addr(STACK_TOP - 0x10000), 0x10000, PROT.read | PROT.write);
  }

  async open(create: (memory: GuestMemory) => Promise<TestedEngine>): Promise<void> {
    this.#engine = await create(this.memory);
  }

  get engine(): TestedEngine {
    if (!this.#engine) throw new Error('the bench has no engine yet');
    return this.#engine;
  }

  /** Assembles a program to `at` and sets the registers as for a new process. */
  async load(source: string, at = CODE): Promise<void> {
    const main = 'test.asm';
    const text = `bits 64\norg ${at}\n${source}\n`;
    const result = await this.#assembler.assemble({ sources: { [main]: text }, main });
    if (!result.ok)
      throw new Error(result.diagnostics.map((d) => `${d.line}: ${d.text}`).join('\n'));
    this.memory.write(addr(at), new Uint8Array(0x1000).fill(0xcc));
    this.memory.write(addr(at), result.image);
    this.memory.write(addr(DATA), new Uint8Array(DATA_END - DATA));
    this.reset();
    this.memory.state.rip = BigInt(at);
  }

  reset(): void {
    const { state } = this.memory;
    state.bytes.fill(0);
    state.rip = BigInt(CODE);
    state.rflags = INITIAL_RFLAGS;
    state.mxcsr = INITIAL_MXCSR;
    state.setGpr(GPR.rsp, BigInt(STACK_TOP));
    this.engine.setBreakpoints(new Set());
    this.engine.setWatches([]);
  }

  gpr(name: GprName): bigint {
    return this.memory.state.gpr(GPR[name]);
  }

  /** Runs until something other than the budget ends it. */
  finish(budget = PLENTY): ReturnType<TestedEngine['run']> {
    let executed = 0;
    for (;;) {
      const run = this.engine.run(budget);
      executed += run.executed;
      if (run.stop.kind !== 'budget' || executed > PLENTY) return { stop: run.stop, executed };
    }
  }

  /** Registers and data memory, for comparing runs. */
  snapshot(): string {
    const data = this.memory.bytes.subarray(DATA, DATA_END);
    return hexBytes(this.memory.state.bytes) + hexBytes(data);
  }
}
