// SPDX-License-Identifier: GPL-2.0-or-later
/** Layout of the engine's own tables in guest RAM, below the guest's floor. */
import { ENGINE_SCRATCH_OFFSET, STATE_OFFSET } from '../../machine/layout.ts';
import { STATE } from '../../shared/cpu-state.ts';

const BASE = ENGINE_SCRATCH_OFFSET;

export const SCRATCH = {
  /** i32: instructions that may still execute. */
  left: BASE,
  /** i32 kind, i64 a, b, c: flags as their last writer left them (`flags.ts`). */
  flagKind: BASE + 8,
  flagA: BASE + 16,
  flagB: BASE + 24,
  flagC: BASE + 32,
  /** Two u64 results of wide divisions and multiplications. */
  wide: BASE + 48,
  /** u64 address of the misaligned access. */
  address: BASE + 64,
  /** The last access refused: u64 address, i32 bytes, i32 `PROT` bits needed. */
  refused: BASE + 72,
  /** The access outside its window: u64 address, i32 home of the window. */
  missed: BASE + 88,
  /** i32: slot of the region that was entered last. */
  slot: BASE + 104,
  /** Ranges of RAM known to be accessible: see `INTERVALS`. */
  intervals: BASE + 0x100,
  /** Access windows of regions, 16 bytes each: u64 start, u64 length. */
  windows: BASE + 0x1000,
  /** Hash table of translations: see `HASH_SIZE`. */
  hash: BASE + 0x80000,
  /** Counters of blocks, u64 each, while a profile is taken. */
  counters: BASE + 0xc0000,
} as const;

/** Entries of 24 bytes: u64 start, u64 length, i32 `PROT` bits they have been checked for. */
export const INTERVALS = 8;
export const INTERVAL_BYTES = 24;

/** Windows that fit; one more behind them serves instructions executed alone. */
export const MAX_WINDOWS = 0x7000;

/** Entries of 16 bytes: u64 rip, i32 table slot, i32 entry number. Empty ones have rip 0. */
export const HASH_SIZE = 16384;

export const MAX_COUNTERS = 0x8000;

/** Addresses of the parts of the state block. */
export const HOME = {
  gpr: (n: number): number => STATE_OFFSET + STATE.gpr + n * 8,
  xmm: (n: number): number => STATE_OFFSET + STATE.xmm + n * 16,
  rip: STATE_OFFSET + STATE.rip,
  rflags: STATE_OFFSET + STATE.rflags,
  fsBase: STATE_OFFSET + STATE.fsBase,
  gsBase: STATE_OFFSET + STATE.gsBase,
} as const;
