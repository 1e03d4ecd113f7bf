// SPDX-License-Identifier: GPL-2.0-or-later
/** How the CPU comes up: descriptors, page tables, and the few instructions that lead to ring 3. */
import { GUEST_FLOOR, MAX_RAM, PAGE_SIZE } from '../../machine/layout.ts';

/** Page table entry bits (Intel SDM vol. 3, 4.5). */
export const PTE = { present: 1, write: 2, user: 4, dirty: 0x40 } as const;

/** A page for short programs of our own in ring 3; not mapped while the guest runs. */
export const STUB = 0x10000;

/** Guest-physical addresses of the tables below `GUEST_FLOOR`. */
export const BOOT_CODE = 0x1000;
const GDT = 0x2000;
/** Top of the stack that `BOOT_CODE` needs. */
export const BOOT_STACK = GDT + 0x800;
const PML4 = 0x3000;
const PDPT = 0x4000;
const PAGE_DIRECTORY = 0x5000;
/** The entries of all pages, in the order of their addresses. */
export const PAGE_TABLES = 0x80000;

/** Switches on SSE and paging and drops to ring 3 at `STUB`; assembled at `BOOT_CODE`. */
// prettier-ignore
const BOOT = Uint8Array.of(
  0x0f, 0x20, 0xe0,                         // mov rax, cr4
  0x0d, 0x20, 0x06, 0x00, 0x00,             // or eax, PAE | OSFXSR | OSXMMEXCPT
  0x0f, 0x22, 0xe0,                         // mov cr4, rax
  0xb8, 0x00, 0x30, 0x00, 0x00,             // mov eax, PML4
  0x0f, 0x22, 0xd8,                         // mov cr3, rax
  0x0f, 0x20, 0xc0,                         // mov rax, cr0
  0x83, 0xe0, 0xfb,                         // and eax, ~EM
  0x0d, 0x03, 0x00, 0x01, 0x80,             // or eax, PG | WP | MP | PE
  0x0f, 0x22, 0xc0,                         // mov cr0, rax
  0x0f, 0x01, 0x15, 0x13, 0x00, 0x00, 0x00, // lgdt [rel gdtr]
  0x6a, 0x23,                               // push user ss
  0x6a, 0x00,                               // push rsp
  0x68, 0x02, 0x02, 0x00, 0x00,             // push rflags
  0x6a, 0x2b,                               // push user cs
  0xff, 0x35, 0x0c, 0x00, 0x00, 0x00,       // push qword [rel ring3]
  0x48, 0xcf,                               // iretq
  0x2f, 0x00,                               // gdtr: dw 6 * 8 - 1
  0x00, 0x20, 0x00, 0x00, 0, 0, 0, 0,       //       dq GDT
  0x00, 0x00, 0x01, 0x00, 0, 0, 0, 0,       // ring3: dq STUB
);

/** null, kernel code, kernel data, null, user data (0x23), user code (0x2b); as halves. */
const DESCRIPTORS = [
  0, 0, 0, 0x00209a00, 0, 0x00009200, 0, 0, 0, 0x00c0f200, 0, 0x0020fa00,
] as const;

/**
 * Lays out all of it below `GUEST_FLOOR`; the guest has no pages yet.
 * @param base heap offset of guest address 0.
 */
export function layTables(bytes: Uint8Array, words: Uint32Array, base: number): void {
  const entry = (table: number, index: number, value: number): void => {
    words[((base + table) >>> 2) + index * 2] = value;
    words[((base + table) >>> 2) + index * 2 + 1] = 0;
  };
  words.fill(0, base >>> 2, (base + GUEST_FLOOR) >>> 2);
  bytes.set(BOOT, base + BOOT_CODE);
  words.set(DESCRIPTORS, (base + GDT) >>> 2);
  const down = PTE.present | PTE.write | PTE.user;
  entry(PML4, 0, PDPT | down);
  entry(PDPT, 0, PAGE_DIRECTORY | down);
  for (let i = 0; i < MAX_RAM / (512 * PAGE_SIZE); i++) {
    entry(PAGE_DIRECTORY, i, (PAGE_TABLES + i * PAGE_SIZE) | down);
  }
  for (const page of [BOOT_CODE, GDT]) {
    entry(PAGE_TABLES, page / PAGE_SIZE, page | PTE.present | PTE.write);
  }
  entry(PAGE_TABLES, STUB / PAGE_SIZE, STUB | down);
}
