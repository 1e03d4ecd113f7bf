// SPDX-License-Identifier: GPL-2.0-or-later
/** One guest process: an image in RAM, its open files, and the system calls it makes. */
import { addr } from '../shared/brand.ts';
import { INITIAL_MXCSR, INITIAL_RFLAGS } from '../shared/cpu-state.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { AddressSpace, type SpaceState } from './address-space.ts';
import type { Clock } from './clock.ts';
import { loadSegments, parseElf, type ElfImage } from './elf.ts';
import type { GuestFiles, Maybe } from './files.ts';
import { DEFAULT_RAM, PROT, STACK_GUARD, STACK_SIZE } from './layout.ts';
import { ERRNO } from './linux/errno.ts';
import { FileTable, type Description } from './linux/file-table.ts';
import type { Kernel, WaitReason } from './linux/kernel.ts';
import { Outputs, type OutputSink } from './linux/outputs.ts';
import { SyscallRegisters } from './linux/registers.ts';
import { formatSyscall, type StraceRecord } from './linux/strace.ts';
import { SYSCALLS } from './linux/table.ts';
import { UserMemory } from './linux/user-memory.ts';
import type { GuestMemory } from './memory.ts';
import { buildStack } from './stack.ts';
import { Stdin } from './stdin.ts';

export interface ProcessOptions {
  readonly fs: GuestFiles;
  readonly clock: Clock;
  /** Fills up to 65,536 bytes, as `crypto.getRandomValues` does. */
  readonly random: (bytes: Uint8Array) => void;
  readonly output: OutputSink;
  /** Called after each system call. Left out, nothing is decoded. */
  readonly strace?: (record: StraceRecord) => void;
  /** Default: none of the three streams is a terminal. */
  readonly isTerminal?: (fd: 0 | 1 | 2) => boolean;
  /** Default: 24 rows, 80 columns. */
  readonly terminalSize?: () => { readonly rows: number; readonly columns: number };
  /** `NAME=value` each; default none. */
  readonly env?: readonly string[];
}

export type SyscallOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'killed'; readonly signal: string };

/** What the kernel knows of a process at one moment, beside its memory. */
export interface KernelState {
  readonly slots: readonly { readonly fd: number; readonly description: Description }[];
  readonly space: SpaceState;
  /** Bytes of stdin taken. */
  readonly stdin: number;
}

const DONE: SyscallOutcome = { kind: 'done' };
const CANCELLED: SyscallOutcome = { kind: 'killed', signal: 'SIGKILL' };

/** Bytes of stack that most programs stay within. */
const USUAL_STACK = 256 * 1024;

/** RAM that a program gets beside its image and stack, at the least. */
const HEADROOM = 16 * 2 ** 20;

export class Process {
  readonly stdin = new Stdin();
  readonly space: AddressSpace;
  readonly #memory: GuestMemory;
  readonly #registers: SyscallRegisters;
  readonly #kernel: Kernel;
  readonly #strace: ((record: StraceRecord) => void) | undefined;
  #cancellation = new AbortController();
  #waiting: WaitReason | null = null;
  #abandon: (() => void) | null = null;
  #end: SyscallOutcome | null = null;

  /**
   * Loads an image into RAM and sets the registers as Linux does for a new process. Whatever was
   * mapped before is gone, so the RAM of an ended process can be used again.
   * @param argv at least the program's name.
   * @returns why the image or the arguments cannot be used, as a sentence without a file name.
   */
  static start(
    memory: GuestMemory,
    image: Uint8Array,
    argv: readonly string[],
    options: ProcessOptions,
  ): Result<Process, string> {
    const parsed = parseElf(image);
    if (!parsed.ok) return parsed;
    const elf = parsed.value;
    const stackTop = chooseStackTop(memory, elf);
    if (stackTop === null) {
      return err('it does not fit into the RAM of this machine together with a stack');
    }
    for (const { start, end } of memory.regions()) memory.unmap(start, end - start);
    loadSegments(memory, image, elf);
    const stackBottom = stackTop - STACK_SIZE;
    const stackProt = PROT.read | PROT.write | (elf.executableStack ? PROT.exec : 0);
    memory.protect(addr(stackBottom), STACK_SIZE, stackProt);
    memory.divide(addr(stackBottom + STACK_SIZE - USUAL_STACK));
    const random = new Uint8Array(16);
    options.random(random);
    const stack = buildStack(memory, stackTop, { argv, env: options.env ?? [], elf, random });
    if (!stack.ok) return stack;

    const { state } = memory;
    state.bytes.fill(0);
    state.rip = BigInt(elf.entry);
    state.setGpr(4, BigInt(stack.value));
    state.rflags = INITIAL_RFLAGS;
    state.mxcsr = INITIAL_MXCSR;
    const space = new AddressSpace(memory, {
      heapStart: elf.end,
      mmapTop: stackBottom - STACK_GUARD,
      stackTop,
    });
    return ok(new Process(memory, space, options));
  }

  private constructor(memory: GuestMemory, space: AddressSpace, options: ProcessOptions) {
    this.#memory = memory;
    this.space = space;
    this.#registers = new SyscallRegisters(memory);
    this.#strace = options.strace;
    this.#kernel = this.#makeKernel(options);
  }

  /** What a pending system call waits for; null when none is pending. */
  get waiting(): WaitReason | null {
    return this.#waiting;
  }

