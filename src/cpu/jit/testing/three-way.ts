// SPDX-License-Identifier: GPL-2.0-or-later
/** Runs fuzz cases on an engine, and compares with what the silicon did. */
import { PAGE_SIZE, PROT } from '../../../machine/layout.ts';
import { GuestMemory } from '../../../machine/memory.ts';
import { addr } from '../../../shared/brand.ts';
import { GPR_NAMES, STATE, STATE_SIZE } from '../../../shared/cpu-state.ts';
import type { Engine, EngineStop } from '../../cpu.ts';
import { ORACLE_DATA, ORACLE_IMAGE, type OracleResult } from '../../testing/oracle.ts';
import { CODE_AT, DATA_BYTES, type Sample, type Snippet } from './cases.ts';

export interface Outcome {
  readonly stop: EngineStop;
  readonly executed: number;
  readonly state: Uint8Array;
  readonly data: Uint8Array;
}

/** Behind the code, never executed: it makes the exception flags matter. */
const STMXCSR = Uint8Array.of(0x0f, 0xae, 0x18);

/** Runs that one snippet may need: more would be an engine that does not get on. */
const PIECES = 100;

/** One machine on which case after case is run. */
export class Bench {
  readonly memory: GuestMemory;
  readonly engine: Engine;
  #code: Uint8Array | null = null;
  /** The data page as a case finds it: the sample's bytes, then zeros. */
  readonly #data = new Uint8Array(PAGE_SIZE);

  private constructor(memory: GuestMemory, engine: Engine) {
    this.memory = memory;
    this.engine = engine;
    this.memory.protect(addr(ORACLE_DATA), PAGE_SIZE, PROT.read | PROT.write);
    this.memory.protect(addr(CODE_AT - (CODE_AT % PAGE_SIZE)), PAGE_SIZE, PROT.read | PROT.exec);
  }

  static async make(make: (memory: GuestMemory) => Promise<Engine>): Promise<Bench> {
    const memory = new GuestMemory(0x4000000);
    return new Bench(memory, await make(memory));
  }

  /** Puts code, data and registers in place. */
  load(snippet: Snippet, sample: Sample): void {
    const { memory } = this;
    if (this.#code !== snippet.code) {
      this.#code = snippet.code;
      const page = new Uint8Array(PAGE_SIZE).fill(0xcc);
      page.set(snippet.code, CODE_AT % PAGE_SIZE);
      if (snippet.anyMxcsr) page.set(STMXCSR, page.length - STMXCSR.length);
      memory.write(addr(CODE_AT - (CODE_AT % PAGE_SIZE)), page);
    }
    this.#data.set(sample.data);
    this.#data.fill(0, sample.data.length);
    memory.write(addr(ORACLE_DATA), this.#data);
    memory.state.bytes.set(sample.state.bytes);
    memory.state.rip = BigInt(CODE_AT);
  }

  run(snippet: Snippet, sample: Sample): Outcome {
    const { memory } = this;
    this.load(snippet, sample);
    const count = snippet.insns.length;
    let { stop, executed } = this.engine.run(count);
    // a run may end early within a repeated string instruction
    for (let pieces = 0; stop.kind === 'budget' && executed < count && pieces < PIECES; pieces++) {
      const next = this.engine.run(count - executed);
      stop = next.stop;
      executed += next.executed;
    }
    return {
      stop,
      executed,
      state: memory.state.bytes.slice(),
      data: memory.bytes.slice(ORACLE_DATA, ORACLE_DATA + DATA_BYTES),
    };
  }
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGILL: 4,
  SIGTRAP: 5,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGSEGV: 11,
};

/** Names and offsets of what is compared as a whole. */
const COMPARED: readonly (readonly [string, number])[] = [
  ...GPR_NAMES.map((name, i) => [name, STATE.gpr + i * 8] as const),
  ['rip', STATE.rip],
  ...Array.from({ length: 16 }, (_, i) => [
    [`xmm${i}.lo`, STATE.xmm + i * 16] as const,
    [`xmm${i}.hi`, STATE.xmm + i * 16 + 8] as const,
  ]).flat(),
];

/** Fields in which an outcome differs from the silicon's; empty when it is right. */
export function differences(snippet: Snippet, got: Outcome, want: OracleResult): string[] {
  // the oracle itself is mapped on silicon only, and there code can be written: accesses to them
  // prove nothing
  const at = got.stop.kind === 'fault' ? (got.stop.fault.address ?? 0n) : 0n;
  if (at >= ORACLE_IMAGE.start && at < ORACLE_IMAGE.end) return [];
  if (at / BigInt(PAGE_SIZE) === BigInt(CODE_AT) / BigInt(PAGE_SIZE)) return [];
  const found: string[] = [];
  const signal = got.stop.kind === 'fault' ? (SIGNALS[got.stop.fault.signal] ?? 0) : 5;
  if (signal !== want.signal) found.push(`signal ${signal}, silicon ${want.signal}`);
  const mine = new DataView(got.state.buffer, got.state.byteOffset, STATE_SIZE);
  const theirs = new DataView(want.state.bytes.buffer, want.state.bytes.byteOffset, STATE_SIZE);
  const compare = (name: string, offset: number): void => {
    const a = mine.getBigUint64(offset, true);
    const b = theirs.getBigUint64(offset, true);
    if (a !== b) found.push(`${name} ${a.toString(16)}, silicon ${b.toString(16)}`);
  };
  for (const [name, offset] of COMPARED) compare(name, offset);
  const mask = 0xcd5 & ~(want.signal === 5 ? snippet.undefinedFlags : snippet.undefinedOnTheWay);
  const flags = mine.getUint32(STATE.rflags, true) & mask;
  const right = theirs.getUint32(STATE.rflags, true) & mask;
  if (flags !== right) found.push(`flags ${flags.toString(16)}, silicon ${right.toString(16)}`);
  const bits = snippet.anyMxcsr ? 0xffff : 0xffc0;
  const [mxcsr, silicons] = [mine, theirs].map((s) => s.getUint32(STATE.mxcsr, true) & bits);
  if (mxcsr !== silicons)
    found.push(`mxcsr ${mxcsr?.toString(16)}, silicon ${silicons?.toString(16)}`);
  const place = got.data.findIndex((b, i) => b !== want.data[i]);
  if (place >= 0) {
    found.push(`memory at +${place}: ${got.data[place] ?? 0}, silicon ${want.data[place] ?? 0}`);
  }
  return found;
}
