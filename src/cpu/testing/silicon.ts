// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The real CPU behind the engine contract, for tests: a process made of `asm/tests/silicon.asm`
 * executes instruction by instruction, in memory of its own that is kept the same as the guest's.
 *
 * Only on x86-64 Linux. Code given to it is executed for real, but for system calls. It has no
 * watches and no profile.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeAssembler, readSourceTree } from '../../cli/node-assembler.ts';
import type { Addr } from '../../shared/brand.ts';
import { GPR, STATE, STATE_SIZE } from '../../shared/cpu-state.ts';
import { PROT, PROT_MAPPED } from '../../machine/layout.ts';
import type { GuestMemory, MemoryObserver } from '../../machine/memory.ts';
import type { Engine, Fault, RunResult, Watch } from '../cpu.ts';
import { guard } from '../guard.ts';
import { LONGEST_INSTRUCTION } from '../operand-access.ts';
import { linearAddress } from '../software.ts';

/** Where the process's own image lies; the stack and what the kernel adds are far above. */
const IMAGE_BASE = '0x70000000';

/** Layout of requests and answers; see silicon.asm. */
const BREAKPOINTS = 16;
const BREAKS_AT = 16;
const STATE_AT = BREAKS_AT + BREAKPOINTS * 8;
const REQUEST_SIZE = STATE_AT + STATE_SIZE;
const REGION_SIZE = 24;
const KEEP_MEMORY = 0xffffffff;
const ANSWER_SIZE = STATE_SIZE + 40;
const REASONS = ['budget', 'breakpoint', 'syscall', 'signal'] as const;

const SIGNALS: ReadonlyMap<number, Fault['signal']> = new Map([
  [4, 'SIGILL'],
  [5, 'SIGTRAP'],
  [7, 'SIGBUS'],
  [8, 'SIGFPE'],
  [11, 'SIGSEGV'],
]);

async function buildImage(directory: string): Promise<string> {
  const sources = await readSourceTree(fileURLToPath(new URL('../../../asm', import.meta.url)));
  const elf = 'include/elf.inc';
  const before = String(sources[elf]);
  const moved = before.replace(/^(IMAGE_BASE +equ) \w+$/m, `$1 ${IMAGE_BASE}`);
  if (moved === before) throw new Error(`${elf} does not say where images lie`);
  const assembler = await nodeAssembler();
  const main = 'tests/silicon.asm';
  const result = await assembler.assemble({ sources: { ...sources, [elf]: moved }, main });
  if (!result.ok) throw new Error(`${main}: ${JSON.stringify(result.diagnostics)}`);
  const file = join(directory, 'silicon');
  writeFileSync(file, result.image);
  chmodSync(file, 0o755);
  return file;
}

