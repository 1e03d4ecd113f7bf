// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Reading ELF64 images (System V ABI, "Object Files", and the x86-64 supplement), and putting their
 * segments into guest RAM the way Linux maps them: in whole pages of the file.
 */
import { addr, type Addr } from '../shared/brand.ts';
import { hex } from '../shared/format.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { GUEST_FLOOR, MAX_RAM, PAGE_SIZE, PROT } from './layout.ts';
import type { GuestMemory } from './memory.ts';

export interface ElfSegment {
  readonly address: number;
  /** Bytes in RAM; those past `fileSize` are zero. */
  readonly memorySize: number;
  readonly fileOffset: number;
  readonly fileSize: number;
  /** `PROT` bits. */
  readonly prot: number;
}

export interface ElfImage {
  readonly entry: Addr;
  /** PT_LOAD segments with a size, in the file's order. */
  readonly segments: readonly ElfSegment[];
  /** Where the program headers lie in RAM; null when no segment carries them. */
  readonly headers: Addr | null;
  readonly headerCount: number;
  /** First page boundary past the last segment. */
  readonly end: Addr;
  /** PT_GNU_STACK asks for a stack that can be executed. */
  readonly executableStack: boolean;
}

export const ELF_HEADER_SIZE = 64;
export const PROGRAM_HEADER_SIZE = 56;

const ET_EXEC = 2;
const ET_DYN = 3;
const EM_X86_64 = 62;
const PT = { LOAD: 1, DYNAMIC: 2, INTERP: 3, GNU_STACK: 0x6474e551 } as const;
const PF = { X: 1, W: 2, R: 4 } as const;

/** Reads and checks an image. Errors are sentences for people, without a file name. */
export function parseElf(image: Uint8Array): Result<ElfImage, string> {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const refused = checkHeader(view);
  if (refused !== null) return err(refused);

  const tableOffset = u64(view, 0x20);
  const count = view.getUint16(0x38, true);
  if (count === 0) return err('it has no program headers, so there is nothing to load');
  if (tableOffset + count * PROGRAM_HEADER_SIZE > view.byteLength) {
    return err(
      `its ${count} program headers at offset ${hex(tableOffset)} reach past the end of the file` +
        ` (${view.byteLength} bytes)`,
    );
  }

  const segments: ElfSegment[] = [];
  let executableStack = false;
  for (let i = 0; i < count; i++) {
    const at = tableOffset + i * PROGRAM_HEADER_SIZE;
    const type = view.getUint32(at, true);
    if (type === PT.INTERP || type === PT.DYNAMIC) {
      return err('it is dynamically linked; only static programs run here (no dynamic linker)');
    }
    if (type === PT.GNU_STACK) executableStack = (view.getUint32(at + 4, true) & PF.X) !== 0;
    if (type !== PT.LOAD) continue;
    const segment = readSegment(view, at, i);
    if (!segment.ok) return segment;
    if (segment.value.memorySize > 0) segments.push(segment.value);
  }
  return assemble(view, segments, { tableOffset, count, executableStack });
}

/** @returns what is wrong with the ELF header, or null. */
function checkHeader(view: DataView): string | null {
  const size = view.byteLength;
  if (size < 4 || view.getUint32(0) !== 0x7f454c46) {
    return 'it is not an ELF file (it does not begin with 7f 45 4c 46)';
  }
  if (size < ELF_HEADER_SIZE) {
    return `it is cut short: ${size} bytes do not hold an ELF header of ${ELF_HEADER_SIZE}`;
  }
  if (view.getUint8(4) !== 2) return 'it is not a 64-bit program (ELF class is not ELFCLASS64)';
  if (view.getUint8(5) !== 1) return 'it is not little-endian (ELF data is not ELFDATA2LSB)';
  if (view.getUint8(6) !== 1 || view.getUint32(0x14, true) !== 1) {
    return 'its ELF version is not 1';
  }
  const machine = view.getUint16(0x12, true);
  if (machine !== EM_X86_64) {
    return `it is for another processor (ELF machine ${machine}; x86-64 is ${EM_X86_64})`;
  }
  const type = view.getUint16(0x10, true);
  if (type === ET_DYN) {
    return 'it is position-independent (ET_DYN); link it statically at a fixed address (-no-pie)';
  }
  if (type !== ET_EXEC) return `it is not an executable (ELF type ${type}; ET_EXEC is ${ET_EXEC})`;
  const entrySize = view.getUint16(0x36, true);
  if (entrySize !== PROGRAM_HEADER_SIZE) {
    return `its program headers have ${entrySize} bytes each instead of ${PROGRAM_HEADER_SIZE}`;
  }
  return null;
}

