// SPDX-License-Identifier: GPL-2.0-or-later
/** A process without an engine: the tests put the registers and make the calls themselves. */
import { GPR } from '../../shared/cpu-state.ts';
import { addr } from '../../shared/brand.ts';
import { DEFAULT_RAM } from '../layout.ts';
import { MemoryFiles } from '../memory-files.ts';
import { GuestMemory } from '../memory.ts';
import { Process, type ProcessOptions, type SyscallOutcome } from '../process.ts';
import { elfImage } from './elf-image.ts';
import { ManualClock } from './manual-clock.ts';

const ARGUMENTS = [GPR.rdi, GPR.rsi, GPR.rdx, GPR.r10, GPR.r8, GPR.r9] as const;

/** A page of read-write memory that the image brings, for buffers and structures. */
export const SCRATCH = 0x500000;
/** The page behind it is not mapped; this address is where it ends. */
export const SCRATCH_END = SCRATCH + 0x4000;
/** A page that can only be read: the image's text. */
export const READ_ONLY = 0x400000;
/** Addresses that no program has, each for its own reason. */
export const BAD_POINTERS: Readonly<Record<string, bigint>> = {
  null: 0n,
  'the CPU state below the floor': 0x1000n,
  'between mappings': 0x480000n,
  'just past the mapping': BigInt(SCRATCH_END),
  'past RAM': 0x7fff_ffff_0000n,
  'not canonical': 0x8000_0000_0000_0000n,
  'minus one': 0xffff_ffff_ffff_ffffn,
};

export class TestGuest {
  readonly memory: GuestMemory;
  readonly files: MemoryFiles;
  readonly clock = new ManualClock();
  readonly process: Process;
  readonly trace: string[] = [];
  readonly output: [fd: number, text: string][] = [];
  outcome: SyscallOutcome = { kind: 'done' };

  constructor(
    files: Readonly<Record<string, string | Uint8Array>> = {},
    options: Partial<ProcessOptions> = {},
    memory = new GuestMemory(DEFAULT_RAM),
  ) {
    this.memory = memory;
    this.files = new MemoryFiles(
      Object.fromEntries(
        Object.entries(files).map(([path, data]) => [
          path,
          typeof data === 'string' ? new TextEncoder().encode(data) : data,
        ]),
      ),
    );
    const image = elfImage({
      segments: [{}, { flags: 6, address: SCRATCH, fileSize: 0, memorySize: 0x4000 }],
    });
    const started = Process.start(memory, image, ['guest'], {
      fs: this.files,
      clock: this.clock,
      random: (bytes) => bytes.fill(0xa5),
      output: (fd, bytes) => {
        this.output.push([fd, new TextDecoder().decode(bytes)]);
      },
      strace: ({ text }) => this.trace.push(text),
      ...options,
    });
    if (!started.ok) throw new Error(started.error);
    this.process = started.value;
  }

  /** Makes a call that must not wait. @returns rax as a signed number. */
  call(number: number, ...args: readonly (number | bigint)[]): number {
    const outcome = this.begin(number, ...args);
    if (outcome instanceof Promise) throw new Error(`call ${number} waits`);
    this.outcome = outcome;
    return this.rax;
  }

  /** Makes a call that may wait. */
  async callLater(number: number, ...args: readonly (number | bigint)[]): Promise<number> {
    this.outcome = await this.begin(number, ...args);
    return this.rax;
  }

  begin(number: number, ...args: readonly (number | bigint)[]) {
    const { state } = this.memory;
    state.setGpr(GPR.rax, BigInt(number));
    for (const [i, register] of ARGUMENTS.entries()) state.setGpr(register, BigInt(args[i] ?? 0));
    return this.process.syscall();
  }

  get rax(): number {
    return Number(BigInt.asIntN(64, this.memory.state.gpr(GPR.rax)));
  }

  /** Puts bytes or a zero-terminated string into RAM. @returns the address. */
  put(address: number, data: string | Uint8Array): number {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(`${data}\0`) : data;
    this.memory.write(addr(address), bytes);
    return address;
  }

  /** Puts 64-bit words into RAM. @returns the address. */
  putWords(address: number, ...words: readonly (number | bigint)[]): number {
    const wrapped = words.map((w) => BigInt.asUintN(64, BigInt(w)));
    return this.put(address, new Uint8Array(new BigUint64Array(wrapped).buffer));
  }

  bytes(address: number, length: number): Uint8Array {
    return this.memory.bytes.slice(address, address + length);
  }

  text(address: number, length: number): string {
    return new TextDecoder().decode(this.bytes(address, length));
  }

  word(address: number): bigint {
    return new DataView(this.memory.bytes.buffer).getBigUint64(address, true);
  }
}
