// SPDX-License-Identifier: GPL-2.0-or-later
/** The part of the worker contract about where and why to stop: breakpoints, watchpoints, values. */
import type { ElementType } from './debug-info.ts';

/** A breakpoint on an instruction. All that are set count its arrivals; see `StopHits`. */
export interface BreakpointSpec {
  /** Chosen by the page, unique among all stops. */
  readonly id: string;
  readonly address: number;
  readonly enabled: boolean;
  /** An expression (docs/EXPRESSIONS.md); an arrival counts only when it holds. Empty: always. */
  readonly condition?: string;
  /** Which of the counted arrivals stop: `= 5`, `>= 100`, `> 3`, `% 10`. Empty: all. */
  readonly hits?: string;
  /** A text with `{expression}` in it: printed at these arrivals instead of stopping. */
  readonly log?: string;
}

/** Which accesses of watched memory stop. Values are those of the watched element. */
export type WatchWhen =
  | { readonly kind: 'any' }
  /** It has another value afterwards. */
  | { readonly kind: 'changes' }
  /** It is a NaN afterwards and was none before. */
  | { readonly kind: 'nan' }
  /** It comes from one side of `value` to the other, or onto it. */
  | { readonly kind: 'crosses'; readonly value: number }
  /** The expression holds afterwards; `old` and `new` in it are the values. */
  | { readonly kind: 'holds'; readonly expression: string };

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
  readonly field: 'condition' | 'hits' | 'log' | 'when' | 'range';
  /** 1-based, in the text of the field. */
  readonly column: number;
  readonly message: string;
}

/** How often a stop has been hit since the process started. */
export interface StopHits {
  readonly id: string;
  readonly hits: number;
}

/** What a log point prints. */
export interface LogLine {
  readonly id: string;
  /** Instruction count. */
  readonly at: number;
  readonly text: string;
}

/** How a value is to be shown; `auto` as its type suggests. */
export type WantedFormat = 'auto' | 'decimal' | 'hex' | 'binary' | 'char' | 'float';

export interface EvaluationRequest {
  readonly text: string;
  readonly format: WantedFormat;
}

export interface EvaluationProblem {
  readonly ok: false;
  /** 1-based, and how many characters from there on. */
  readonly column: number;
  readonly length: number;
  readonly message: string;
}

export type Evaluation =
  | {
      readonly ok: true;
      /** `u64`, `f32`, `bool`, `xmm`. */
      readonly type: string;
      readonly text: string;
      /** For curves; NaN for what is no number. */
      readonly number: number;
      /** Where it lies in memory; null when it is calculated or in a register. */
      readonly address: number | null;
    }
  | EvaluationProblem;

/** Memory that a text names, for a watchpoint. */
export type Located =
  | {
      readonly ok: true;
      readonly label: string;
      readonly address: number;
      readonly length: number;
      readonly type: ElementType | null;
    }
  | EvaluationProblem;

export interface BreakpointApi {
  /**
   * Replaces all breakpoints and watchpoints, also while running; they are kept across boots. Hits
   * go on being counted for stops of the same place and condition.
   * @returns what is wrong with them; empty when nothing is, or no program is there to tell.
   */
  setStops(
    breakpoints: readonly BreakpointSpec[],
    watchpoints: readonly WatchpointSpec[],
  ): Promise<readonly StopProblem[]>;
  /** Hits of all stops, up to the present moment. */
  stopHits(): Promise<readonly StopHits[]>;
  /** Values of expressions (docs/EXPRESSIONS.md) in the present state, in the same order. */
  evaluate(requests: readonly EvaluationRequest[]): Promise<readonly Evaluation[]>;
  /**
   * The memory that is meant: an element `w1[3][5]`, a tensor, a label, `[rsp].u64`, or a range
   * `rdi, 64` of an address and a number of bytes.
   */
  locate(text: string): Promise<Located>;
  /** The address that an expression means, as memory and disassembly take it. */
  findAddress(
    text: string,
  ): Promise<{ readonly ok: true; readonly address: number } | EvaluationProblem>;
}
