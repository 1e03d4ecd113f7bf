// SPDX-License-Identifier: GPL-2.0-or-later
/** Looking at and changing the guest's state from outside, at a stop. */
import { unsignedOf } from '../shared/little-endian.ts';
import { PAGE_SIZE, PROT, PROT_MAPPED } from '../machine/layout.ts';
import type { GuestMemory } from '../machine/memory.ts';
import type { Process } from '../machine/process.ts';
import type { MemoryRegion, MemoryWindow } from '../protocol/machine.ts';
import { addr, isAddr, type Addr } from '../shared/brand.ts';
import { GPR_NAMES } from '../shared/cpu-state.ts';
import type { DebugInfo } from '../shared/debug-info.ts';
import { hex } from '../shared/format.ts';

/** Most bytes of one window. */
const WINDOW = 1 << 22;

/** The bits of mxcsr that mask exceptions: no engine raises them. */
const MASKS = 0x1f80n;

/** Bytes of RAM, with a map of which of them are there; what is not mapped reads as zero. */
export function readWindow(memory: GuestMemory, address: number, length: number): MemoryWindow {
  const start = Math.max(0, Math.floor(address));
  const size = Math.max(0, Math.min(Math.floor(length), WINDOW));
  const bytes = new Uint8Array(size);
  const mapped = new Uint8Array(size);
  for (let at = start; at < start + size;) {
    const next = Math.min(start + size, at - (at % PAGE_SIZE) + PAGE_SIZE);
    if ((memory.protectionAt(at) & PROT_MAPPED) !== 0) {
      bytes.set(memory.bytes.subarray(at, next), at - start);
      mapped.fill(1, at - start, next - start);
    }
    at = next;
  }
  return { address: start, bytes, mapped };
}

/** Writes without regard to protection, as a debugger may. @returns an error text, or null. */
export function pokeMemory(memory: GuestMemory, address: number, bytes: Uint8Array): string | null {
  if (!isAddr(address) || !memory.allows(address, bytes.length, PROT.none)) {
    return `${hex(Math.max(0, address))} is not mapped: nothing was written.`;
  }
  memory.write(addr(address), bytes);
  return null;
}

/**
 * Writes a register.
 * @param register a general register, `rip`, `rflags`, `mxcsr` or `xmm0` … `xmm15`
 * @param bytes little-endian; shorter values are extended by zeros
 * @returns an error text, or null
 */
export function pokeRegister(
  memory: GuestMemory,
  register: string,
  bytes: Uint8Array,
): string | null {
  const { state } = memory;
  const vector = /^xmm(\d|1[0-5])$/.exec(register);
  const room = vector ? 16 : 8;
  if (bytes.length > room) return `${register} holds ${room} bytes, not ${bytes.length}.`;
  if (vector) {
    const target = state.xmm(Number(vector[1]));
    target.fill(0);
    target.set(bytes);
    return null;
  }
  const value = unsignedOf(bytes);
  const index = (GPR_NAMES as readonly string[]).indexOf(register);
  if (index >= 0) state.setGpr(index, value);
  else if (register === 'rip') state.rip = value;
  else if (register === 'rflags') state.rflags = Number((value & 0xcd5n) | 0x202n);
  else if (register === 'mxcsr') {
    if ((value & ~0xffffn) !== 0n) return 'mxcsr has 16 bits.';
    if ((value & MASKS) !== MASKS) {
      return 'This machine keeps all floating-point exceptions masked (mxcsr bits 7 to 12).';
    }
    state.mxcsr = Number(value);
  } else return `There is no register named ${register}.`;
  return null;
}

function protText(prot: number): string {
  const letter = (bit: number, name: string): string => ((prot & bit) !== 0 ? name : '-');
  return letter(PROT.read, 'r') + letter(PROT.write, 'w') + letter(PROT.exec, 'x');
}

function nameRegion(start: number, end: number, process: Process, debug: DebugInfo | null): string {
  const { heapStart, mmapTop, stackTop } = process.space.layout;
  const sections = debug?.sections.filter(
    (section) => section.start < end && section.start + section.size > start,
  );
  if (sections !== undefined && sections.length > 0) {
    return sections.map((section) => section.name).join(' ');
  }
  if (start < heapStart) return 'image';
  if (start >= mmapTop && end <= stackTop) return 'stack';
  return end <= process.space.heapEnd + PAGE_SIZE ? 'heap' : 'mmap';
}

/** Mapped memory in ascending order, cut where two kinds of it touch. */
export function listRegions(
  memory: GuestMemory,
  process: Process,
  debug: DebugInfo | null,
): MemoryRegion[] {
  const { heapStart, mmapTop, stackTop } = process.space.layout;
  const cuts = [heapStart, mmapTop, stackTop];
  const found: MemoryRegion[] = [];
  for (const region of memory.regions()) {
    const edges: number[] = cuts.filter((cut) => cut > region.start && cut < region.end);
    let start: Addr = region.start;
    for (const edge of [...edges, region.end]) {
      const end = addr(edge);
      const name = nameRegion(start, end, process, debug);
      found.push({ start, end, prot: protText(region.prot), name });
      start = end;
    }
  }
  return found;
}