/** Starts the process for a memory. */
export async function createSiliconEngine(memory: GuestMemory): Promise<SiliconEngine> {
  const directory = mkdtempSync(join(tmpdir(), 'silicon-'));
  const image = await buildImage(directory);
  const [requests, answers] = [join(directory, 'requests'), join(directory, 'answers')];
  const made = spawnSync('mkfifo', [requests, answers], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`mkfifo: ${made.stderr}`);
  const child = spawn('sh', ['-c', 'exec "$0" < "$1" > "$2"', image, requests, answers], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  // both ends wait for each other, in the order in which the shell opens them
  const to = openSync(requests, 'w');
  const from = openSync(answers, 'r');
  return new SiliconEngine(memory, { directory, child, to, from });
}

interface Link {
  readonly directory: string;
  readonly child: ChildProcess;
  readonly to: number;
  readonly from: number;
}

export class SiliconEngine implements Omit<Engine, 'name'>, MemoryObserver {
  readonly #memory: GuestMemory;
  readonly #link: Link;
  readonly #stopObserving: () => void;
  #breakpoints: readonly bigint[] = [];
  #regions: ReturnType<GuestMemory['regions']> = [];
  /** The guest's memory is not what the process has. */
  #stale = true;

  constructor(memory: GuestMemory, link: Link) {
    this.#memory = memory;
    this.#link = link;
    this.#stopObserving = memory.observe(this);
  }

  written(): void {
    this.#stale = true;
  }

  remapped(): void {
    this.#stale = true;
  }

  setBreakpoints(addresses: ReadonlySet<Addr>): void {
    if (addresses.size > BREAKPOINTS) throw new RangeError('too many breakpoints');
    this.#breakpoints = Array.from(addresses, BigInt);
  }

  setWatches(watches: readonly Watch[]): void {
    if (watches.length > 0) throw new RangeError('the silicon engine has no watches');
  }

  setProfile(): void {
    throw new RangeError('the silicon engine has no profile');
  }

  updateProfile(): void {
    // there is none
  }

  dispose(): void {
    this.#stopObserving();
    closeSync(this.#link.to); // which ends the process
    closeSync(this.#link.from);
    rmSync(this.#link.directory, { recursive: true });
  }

  run(budget: number): RunResult {
    this.#ask(budget);
    const answer = this.#receive(ANSWER_SIZE);
    const { state, bytes } = this.#memory;
    state.bytes.set(answer.subarray(STATE.gpr, STATE.gpr + 128), STATE.gpr);
    state.bytes.set(answer.subarray(STATE.xmm, STATE.xmm + 256), STATE.xmm);
    const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
    state.rip = view.getBigUint64(STATE.rip, true);
    state.rflags = view.getUint32(STATE.rflags, true);
    state.mxcsr = view.getUint32(STATE.mxcsr, true);
    const executed = Number(view.getBigUint64(STATE_SIZE + 8, true));
    state.instructions += executed;
    for (const { start, end, prot } of this.#regions) {
      if ((prot & PROT.write) !== 0) bytes.set(this.#receive(end - start), start);
    }
    const reason = REASONS[view.getUint32(STATE_SIZE, true)];
    switch (reason) {
      case 'budget':
      case 'breakpoint':
        return { stop: { kind: reason }, executed };
      case 'syscall':
        state.setGpr(GPR.rcx, state.rip);
        state.setGpr(GPR.r11, BigInt(state.rflags));
        return { stop: { kind: 'syscall' }, executed };
      default:
        return { stop: { kind: 'fault', fault: this.#fault(view) }, executed };
    }
  }

  #ask(budget: number): void {
    const request = new Uint8Array(REQUEST_SIZE);
    const view = new DataView(request.buffer);
    view.setBigUint64(0, BigInt(budget), true);
    if (this.#stale) this.#regions = this.#memory.regions();
    view.setUint32(8, this.#stale ? this.#regions.length : KEEP_MEMORY, true);
    for (let i = 0; i < BREAKPOINTS; i++) {
      view.setBigUint64(BREAKS_AT + i * 8, this.#breakpoints[i] ?? 2n ** 64n - 1n, true);
    }
    request.set(this.#memory.state.bytes, STATE_AT);
    this.#send(request);
    if (!this.#stale) return;
    this.#stale = false;
    for (const { start, end, prot } of this.#regions) {
      const head = new BigUint64Array([start, end - start, prot].map(BigInt));
      this.#send(new Uint8Array(head.buffer, 0, REGION_SIZE));
      this.#send(this.#memory.bytes.subarray(start, end));
    }
  }

  #send(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += writeSync(this.#link.to, bytes, at);
  }

  #receive(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const count = readSync(this.#link.from, bytes, at, length - at, null);
      if (count === 0) throw new Error('the silicon process has ended');
      at += count;
    }
    return bytes;
  }

  /** From the kernel's signal and the CPU's exception to the contract's fault. */
  #fault(answer: DataView): Fault {
    const { state, bytes } = this.#memory;
    const signal = SIGNALS.get(answer.getUint32(STATE_SIZE + 4, true));
    if (!signal) throw new Error('an unknown signal');
    const exception = Number(answer.getBigUint64(STATE_SIZE + 16, true));
    const error = Number(answer.getBigUint64(STATE_SIZE + 24, true));
    const address = answer.getBigUint64(STATE_SIZE + 32, true);
    const { rip } = state;
    switch (exception) {
      case 0:
        return { signal, code: 'divide-error', rip };
      case 3:
        return { signal, code: 'breakpoint-trap', rip: rip - 1n };
      case 6:
        return { signal, code: 'invalid-opcode', rip };
      case 14: {
        const inside = address < BigInt(this.#memory.size);
        const mapped = inside && (this.#memory.protectionAt(Number(address)) & PROT_MAPPED) !== 0;
        const access = (error & 16) !== 0 ? 'fetch' : (error & 2) !== 0 ? 'write' : 'read';
        if (!mapped) return { signal, code: `unmapped-${access}`, rip, address };
        const code = access === 'fetch' ? 'exec-protected' : (`${access}-protected` as const);
        return { signal, code, rip, address };
      }
      default: {
        const at = Number(rip);
        const [instruction] = guard(bytes.subarray(at, at + LONGEST_INSTRUCTION), at, 1);
        const operand = instruction?.aligned && linearAddress(instruction.aligned, state);
        return operand !== null && operand !== undefined && (operand & 15n) !== 0n
          ? { signal, code: 'misaligned', rip, address: operand }
          : { signal, code: 'general-protection', rip };
      }
    }
  }
}
