// SPDX-License-Identifier: GPL-2.0-or-later
/** The guest's code as the engine has come to know it: blocks and single instructions, decoded once. */
import type { GuestMemory } from '../../machine/memory.ts';
import { PAGE_SIZE, PROT, PROT_MAPPED } from '../../machine/layout.ts';
import { guard, type GuardedInstruction } from '../guard.ts';
import { LONGEST_INSTRUCTION } from '../operand-access.ts';
import { makeBlock, straight, type Block } from './blocks.ts';

/** Bytes within which most blocks end, so that not much is decoded in vain. */
const USUAL_BLOCK = 512;

/** Bytes that no translated block exceeds: a page, and what a jump over its end adds. */
const LONGEST_BLOCK = 2 * PAGE_SIZE;

/** Why there is no instruction to be fetched. */
export interface FetchFault {
  readonly code: 'exec-protected' | 'unmapped-fetch';
  /** Where fetching failed: behind the first bytes of the instruction, or at these. */
  readonly address: number;
}

export class KnownCode {
  readonly #memory: GuestMemory;
  readonly #read: (address: number, length: number) => Uint8Array;
  readonly #blocks = new Map<number, Block>();
  readonly #instructions = new Map<number, GuardedInstruction>();
  #breakpoints: ReadonlySet<number> = new Set<number>();

  /** @param read bytes as the guest sees them at this moment. */
  constructor(memory: GuestMemory, read: (address: number, length: number) => Uint8Array) {
    this.#memory = memory;
    this.#read = read;
  }

  /** Bytes of executable pages, or rights to pages, have changed. */
  forget(): void {
    this.#blocks.clear();
    this.#instructions.clear();
  }

  setBreakpoints(addresses: ReadonlySet<number>): void {
    this.#breakpoints = addresses;
    for (const block of this.#blocks.values()) block.broken = this.#isBroken(block);
  }

  /** The block that was last found to begin there. */
  known(address: number): Block | undefined {
    return this.#blocks.get(address);
  }

  /** @param size in bytes, as Unicorn tells it: see `CoreHandler.block`. */
  blockAt(address: number, size: number | null): Block {
    const known = this.#blocks.get(address);
    if (known !== undefined) {
      if (size === null || (known.open ? size === 0 : size === known.size)) return known;
    }
    const block =
      size === null || size === 0 ? this.#openBlock(address) : this.#block(address, size);
    block.broken = this.#isBroken(block);
    this.#blocks.set(address, block);
    return block;
  }

  /** The instruction at `address`, or what fetching it comes to. */
  instructionAt(address: number): GuardedInstruction | FetchFault {
    const prot = this.#memory.protectionAt(address);
    if ((prot & PROT.exec) === 0) return fetchFault(prot, address);
    const known = this.#instructions.get(address);
    if (known) return known;
    let length = LONGEST_INSTRUCTION;
    const rest = PAGE_SIZE - (address % PAGE_SIZE);
    const beyond = this.#memory.protectionAt(address + rest);
    if (rest < length && (beyond & PROT.exec) === 0) length = rest;
    const [instruction] = guard(this.#read(address, length), address, 1);
    // the rest of it lies on a page that can't be fetched
    if (!instruction || (instruction.kind === 'invalid' && length === rest)) {
      return fetchFault(beyond, address + rest);
    }
    if ((prot & PROT.write) === 0) this.#instructions.set(address, instruction);
    return instruction;
  }

  /** Whether an instruction may be executed and can't change behind our back. */
  isFixed(address: number, length: number): boolean {
    return this.#executable(address) && this.#executable(address + length - 1);
  }

  #block(address: number, size: number): Block {
    const instructions = guard(this.#read(address, size), address);
    const last = instructions.at(-1);
    const whole = last !== undefined && last.address + last.length === address + size;
    return makeBlock(instructions, size, !whole || !this.isFixed(address, size));
  }

  /** A block of unknown length: all the code up to the next jump. */
  #openBlock(address: number): Block {
    let room = 0;
    while (room < LONGEST_BLOCK && this.#executable(address + room)) {
      room += PAGE_SIZE - ((address + room) % PAGE_SIZE);
    }
    let instructions: GuardedInstruction[];
    let last: GuardedInstruction | undefined;
    for (let part = USUAL_BLOCK; ; part *= 2) {
      instructions = straight(guard(this.#read(address, Math.min(room, part)), address));
      last = instructions.at(-1);
      const whole = last !== undefined && last.address + LONGEST_INSTRUCTION <= address + part;
      if (whole || part >= room) break;
    }
    const size = last === undefined ? 0 : last.address + last.length - address;
    return makeBlock(instructions, size, last === undefined, true);
  }

  #executable(address: number): boolean {
    const prot = this.#memory.protectionAt(address);
    return (prot & (PROT.exec | PROT.write)) === PROT.exec;
  }

  #isBroken(block: Block): boolean {
    return block.instructions.some(({ address }) => this.#breakpoints.has(address));
  }
}

function fetchFault(prot: number, address: number): FetchFault {
  return { code: prot & PROT_MAPPED ? 'exec-protected' : 'unmapped-fetch', address };
}
