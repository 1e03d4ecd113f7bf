// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The one door to Unicorn: everything that knows how this particular build is packed stands here.
 *
 * The build (`@specy/x86`, Unicorn 1.0.3, emscripten's wasm2js) exports only a convenience layer
 * `uc` that allocates, copies byte by byte and throws strings at every call. The emscripten module
 * under it, with the C functions and the heap, is a private variable of that file. It is a plain
 * object, though, that assigns its exports by name: a setter of the right name on
 * `Object.prototype`, there only while the file is being evaluated, is handed the module.
 */

/** A function that Unicorn calls; how many arguments it is given follows from its signature. */
export type UnicornCallback = (
  uc: number,
  a: number,
  b: number,
  c: number,
  d: number,
) => number | undefined;

/** The C API of Unicorn 1.0 and the heap. 64-bit values are two 32-bit halves, low one first. */
export interface UnicornModule {
  /** Replaced whenever the heap grows: always fetch anew. */
  readonly HEAPU8: Uint8Array;
  readonly HEAPU32: Uint32Array;
  _malloc(size: number): number;
  _free(pointer: number): void;
  /** Puts a function of the given emscripten signature into the table and returns its pointer. */
  addFunction(f: UnicornCallback, signature: string): number;
  removeFunction(pointer: number): void;
  _uc_open(arch: number, mode: number, handle: number): number;
  _uc_close(uc: number): number;
  _uc_reg_read(uc: number, register: number, value: number): number;
  _uc_reg_write(uc: number, register: number, value: number): number;
  _uc_mem_map_ptr(
    uc: number,
    low: number,
    high: number,
    size: number,
    prot: number,
    pointer: number,
  ): number;
  _uc_mem_write(uc: number, low: number, high: number, source: number, size: number): number;
  _uc_hook_add(
    uc: number,
    handle: number,
    type: number,
    callback: number,
    user: number,
    beginLow: number,
    beginHigh: number,
    endLow: number,
    endHigh: number,
    instruction: number,
  ): number;
  _uc_emu_start(
    uc: number,
    beginLow: number,
    beginHigh: number,
    untilLow: number,
    untilHigh: number,
    timeoutLow: number,
    timeoutHigh: number,
    count: number,
  ): number;
  _uc_emu_stop(uc: number): number;
}

/** The numbers of unicorn.h and x86.h that are used here. */
export const UC = {
  ARCH_X86: 4,
  MODE_64: 8,
  PROT_ALL: 7,
  HOOK_INTR: 1,
  HOOK_INSN: 2,
  HOOK_BLOCK: 8,
  HOOK_MEM_UNMAPPED: 112,
  INS_SYSCALL: 699,
  ERR_FETCH_UNMAPPED: 8,
  ERR_INSN_INVALID: 10,
  REG: { EFLAGS: 25, XMM0: 122, MXCSR: 249, FS_BASE: 250, GS_BASE: 251 },
} as const;

/** Set last by the file, when all others are in place. */
const CAPTURED = '_uc_mem_regions';

let loading: Promise<UnicornModule> | undefined;

/** Loads Unicorn once per page, worker or process. Takes some 150 ms and 17 MB. */
export function loadUnicorn(): Promise<UnicornModule> {
  loading ??= capture();
  return loading;
}

async function capture(): Promise<UnicornModule> {
  const captured: object[] = [];
  const names = [CAPTURED, 'print', 'printErr'] as const;
  Object.defineProperty(Object.prototype, CAPTURED, {
    configurable: true,
    set(this: object, value: unknown) {
      captured.push(this);
      Object.defineProperty(this, CAPTURED, { value, writable: true, configurable: true });
    },
  });
  // Its remarks about a growing heap and unsupported system calls are not for the console.
  for (const name of ['print', 'printErr'] as const) {
    Object.defineProperty(Object.prototype, name, { configurable: true, get: () => ignore });
  }
  const restoreScope = disguiseWorker();
  try {
    await import('@specy/x86/dist/x86/deps/unicorn-x86.min.js');
  } finally {
    restoreScope();
    for (const name of names) Reflect.deleteProperty(Object.prototype, name);
  }
  const [module] = captured;
  if (!module) throw new Error('the Unicorn build has changed: no module captured');
  return module as UnicornModule;
}

/**
 * The build aborts when it sees a worker ("not enabled at build time"), though nothing in it minds:
 * while the file is being evaluated, the worker looks like a window.
 * @returns the function that takes the disguise off.
 */
function disguiseWorker(): () => void {
  const scope = globalThis as Record<string, unknown>;
  const real = scope['WorkerGlobalScope'];
  if (real === undefined || 'window' in scope) return ignore;
  scope['WorkerGlobalScope'] = undefined;
  scope['window'] = globalThis;
  return () => {
    scope['WorkerGlobalScope'] = real;
    Reflect.deleteProperty(scope, 'window');
  };
}

function ignore(): void {
  // nothing to say
}
