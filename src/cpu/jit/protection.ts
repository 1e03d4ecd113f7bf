// SPDX-License-Identifier: GPL-2.0-or-later
/** What page protection allows, as the hardware sees it. */
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';

/** Whether a page's protection allows the accesses in `need`; what is writable or executable is readable too. */
export function grants(prot: number, need: number): boolean {
  if ((need & PROT.write) !== 0) return (prot & PROT.write) !== 0;
  return (prot & (PROT.read | PROT.write | PROT.exec)) !== 0;
}

/** Whether every byte of a range inside RAM allows the accesses in `need`. */
export function accessible(
  memory: GuestMemory,
  start: number,
  length: number,
  need: number,
): boolean {
  if (start < 0 || start + length > memory.size) return false;
  for (let page = Math.floor(start / PAGE_SIZE); page * PAGE_SIZE < start + length; page++) {
    if (!grants(memory.protectionAt(page * PAGE_SIZE), need)) return false;
  }
  return true;
}
