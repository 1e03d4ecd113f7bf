// SPDX-License-Identifier: GPL-2.0-or-later
/** A compiled region, and what is remembered of it. */
import type { Part } from './flow.ts';
import type { Grounds } from './grounds.ts';
import type { Execute } from './link.ts';
import type { Region } from './region.ts';

/** As what a region is translated. */
export interface Manner {
  readonly part: Part;
  /** It runs a lot: as well as can be. */
  readonly hot: boolean;
  /** Its accesses often leave their windows. */
  readonly restless: boolean;
}

export interface Translation extends Manner {
  readonly root: number;
  readonly execute: Execute;
  readonly entries: readonly number[];
  /** Where the rest of the region can be entered, if this is its main part. */
  readonly seldom: readonly number[];
  readonly grounds: Grounds;
  /** Where its indirect calls and jumps note their targets. */
  readonly targets: ReadonlyMap<number, number>;
  /** Functions outside that it calls. */
  readonly calls: ReadonlySet<number>;
  readonly wasmBytes: number;
  /** Addresses of its instructions, block by block. */
  readonly blocks: readonly (readonly number[])[];
  readonly insns: number;
  /** How often an access lay outside its window. */
  misses: number;
  slot: number;
}

/** What compiling has cost so far. */
export interface CompileStats {
  regions: number;
  instructions: number;
  wasmBytes: number;
  milliseconds: number;
  flushes: number;
  /** Regions taken up again without being translated. */
  revived: number;
}

export function noStats(): CompileStats {
  return {
    regions: 0,
    instructions: 0,
    wasmBytes: 0,
    milliseconds: 0,
    flushes: 0,
    revived: 0,
  };
}

/** Functions outside the region that it calls directly. */
export function callsOf(region: Region): Set<number> {
  return new Set(
    region.blocks.flatMap(({ term }) =>
      term.k === 'call' && typeof term.to === 'number' ? [term.to] : [],
    ),
  );
}
