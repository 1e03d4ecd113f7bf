// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What one can do with a value wherever it is shown: a registry, so that a feature adds its entry
 * once and finds it in the context menu of every register, lane and memory cell.
 */
import { formatCounted } from '../shared/format.ts';

/** Bytes of one register that make a lane, counted from its lowest. */
export interface LaneBytes {
  readonly offset: number;
  readonly length: number;
}

/** Where a value stands. */
export type ValueLocation =
  | { readonly kind: 'memory'; readonly address: number; readonly length: number }
  /** A general register, `rip`, `rflags`, `mxcsr` or `xmm0` … `xmm15`; without a lane all of it. */
  | { readonly kind: 'register'; readonly name: string; readonly lane?: LaneBytes };

export interface ValueAction {
  readonly id: string;
  /** What the entry says for this place; null where it does not apply. */
  readonly label: (location: ValueLocation) => string | null;
  readonly run: (location: ValueLocation) => void;
}

/** One line of a menu. */
export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly run: () => void;
  /** Cannot be chosen now. */
  readonly off?: boolean;
  /** A line is drawn above it. */
  readonly apart?: boolean;
}

export class ValueActions {
  #actions = $state.raw<readonly ValueAction[]>([]);

  /** Adds an action at the end; one with the same id is replaced. @returns its removal. */
  add(action: ValueAction): () => void {
    this.#actions = [...this.#actions.filter((a) => a.id !== action.id), action];
    return () => (this.#actions = this.#actions.filter((a) => a !== action));
  }

  /** The entries for a place, in the order in which they were added. */
  itemsFor(location: ValueLocation): MenuItem[] {
    return this.#actions.flatMap((action) => {
      const label = action.label(location);
      return label === null ? [] : [{ id: action.id, label, run: () => action.run(location) }];
    });
  }
}

/** The place in words: `xmm3, bytes 8 to 15`, `8 bytes at 0x402000`. */
export function locationText(location: ValueLocation): string {
  if (location.kind === 'memory') {
    const size = location.length === 1 ? 'byte' : formatCounted(location.length, 'byte');
    return `${size} at 0x${location.address.toString(16)}`;
  }
  const { name, lane } = location;
  if (lane === undefined) return name;
  return `${name}, bytes ${lane.offset} to ${lane.offset + lane.length - 1}`;
}