  /**
   * Serves the system call at which the engine stopped: reads rax and the arguments, sets rax.
   * Synchronous unless it must wait for the host. After the process has ended it says so again.
   */
  syscall(): Maybe<SyscallOutcome> {
    if (this.#end !== null) return this.#end;
    const number = this.#registers.number;
    const handler = SYSCALLS.get(number);
    const result = handler === undefined ? -ERRNO.ENOSYS : handler(this.#kernel, this.#registers);
    if (typeof result === 'number') return this.#finish(number, result);
    return new Promise((resolve, reject) => {
      this.#abandon = () => resolve(CANCELLED);
      result.then((late) => resolve(this.#finish(number, late)), reject);
    });
  }

  /** The file descriptors. */
  get descriptors(): FileTable {
    return this.#kernel.fds;
  }

  /** The kernel's side of this moment, to come back to by `rewind`. */
  save(): KernelState {
    const slots = this.#kernel.fds
      .entries()
      .map(({ fd, description }) => ({ fd, description: { ...description } }));
    return { slots, space: this.space.save(), stdin: this.stdin.taken };
  }

  /**
   * Puts the kernel's side to another moment, also when the process has ended since. A call that
   * waits is abandoned as by `abandon`. Memory is the caller's business.
   */
  rewind(state: KernelState): void {
    this.abandon();
    this.#end = null;
    this.#kernel.fds.replace(
      state.slots.map(({ fd, description }) => ({ fd, description: { ...description } })),
    );
    this.space.restore(state.space);
    this.stdin.rewind(state.stdin);
  }

  /**
   * Forgets the call that waits, as if it had not been made: its promise never resolves. Its
   * registers are as they were, so that `syscall` may be asked to serve it again.
   */
  abandon(): void {
    this.#waiting = null;
    this.#abandon = null;
    this.#cancellation.abort();
    this.#cancellation = new AbortController();
  }

  /** Abandons a pending wait; its call then ends as killed, and so does every later one. */
  cancel(): void {
    this.#end ??= CANCELLED;
    this.#waiting = null;
    this.#cancellation.abort();
    this.#abandon?.();
    this.#abandon = null;
  }

  /** Ends the process: abandons a pending wait and closes all files. */
  dispose(): void {
    this.cancel();
    void this.#closeAll();
  }

  #finish(number: number, result: number): Maybe<SyscallOutcome> {
    this.#abandon = null;
    if (this.#end === null) {
      if (this.#strace !== undefined) this.#trace(number, result);
      this.#registers.setResult(result);
      return DONE;
    }
    if (this.#strace !== undefined) {
      this.#trace(number, this.#end.kind === 'exit' ? null : result);
    }
    const end = this.#end;
    const closed = this.#closeAll();
    return closed === null ? end : closed.then(() => end);
  }

  #trace(number: number, result: number | null): void {
    const record = formatSyscall(number, this.#registers, this.#kernel.user, result);
    this.#strace?.({ at: this.#memory.state.instructions, ...record });
  }

  /** Closes all descriptors, as the end of a process does. @returns a promise if that takes time. */
  #closeAll(): Promise<unknown> | null {
    const waits: Promise<number>[] = [];
    for (const { target } of this.#kernel.fds.clear()) {
      const closed = typeof target === 'string' ? 0 : target.close();
      if (typeof closed !== 'number') waits.push(closed);
    }
    return waits.length === 0 ? null : Promise.allSettled(waits);
  }

  #makeKernel(options: ProcessOptions): Kernel {
    const { clock } = options;
    const fds = new FileTable();
    const stream = { append: false, position: 0 };
    fds.insert({ ...stream, target: 'stdin', readable: true, writable: false });
    fds.insert({ ...stream, target: 'stdout', readable: false, writable: true });
    fds.insert({ ...stream, target: 'stderr', readable: false, writable: true });
    const started = clock.monotonic();
    let idle = 0n;
    return {
      memory: this.#memory,
      user: new UserMemory(this.#memory),
      space: this.space,
      fds,
      files: options.fs,
      stdin: this.stdin,
      clock,
      random: options.random,
      outputs: new Outputs(options.output),
      isTerminal: options.isTerminal ?? (() => false),
      terminalSize: options.terminalSize ?? (() => ({ rows: 24, columns: 80 })),
      cancelled: () => this.#cancellation.signal,
      cpuTime: () => clock.monotonic() - started - idle,
      exit: (status) => {
        this.#end = { kind: 'exit', status };
      },
      kill: (signal) => {
        this.#end = { kind: 'killed', signal };
      },
      wait: async (promise, why, abandoned) => {
        const from = clock.monotonic();
        const { signal } = this.#cancellation;
        this.#waiting = why;
        const value = await promise;
        if (signal.aborted) {
          abandoned?.(value);
          return new Promise<never>(() => undefined); // nobody waits for it any more
        }
        this.#waiting = null;
        idle += clock.monotonic() - from;
        return value;
      },
    };
  }
}

/**
 * Where the stack ends: at the top of a new machine's RAM, or higher when the image needs it. The
 * same for every run of an image, however much the RAM has grown meanwhile.
 */
function chooseStackTop(memory: GuestMemory, elf: ElfImage): number | null {
  const needed = elf.end + STACK_GUARD + STACK_SIZE + HEADROOM;
  const usual = Math.min(DEFAULT_RAM, memory.size);
  if (needed <= usual) return usual;
  const mebibyte = 2 ** 20;
  const top = Math.ceil(needed / mebibyte) * mebibyte;
  return memory.grow(top) ? top : null;
}