function readSegment(view: DataView, at: number, index: number): Result<ElfSegment, string> {
  const flags = view.getUint32(at + 4, true);
  const fileOffset = u64(view, at + 8);
  const address = u64(view, at + 16);
  const fileSize = u64(view, at + 32);
  const memorySize = u64(view, at + 40);
  const name = `program header ${index}`;
  if (fileSize > memorySize) {
    return err(`${name} has more bytes in the file (${fileSize}) than in memory (${memorySize})`);
  }
  if (memorySize === 0) return ok({ address, memorySize, fileOffset, fileSize, prot: PROT.none });
  if (fileOffset + fileSize > view.byteLength) {
    return err(
      `${name} wants bytes ${hex(fileOffset)} to ${hex(fileOffset + fileSize)} of a file that` +
        ` has ${hex(view.byteLength)}`,
    );
  }
  if (fileSize > 0 && address % PAGE_SIZE !== fileOffset % PAGE_SIZE) {
    return err(
      `${name} has address ${hex(address)} and file offset ${hex(fileOffset)},` +
        ` which differ modulo the page size of ${PAGE_SIZE}`,
    );
  }
  if (address < GUEST_FLOOR) {
    return err(`${name} loads at ${hex(address)}, below the lowest address ${hex(GUEST_FLOOR)}`);
  }
  if (address + memorySize > MAX_RAM) {
    return err(
      `${name} reaches to ${hex(address + memorySize)}, past the most RAM this machine can have` +
        ` (${MAX_RAM / 2 ** 20} MiB)`,
    );
  }
  // x86 has no pages that can be written or executed but not read.
  const prot =
    ((flags & PF.R) !== 0 ? PROT.read : 0) |
    ((flags & PF.W) !== 0 ? PROT.write | PROT.read : 0) |
    ((flags & PF.X) !== 0 ? PROT.exec | PROT.read : 0);
  return ok({ address, memorySize, fileOffset, fileSize, prot });
}

function assemble(
  view: DataView,
  segments: readonly ElfSegment[],
  table: { tableOffset: number; count: number; executableStack: boolean },
): Result<ElfImage, string> {
  if (segments.length === 0) return err('none of its program headers loads anything (no PT_LOAD)');
  const sorted = [...segments].sort((a, b) => a.address - b.address);
  for (const [i, next] of sorted.entries()) {
    const previous = sorted[i - 1];
    if (previous !== undefined && previous.address + previous.memorySize > next.address) {
      return err(`its segments at ${hex(previous.address)} and ${hex(next.address)} overlap`);
    }
  }
  const entry = u64(view, 0x18);
  const home = segments.find((s) => entry >= s.address && entry < s.address + s.memorySize);
  if (home === undefined || (home.prot & PROT.exec) === 0) {
    return err(`its entry point ${hex(entry)} does not lie in an executable segment`);
  }
  const { tableOffset, count, executableStack } = table;
  const carrier = segments.find(
    (s) =>
      tableOffset >= s.fileOffset &&
      tableOffset + count * PROGRAM_HEADER_SIZE <= s.fileOffset + s.fileSize,
  );
  const end = Math.max(...segments.map((s) => s.address + s.memorySize));
  return ok({
    entry: addr(entry),
    segments,
    headers:
      carrier === undefined ? null : addr(carrier.address + tableOffset - carrier.fileOffset),
    headerCount: count,
    end: addr(pageUp(end)),
    executableStack,
  });
}

/**
 * Puts the segments into RAM. Pages come from the file whole, as mmap gives them, so a page that
 * two segments share has the bytes of both; the later segment decides its protection.
 * RAM must reach to `elf.end`, and nothing may be mapped there.
 */
export function loadSegments(memory: GuestMemory, image: Uint8Array, elf: ElfImage): void {
  for (const segment of elf.segments) {
    const { address, fileOffset, fileSize } = segment;
    const start = pageDown(address);
    const end = pageUp(address + segment.memorySize);
    memory.protect(addr(start), end - start, segment.prot);
    if (fileSize > 0) {
      const from = fileOffset - (address - start);
      const fileEnd = address + fileSize;
      const to = Math.min(image.length, from + pageUp(fileEnd) - start);
      memory.bytes.set(image.subarray(from, to), start);
      if (segment.memorySize > fileSize) memory.bytes.fill(0, fileEnd, pageUp(fileEnd));
    }
    memory.noteWritten(addr(start), end - start);
  }
}

function u64(view: DataView, offset: number): number {
  // Past 2^53 the sum is rounded; no such value passes the checks either way.
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}

export function pageDown(address: number): number {
  return address - (address % PAGE_SIZE);
}

export function pageUp(address: number): number {
  return Math.ceil(address / PAGE_SIZE) * PAGE_SIZE;
}
