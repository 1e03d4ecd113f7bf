// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Where things lie in guest RAM.
 *
 * Guest RAM is one `WebAssembly.Memory` in which a guest address *is* the byte offset. Linux never
 * maps addresses below 64 KiB (vm.mmap_min_addr) and our images start at 4 MiB, so the bytes below
 * `GUEST_FLOOR` are free for the machine's own tables: compiled code can reach them with constant
 * addresses, and the guest cannot, because no page below the floor is ever mapped for it.
 */

/** The smallest unit of mapping and protection, as on x86-64. */
export const PAGE_SIZE = 4096;

/** CPU state block (`shared/cpu-state.ts`), 512 bytes. */
export const STATE_OFFSET = 0x1000;

/** One byte per guest page: its `PROT` bits, 0 when unmapped. Covers `MAX_RAM`. */
export const PAGE_PROT_OFFSET = 0x20000;

/** Scratch room for hashes of pages: whoever looks for changed pages (`debugger/time`). */
export const PAGE_HASH_OFFSET = 0x40000;
export const PAGE_HASH_SIZE = 0x20000;

/** 0x100000 … 0x200000 is left to a compiling engine for its own tables. */
export const ENGINE_SCRATCH_OFFSET = 0x100000;

/** No guest mapping lies below this address. */
export const GUEST_FLOOR = 0x200000;

/** RAM of a new machine, and the most it can grow to; in bytes. */
export const DEFAULT_RAM = 128 * 2 ** 20;
export const MAX_RAM = 512 * 2 ** 20;

/** Stack of the main thread, and the unmapped guard below it; in bytes. */
export const STACK_SIZE = 8 * 2 ** 20;
export const STACK_GUARD = 2 ** 20;

/** Page protection bits, as in Linux's mman.h. */
export const PROT = { none: 0, read: 1, write: 2, exec: 4 } as const;

/** Set beside the `PROT` bits of a mapped page, so that PROT_NONE differs from unmapped. */
export const PROT_MAPPED = 8;
