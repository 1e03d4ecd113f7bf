// SPDX-License-Identifier: GPL-2.0-or-later
/** A program of more code than translators keep: thousands of functions, called by a table. */

/** Where it is to lie. */
export const LARGE = 0xa00000;

const FUNCTIONS = 4400;
/** Pairs of instructions in a function, ten bytes each, before its `ret`. */
const LENGTH = 24;
const SIZE = LENGTH * 10 + 1;

export interface LargeProgram {
  readonly code: Uint8Array;
  /** Offset of the first instruction. */
  readonly entry: number;
  /** Executed in all, the final `syscall` included. */
  readonly instructions: number;
  /** In rax at the end, when it is 0 at the start. */
  readonly result: bigint;
}

/** The code, with what it must give. Position: `LARGE`. */
export function largeProgram(): LargeProgram {
  const table = FUNCTIONS * SIZE;
  const entry = table + FUNCTIONS * 8;
  const code = new Uint8Array(entry + 64);
  const view = new DataView(code.buffer);
  let result = 0n;
  let seed = 1;
  for (let f = 0; f < FUNCTIONS; f++) {
    const at = f * SIZE;
    view.setBigUint64(table + f * 8, BigInt(LARGE + at), true);
    for (let i = 0; i < LENGTH; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      // lea rax, [rax + …]; nop dword [rax]
      code.set([0x48, 0x8d, 0x80], at + i * 10);
      view.setInt32(at + i * 10 + 3, seed >> 1, true);
      code.set([0x0f, 0x1f, 0x00], at + i * 10 + 7);
      result = BigInt.asUintN(64, result + BigInt(seed >> 1));
    }
    code[at + LENGTH * 10] = 0xc3;
  }
  // mov ecx, 0; .next: call [LARGE + table + rcx*8]; inc ecx; cmp ecx, FUNCTIONS; jb .next; syscall
  code.set([0xb9, 0, 0, 0, 0, 0xff, 0x14, 0xcd], entry);
  view.setInt32(entry + 8, LARGE + table, true);
  code.set([0xff, 0xc1, 0x81, 0xf9], entry + 12);
  view.setInt32(entry + 16, FUNCTIONS, true);
  code.set([0x72, 0xef, 0x0f, 0x05], entry + 20);
  return { code, entry, instructions: 1 + FUNCTIONS * (2 * LENGTH + 5) + 1, result };
}
