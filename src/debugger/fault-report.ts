// SPDX-License-Identifier: GPL-2.0-or-later
/** A fault as a person can use it: what happened, where, and what it usually means. */
import type { Fault } from '../cpu/cpu.ts';
import { PAGE_SIZE, STACK_GUARD } from '../machine/layout.ts';
import type { GuestMemory } from '../machine/memory.ts';
import type { FaultReport } from '../protocol/machine.ts';
import { GPR } from '../shared/cpu-state.ts';
import type { DebugIndex } from '../shared/debug-index.ts';
import { hex } from '../shared/format.ts';
import { describeInstruction } from './disassemble.ts';

/** Addresses below this are what a null pointer with an offset looks like. */
const NULL_REACH = 64 * 1024;

interface Scene {
  readonly memory: GuestMemory;
  readonly index: DebugIndex | null;
  /** Lowest address of the stack. */
  readonly stackBottom: number;
}

function isStackOverflow(address: bigint, scene: Scene): boolean {
  const { stackBottom, memory } = scene;
  if (address >= BigInt(stackBottom) || address < BigInt(stackBottom - STACK_GUARD)) return false;
  const rsp = memory.state.gpr(GPR.rsp);
  return rsp < BigInt(stackBottom + PAGE_SIZE);
}

/** What the address of a failed access has to say. */
function aboutAddress(address: bigint, scene: Scene): string {
  if (isStackOverflow(address, scene)) {
    return (
      'The stack has grown into its guard: it is full. ' +
      'Look for a recursion without an end, or for a push without its pop in a loop.'
    );
  }
  if (address < BigInt(NULL_REACH)) {
    return (
      'This is close to zero: a pointer that was never set, or an index used as an address. ' +
      'Check the register that holds the base address.'
    );
  }
  if (address >= 1n << 47n) {
    return 'No program has memory there: the address is probably a negative number or a float.';
  }
  const name = scene.index?.describe(Number(address));
  if (name != null) return `It lies at ${name}.`;
  return 'Nothing is mapped there: an index past the end of its array, or a stale pointer.';
}

function explain(fault: Fault, scene: Scene): string {
  const at = fault.address === undefined ? '' : hex(fault.address);
  const nameOf = (address: number): string | null => scene.index?.describe(address) ?? null;
  const what = describeInstruction(scene.memory, Number(fault.rip), nameOf);
  const detail = fault.detail === undefined ? '' : ` (${fault.detail})`;
  const where = fault.address === undefined ? '' : ` ${aboutAddress(fault.address, scene)}`;
  switch (fault.code) {
    case 'unmapped-read':
      return `${what} reads ${at}, where there is no memory.${where}`;
    case 'unmapped-write':
      return `${what} writes to ${at}, where there is no memory.${where}`;
    case 'unmapped-fetch':
      return (
        `The program jumped to ${hex(fault.rip)}, where there is no memory. A call through a wrong ` +
        'pointer, or a ret with something else than the return address on top of the stack.'
      );
    case 'read-protected':
      return `${what} reads ${at}, which may not be read.`;
    case 'write-protected':
      return (
        `${what} writes to ${at}, which is read-only.${where} ` +
        'Code and .rodata cannot be changed: put what changes into .data or .bss.'
      );
    case 'exec-protected':
      return (
        `The program jumped to ${hex(fault.rip)}, which is data and not code. A missing ret or jmp ` +
        'at the end of the function before, a wrong function pointer, or a spoilt return address.'
      );
    case 'misaligned':
      return (
        `${what} needs an address that is a multiple of 16${at === '' ? '' : `, and ${at} is not`}. ` +
        'Align the data (align 16), use movups or movupd, or mend the stack: at a call rsp must be ' +
        'a multiple of 16.'
      );
    case 'general-protection':
      return (
        `${what} is refused by the processor${detail}: an address that cannot exist ` +
        '(not canonical), or an instruction for the kernel alone.'
      );
    case 'divide-error':
      return (
        `${what} divides by zero, or its quotient does not fit. Before div clear edx or rdx, ` +
        'before idiv use cdq or cqo.'
      );
    case 'invalid-opcode':
      return (
        `${hex(fault.rip)} holds no valid instruction${detail}. ` +
        'The program runs into data, or executes ud2 on purpose.'
      );
    case 'unsupported':
      return (
        `${what} is a real instruction that this machine cannot execute truthfully${detail}. ` +
        'It works on a processor that has it; here, choose another instruction.'
      );
    case 'breakpoint-trap':
      return `int3 was executed. Without a debugger of its own the program ends here, as on Linux.`;
  }
}

/** @param stackBottom lowest address of the stack, for telling a stack overflow. */
export function reportFault(
  fault: Fault,
  memory: GuestMemory,
  index: DebugIndex | null,
  stackBottom: number,
): FaultReport {
  const rip = Number(fault.rip);
  const place = index?.lineAt(rip) ?? null;
  return {
    signal: fault.signal,
    code: fault.code,
    rip,
    address: fault.address === undefined ? null : hex(fault.address),
    symbol: index?.describe(rip) ?? null,
    file: place?.file ?? null,
    line: place?.line ?? null,
    message: explain(fault, { memory, index, stackBottom }),
  };
}

/** The report of a process that ended by a signal without a faulting instruction (SIGPIPE …). */
export function reportKilled(
  signal: string,
  memory: GuestMemory,
  index: DebugIndex | null,
): FaultReport {
  const rip = Number(memory.state.rip);
  const place = index?.lineAt(rip) ?? null;
  return {
    signal,
    code: 'killed',
    rip,
    address: null,
    symbol: index?.describe(rip) ?? null,
    file: place?.file ?? null,
    line: place?.line ?? null,
    message: `The process was ended by ${signal} in a system call.`,
  };
}
