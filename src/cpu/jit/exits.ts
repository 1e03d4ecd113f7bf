// SPDX-License-Identifier: GPL-2.0-or-later
/** Why compiled code returns. The low byte is the reason, the rest its operand. */
export const EXIT = {
  /** Go on at rip: the driver looks for its translation. */
  next: 0,
  /** Less of the budget is left than the code ahead may use. */
  budget: 1,
  /** Operand: let the fallback engine execute that many instructions. */
  step: 2,
  /** A `syscall` has executed. */
  syscall: 3,
  /** A 16-byte access whose address is no multiple of 16; the state is that before it. */
  misaligned: 4,
  /** Division by zero or overflow; the state is that before it. */
  divide: 5,
  /**
   * An access lies outside its window (see `SCRATCH.missed`); operand: instructions from there to
   * the end of the block.
   */
  window: 7,
  /** The driver found no translation for rip. */
  missing: 6,
  /**
   * An access may touch watched memory; operand: instructions from there to the end of the block.
   * The state is that before it.
   */
  watch: 8,
  /** The one instruction at rip is for the fallback engine. */
  single: 9,
  /** A branch to an address that is not canonical; the state is that before it. */
  wild: 10,
  /** A repeated string instruction has done a piece of its work, and goes on at rip. */
  piece: 11,
} as const;

export function windowExit(count: number): number {
  return EXIT.window | (count << 8);
}

export function stepExit(count: number): number {
  return EXIT.step | (count << 8);
}

export function watchExit(count: number): number {
  return EXIT.watch | (count << 8);
}
