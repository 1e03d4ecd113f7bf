// SPDX-License-Identifier: GPL-2.0-or-later
/** From the CPU's exceptions to the faults of the engine contract. */
import { Decoder, DecoderOptions } from 'iced-x86';
import { GPR, type CpuState } from '../../shared/cpu-state.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import { PAGE_SIZE, PROT, PROT_MAPPED } from '../../machine/layout.ts';
import type { Fault } from '../cpu.ts';
import { guard, type GuardedInstruction } from '../guard.ts';
import { LONGEST_INSTRUCTION } from '../operand-access.ts';
import { linearAddress } from '../software.ts';
import type { UnicornCore } from './core.ts';

interface Context {
  readonly core: UnicornCore;
  readonly memory: GuestMemory;
  /** Of the faulting instruction, or behind it for software interrupts. */
  readonly rip: bigint;
  /** The bytes at rip, if rip can be a program's. */
  readonly instruction: Uint8Array | null;
}

/** @param vector the exception's number (Intel SDM vol. 3, 6.15). */
export function interruptFault(vector: number, context: Context): Fault {
  const { rip } = context;
  switch (vector) {
    case 0:
      return { signal: 'SIGFPE', code: 'divide-error', rip };
    case 1:
      return { signal: 'SIGTRAP', code: 'breakpoint-trap', rip };
    case 3:
      return { signal: 'SIGTRAP', code: 'breakpoint-trap', rip: rip - 1n };
    case 6: {
      // The guard lets only valid instructions through: one that Unicorn does not know.
      const detail = 'a rare encoding that is not emulated';
      return { signal: 'SIGILL', code: 'unsupported', rip, detail };
    }
    case 14:
      return pageFault(context);
    default: {
      const [first] = context.instruction ? guard(context.instruction, Number(rip), 1) : [];
      const signal = first && isStackFault(first, context.memory.state) ? 'SIGBUS' : 'SIGSEGV';
      return { signal, code: 'general-protection', rip };
    }
  }
}

/** Whether the address that is none was reached through the stack segment. */
function isStackFault(instruction: GuardedInstruction, state: CpuState): boolean {
  const { usesStack, besidesStack: both } = instruction;
  if (usesStack || !both) return usesStack;
  return both.first
    ? isCanonical(linearAddress(both.operand, state))
    : !isCanonical(state.gpr(GPR.rsp));
}

/** Whether there is such an address at all. */
export function isCanonical(address: bigint): boolean {
  const top = BigInt.asIntN(64, address) >> 47n;
  return top === 0n || top === -1n;
}

/** What the instruction in `bytes` adds to rsp by itself: -8 for a call, 8 and more for a ret. */
export function stackMove(bytes: Uint8Array): number {
  const decoder = new Decoder(64, bytes, DecoderOptions.None);
  const instruction = decoder.decode();
  const moved = instruction.isStackInstruction ? instruction.stackPointerIncrement : 0;
  instruction.free();
  decoder.free();
  return moved;
}

function pageFault({ core, memory, rip }: Context): Fault {
  const address = core.faultAddress;
  const prot = address < BigInt(memory.size) ? memory.protectionAt(Number(address)) : 0;
  const mapped = (prot & PROT_MAPPED) !== 0;
  const fault = (code: Fault['code']): Fault => ({ signal: 'SIGSEGV', code, rip, address });
  if ((core.faultCode & 2) !== 0) return fault(mapped ? 'write-protected' : 'unmapped-write');
  if (isFetch(memory, rip, address)) return fault(mapped ? 'exec-protected' : 'unmapped-fetch');
  return fault(mapped ? 'read-protected' : 'unmapped-read');
}

/** Whether the fault came from fetching the instruction rather than from its operands. */
function isFetch(memory: GuestMemory, rip: bigint, address: bigint): boolean {
  if (address === rip) return true;
  const distance = address - rip;
  if (distance <= 0n || distance >= BigInt(LONGEST_INSTRUCTION)) return false;
  if (address % BigInt(PAGE_SIZE) !== 0n) return false;
  if ((memory.protectionAt(Number(rip)) & PROT.exec) === 0) return true;
  const bytes = memory.bytes.subarray(Number(rip), Number(address));
  return guard(bytes, Number(rip), 1)[0]?.kind === 'invalid';
}
