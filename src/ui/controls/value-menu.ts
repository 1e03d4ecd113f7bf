// SPDX-License-Identifier: GPL-2.0-or-later
/** Entries that every value's context menu has: change, follow, copy, and what features add. */
import type { MenuItem, ValueActions, ValueLocation } from '../../state/value-actions.svelte.ts';

export interface MenuFacts {
  readonly location: ValueLocation;
  /** The value as it is shown. */
  readonly text: string;
  /** The value's bits, `0x…`. */
  readonly bits: string;
  readonly change: () => void;
  /** Goes to where the value points; null when it is no address. */
  readonly follow: (() => void) | null;
}

function copy(text: string): void {
  // Refused without permission: nothing to be done about it, and nothing lost.
  navigator.clipboard.writeText(text).catch(() => undefined);
}

export function valueMenu(facts: MenuFacts, actions: ValueActions): MenuItem[] {
  const { location, text, bits, change, follow } = facts;
  const own: MenuItem[] = [
    { id: 'change', label: 'Change…', run: change },
    ...(follow === null ? [] : [{ id: 'follow', label: 'Show memory there', run: follow }]),
    { id: 'copy', label: `Copy ${text}`, run: () => copy(text) },
    ...(bits === text ? [] : [{ id: 'copy-bits', label: `Copy ${bits}`, run: () => copy(bits) }]),
  ];
  const added = actions
    .itemsFor(location)
    .map((item, i) => (i === 0 ? { ...item, apart: true } : item));
  return [...own, ...added];
}
