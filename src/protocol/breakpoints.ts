// SPDX-License-Identifier: GPL-2.0-or-later
/** The part of the worker contract about where and why to stop: breakpoints, watchpoints, values. */
import type { ElementType } from './debug-info.ts';

/** A breakpoint on an instruction. All that are set count its arrivals; see `StopHits`. */
export interface BreakpointSpec {
  /** Chosen by the page, unique among all stops. */
  readonly id: string;
  readonly address: number;
  readonly enabled: boolean;
  /** Which of the counted arrivals stop: `= 5`, `>= 100`, `> 3`, `% 10`. Empty: all. */
  readonly hits?: string;
}

/** Which accesses of watched memory stop. Values are those of the watched element. */
export type WatchWhen =
  | { readonly kind: 'any' }
  /** It has another value afterwards. */
  | { readonly kind: 'changes' }
  /** It is a NaN afterwards and was none before. */
  | { readonly kind: 'nan' }
  /** It comes from one side of `value` to the other, or onto it. */
  | { readonly kind: 'crosses'; readonly value: number };

/** Memory whose use stops the machine, after the instruction that uses it. */
export interface WatchpointSpec {
  readonly id: string;
  readonly enabled: boolean;
  /** For people: `w1[371][7]`. */
  readonly label: string;
  readonly address: number;
  /** Bytes, ≥ 1. */
  readonly length: number;
  /** How to read the element at `address`; null: as mere bytes. */
  readonly type: ElementType | null;
  readonly access: 'read' | 'write' | 'access';
  readonly when: WatchWhen;
}

/** A text of a stop that cannot be used, and where in it. That stop is left out. */
export interface StopProblem {
  readonly id: string;
  readonly field: 'hits' | 'range';
  /** 1-based, in the text of the field. */
  readonly column: number;
  readonly message: string;
}

/** How often a stop has been hit since the process started. */
export interface StopHits {
  readonly id: string;
  readonly hits: number;
}

export interface BreakpointApi {
  /**
   * Replaces all breakpoints and watchpoints, also while running. Hits go on being counted for stops
   * of the same place and condition. @returns what is wrong with them; empty when nothing is.
   */
  setStops(
    breakpoints: readonly BreakpointSpec[],
    watchpoints: readonly WatchpointSpec[],
  ): Promise<readonly StopProblem[]>;
  /** Hits of all stops, up to the present moment. */
  stopHits(): Promise<readonly StopHits[]>;
}
