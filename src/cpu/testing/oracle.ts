// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The real CPU as a reference: runs machine code natively through `asm/tests/oracle.asm`.
 *
 * Only on x86-64 Linux. Code given to it is executed for real: it must not make system calls.
 */
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeAssembler, readSourceTree } from '../../cli/node-assembler.ts';
import { CpuState, INITIAL_MXCSR, INITIAL_RFLAGS, STATE_SIZE } from '../../shared/cpu-state.ts';

/** The page of data memory that a case may use; its neighbours are not mapped. */
export const ORACLE_DATA = 0x2000000;
/** Where a case's code lies; the rest of its page is int3. */
export const ORACLE_CODE = 0x3000800;
/** Where the oracle itself lies: mapped on silicon, and nowhere else. */
export const ORACLE_IMAGE = { start: 0x400000n, end: 0x430000n } as const;
/** Most bytes of code a case has: in a batch of short ones, and at all. */
const SHORT_CODE = 240;
export const ORACLE_CODE_ROOM = 2032;

const CODE_AT = 0x210;

export interface OracleCase {
  readonly code: Uint8Array;
  /** rip is ignored: it is `ORACLE_CODE`. */
  readonly state: CpuState;
  /** The first bytes of the data page; the rest of it is zero. */
  readonly data: Uint8Array;
}

export interface OracleResult {
  /** 5 (SIGTRAP) when the code came to its end or met int3, 14 when it did not end in 50 ms. */
  readonly signal: number;
  readonly signalCode: number;
  /** For memory faults whose address the kernel knows. */
  readonly faultAddress: bigint;
  /** Number of the exception (Intel SDM vol. 3, 6.15) and its error code. */
  readonly exception: number;
  readonly errorCode: number;
  /** rflags without the resume flag; rip of the instruction that faulted or would be next. */
  readonly state: CpuState;
  readonly data: Uint8Array;
}

/** A state as of a new process, to be filled in. */
export function newState(): CpuState {
  const state = new CpuState(new ArrayBuffer(STATE_SIZE));
  state.rip = BigInt(ORACLE_CODE);
  state.rflags = INITIAL_RFLAGS;
  state.mxcsr = INITIAL_MXCSR;
  return state;
}

/** Why there can be no oracle on this machine, or null. */
export function oracleMissing(): string | null {
  if (process.platform === 'linux' && process.arch === 'x64') return null;
  return `the oracle needs x86-64 Linux, this is ${process.arch} ${process.platform}`;
}

export class Oracle {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Assembles the image into a temporary directory. */
  static async create(): Promise<Oracle> {
    const sources = await readSourceTree(fileURLToPath(new URL('../../../asm', import.meta.url)));
    const assembler = await nodeAssembler();
    const result = await assembler.assemble({ sources, main: 'tests/oracle.asm' });
    if (!result.ok) throw new Error(`oracle.asm: ${JSON.stringify(result.diagnostics)}`);
    const directory = await mkdtemp(join(tmpdir(), 'oracle-'));
    const file = join(directory, 'oracle');
    await writeFile(file, result.image);
    await chmod(file, 0o755);
    return new Oracle(directory);
  }

  /**
   * Runs cases, thousands to a process. Inputs are left as they are.
   * @param dataSize bytes of the data page that are given and returned, 1 … 4096.
   * @throws Error when the process itself fails, naming how.
   */
  run(cases: readonly OracleCase[], dataSize = 4096): OracleResult[] {
    const longest = Math.max(...cases.map(({ code }) => code.length));
    if (longest > ORACLE_CODE_ROOM) throw new RangeError('too much code for the oracle');
    const room = longest > SHORT_CODE ? ORACLE_CODE_ROOM : SHORT_CODE;
    const size = CODE_AT + room + dataSize;
    const most = Math.max(1, Math.floor(2 ** 25 / size));
    const results: OracleResult[] = [];
    for (let at = 0; at < cases.length; at += most) {
      results.push(...this.#batch(cases.slice(at, at + most), room, dataSize));
    }
    return results;
  }

  #batch(cases: readonly OracleCase[], room: number, dataSize: number): OracleResult[] {
    const dataAt = CODE_AT + room;
    const size = dataAt + dataSize;
    const input = new Uint8Array(8 + cases.length * size);
    const view = new DataView(input.buffer);
    view.setUint32(0, dataSize, true);
    view.setUint32(4, room, true);
    cases.forEach(({ code, state, data }, i) => {
      const at = 8 + i * size;
      input.set(state.bytes, at);
      view.setUint32(at + STATE_SIZE, code.length, true);
      input.set(code, at + CODE_AT);
      input.set(data.subarray(0, dataSize), at + dataAt);
    });
    const child = spawnSync(join(this.#directory, 'oracle'), {
      input,
      maxBuffer: input.length + 65536,
    });
    if (child.error) throw child.error;
    if (child.status !== 0 || child.stdout.length !== cases.length * size) {
      throw new Error(
        `the oracle ended with ${String(child.signal ?? child.status)} after ` +
          `${child.stdout.length / size} of ${cases.length} cases`,
      );
    }
    const output = new Uint8Array(child.stdout);
    return cases.map((_, i) => answer(output.buffer, i * size, dataAt, size));
  }

  async dispose(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function answer(buffer: ArrayBuffer, at: number, dataAt: number, size: number): OracleResult {
  const view = new DataView(buffer, at, size);
  const state = new CpuState(buffer, at);
  const RESUME_FLAG = 0x10000;
  state.rflags &= ~RESUME_FLAG;
  return {
    signal: view.getUint32(STATE_SIZE, true),
    signalCode: view.getInt32(STATE_SIZE + 4, true),
    faultAddress: view.getBigUint64(STATE_SIZE + 8, true),
    exception: Number(view.getBigUint64(0x210, true)),
    errorCode: Number(view.getBigUint64(0x218, true)),
    state,
    data: new Uint8Array(buffer, at + dataAt, size - dataAt),
  };
}
