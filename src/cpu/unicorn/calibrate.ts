// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Finds by experiment where QEMU keeps the few fields of its CPU structure that we touch.
 * Each experiment must single out exactly one place; otherwise loading fails loudly.
 */
import { PAGE_SIZE } from '../../machine/layout.ts';
import { STUB } from './boot.ts';
import { check, type UnicornCore } from './core.ts';
import { UC, type UnicornModule } from './loader.ts';

/** Heap offsets. */
export interface EnvLayout {
  /** The structure: 16 general registers in hardware order, then rip. */
  readonly base: number;
  readonly xmm: number;
  readonly xmmStride: number;
  /** A byte: exceptions raised by SSE so far, the bits as in MXCSR. */
  readonly floatFlags: number;
  readonly cr2: number;
  readonly errorCode: number;
  readonly pendingException: number;
  /** A byte of Unicorn's own: the latest translation ended because its buffer was full. */
  readonly blockFull: number;
  /** All translations of user-mode addresses, main and victim TLB. */
  readonly tlbStart: number;
  readonly tlbEnd: number;
}

/** Bytes of the structure that are searched; the TLB begins within the first 16 KiB. */
const ENV_BYTES = 0x10000;

/** Unicorn's numbers of rax, rcx, rdx, rbx: the first four in hardware order. */
const FIRST_GPRS = [35, 38, 40, 37] as const;

/** Entries of a direct-mapped TLB, entries of a victim TLB, modes (kernel, user, kernel no SMAP). */
const TLB = { entries: 256, victims: 8, modes: 3, user: 1, bytes: 32 } as const;

/** Finds the CPU structure of a fresh instance by writing a pattern into its registers. */
export function findEnv(module: UnicornModule, uc: number, scratch: number): number {
  const pattern = FIRST_GPRS.map((_, i) => 0x5eed0000 + (scratch & 0xff00) + i);
  FIRST_GPRS.forEach((register, i) => {
    module.HEAPU32.set([pattern[i] ?? 0, 0], scratch >>> 2);
    check(module._uc_reg_write(uc, register, scratch), 'write a register');
  });
  module.HEAPU32[scratch >>> 2] = 0;
  const heap = module.HEAPU32;
  const found: number[] = [];
  for (
    let at = heap.indexOf(pattern[0] ?? 0);
    at >= 0;
    at = heap.indexOf(pattern[0] ?? 0, at + 1)
  ) {
    if (pattern.every((value, i) => heap[at + i * 2] === value)) found.push(at * 4);
  }
  return only(found, 'the CPU structure');
}

/** Bytes of Unicorn's own structure that are searched. */
const UC_BYTES = 0x1000;

/**
 * The rest of the layout; `core` is in ring 3 with `STUB` mapped.
 * @param uc Unicorn's own structure
 */
export function calibrate(core: UnicornCore, base: number, uc: number): EnvLayout {
  const { module } = core;
  const bytes = (): Uint8Array => module.HEAPU8.slice(base, base + ENV_BYTES);
  const words = (): Uint32Array => new Uint32Array(bytes().buffer);
  /** Runs a few bytes of machine code in ring 3 and returns the structure after it. */
  const run = (...code: number[]): Uint32Array => {
    core.writeCode(STUB, Uint8Array.from(code));
    core.start(STUB, STUB + code.length);
    return words();
  };
  const setGpr = (index: number, value: number): void => {
    module.HEAPU32.set([value, 0], (base >>> 2) + index * 2);
  };
  const where = (test: (i: number) => boolean, what: string): number => {
    const found: number[] = [];
    for (let i = 34; i < ENV_BYTES / 4; i++) if (test(i)) found.push(base + i * 4);
    return only(found, what);
  };

  // Page faults: read, then write.
  const UNMAPPED = 0x7654000;
  const READ = [0x8b, 0x01]; // mov eax, [rcx]
  const WRITE = [0x89, 0x01]; // mov [rcx], eax
  setGpr(1, UNMAPPED);
  const before = run(0x90);
  const read = run(...READ);
  const pendingException = where(
    (i) => before[i] === 0xffffffff && read[i] === 14,
    'the pending exception',
  );
  const cr2 = where((i) => before[i] !== UNMAPPED && read[i] === UNMAPPED, 'cr2');
  module.HEAPU32[pendingException >>> 2] = 0xffffffff;
  const write = run(...WRITE);
  const errorCode = where((i) => read[i] === 4 && write[i] === 6, 'the error code');
  module.HEAPU32[pendingException >>> 2] = 0xffffffff;

  // A block that is too long for one translation, left by a fault in its first instruction.
  const LONG = Array.from({ length: 400 }, () => [0x48, 0x01, 0xc8]).flat(); // add rax, rcx
  const [few, full, again] = [[0x90], LONG, [0x90]].map((rest) => {
    run(...READ, ...rest);
    module.HEAPU32[pendingException >>> 2] = 0xffffffff;
    return module.HEAPU8.slice(uc, uc + UC_BYTES);
  });
  const filled: number[] = [];
  for (let i = 0; i < UC_BYTES; i++) {
    if (few?.[i] === 0 && full?.[i] === 1 && again?.[i] === 0) filled.push(uc + i);
  }
  const blockFull = only(filled, 'the mark of a full block');

  // The TLB entry of the stub's own page: read and code address, and the way to host memory.
  const entry = where(
    (i) =>
      write[i + 4] === STUB &&
      write[i + 5] === 0 &&
      write[i + 6] === core.base &&
      write[i + 1] === (write[i] === STUB ? 0 : 0xffffffff),
    'the TLB',
  );
  const index = (STUB / PAGE_SIZE) % TLB.entries;
  const tlbStart = entry - index * TLB.bytes;
  const tlbEnd =
    tlbStart +
    (TLB.modes - TLB.user) * TLB.entries * TLB.bytes +
    TLB.modes * TLB.victims * TLB.bytes;

  // xmm0 and xmm1
  const marks = [0x13579bdf, 0x2468ace0];
  marks.forEach((mark, i) => {
    core.writeRegister(UC.REG.XMM0 + i, mark);
  });
  const marked = words();
  const [xmm, xmm1] = marks.map((mark) => where((i) => marked[i] === mark, 'an xmm register'));

  // An inexact division: 1 / 3
  module.HEAPU32.set([0, 0x3ff00000], (xmm ?? 0) >>> 2);
  module.HEAPU32.set([0, 0x40080000], (xmm1 ?? 0) >>> 2);
  const clean = bytes();
  run(0xf2, 0x0f, 0x5e, 0xc1); // divsd xmm0, xmm1
  const divided = bytes();
  const flags: number[] = [];
  for (let i = 0x88; i < 0x2000; i++) {
    const outside = base + i < (xmm ?? 0) || base + i >= (xmm ?? 0) + 0x100;
    if (outside && clean[i] === 0 && divided[i] === 0x20) flags.push(base + i);
  }
  return {
    base,
    xmm: xmm ?? 0,
    xmmStride: (xmm1 ?? 0) - (xmm ?? 0),
    floatFlags: only(flags, 'the floating-point flags'),
    cr2,
    errorCode,
    pendingException,
    blockFull,
    tlbStart,
    tlbEnd,
  };
}

function only(found: readonly number[], what: string): number {
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(`the Unicorn build has changed: ${found.length} candidates for ${what}`);
  }
  return first;
}
