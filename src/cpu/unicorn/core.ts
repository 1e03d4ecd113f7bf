// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * A Unicorn instance turned into a CPU with a working MMU.
 *
 * Unicorn's own memory interface (regions, hooks on refused accesses) reports faults imprecisely
 * and cannot tell which pages were written. But beneath it lies QEMU's complete x86: so paging is
 * switched on and the guest runs in ring 3. Page faults are then exact, privileged instructions
 * are refused as on Linux, and the dirty bits of the page tables say what was written.
 *
 * - One region of Unicorn covers 4 GiB of physical addresses; its host memory is a block of the
 *   emscripten heap as large as guest RAM. Only what the page tables allow is ever touched.
 * - This Unicorn maps virtual pages to the physical page of the same number whatever the page
 *   table says (permissions and presence it honours). So guest address = physical address, and the
 *   tables themselves live below the guest's floor.
 * - A few fields of QEMU's CPU structure are read and written in the heap directly: the general
 *   registers (fast), the accumulated floating-point flags, the pending exception, the TLB. Where
 *   they lie is not assumed but found out by experiment (`calibrate.ts`).
 */
import { PAGE_SIZE } from '../../machine/layout.ts';
import type { CpuState } from '../../shared/cpu-state.ts';
import { FLAG, STATE } from '../../shared/cpu-state.ts';
import { BOOT_CODE, BOOT_STACK, layTables, PAGE_TABLES, STUB } from './boot.ts';
import { calibrate, findEnv, type EnvLayout } from './calibrate.ts';
import { UC, type UnicornCallback, type UnicornModule } from './loader.ts';

/** Length of the region that Unicorn is told of. */
const PHYSICAL_SIZE = 0xfffff000;

/** An address at which no program stops: within the tables. */
const NEVER = 0x800;

/** What Unicorn puts in place of a block's size until it knows it, as a signed number. */
const UNTOLD = 0xf8f8f8f8 | 0;

/** What happens while the guest runs; each is called in the middle of `start`. */
export interface CoreHandler {
  /**
   * Before the first instruction of a translated block.
   * @param size bytes; 0 when it filled the translation buffer; null after a fault within the block,
   * for whose sake it was translated once more.
   */
  block(address: number, size: number | null): void;
  /** An exception or software interrupt; the state is exact. Returning without `stop` retries. */
  interrupt(vector: number): void;
  /** A syscall instruction; rip is its own address. */
  syscall(): void;
}

export class UnicornCore {
  readonly module: UnicornModule;
  /** Heap offset of guest address 0. */
  readonly base: number;
  /** Bytes of guest addresses there is host memory for. */
  readonly size: number;
  handler: CoreHandler | null = null;
  readonly #uc: number;
  readonly #scratch: number;
  readonly #block: number;
  readonly #callbacks: number[] = [];
  readonly #env: EnvLayout;

  /** @param size bytes of guest RAM, a multiple of the page size, at most `MAX_RAM`. */
  constructor(module: UnicornModule, size: number) {
    this.module = module;
    this.size = size;
    const handle = module._malloc(8);
    check(module._uc_open(UC.ARCH_X86, UC.MODE_64, handle), 'open');
    this.#uc = this.#word(handle);
    module._free(handle);
    this.#scratch = module._malloc(PAGE_SIZE);
    const env = findEnv(module, this.#uc, this.#scratch);
    this.#block = module._malloc(size + PAGE_SIZE);
    this.base = (this.#block + PAGE_SIZE - 1) & -PAGE_SIZE;
    check(
      module._uc_mem_map_ptr(this.#uc, 0, 0, PHYSICAL_SIZE, UC.PROT_ALL, this.base),
      'map physical memory',
    );
    this.#installHooks();
    this.#boot();
    this.#env = calibrate(this, env, this.#uc);
    this.setPageEntry(STUB / PAGE_SIZE, 0);
    this.flushTlb();
  }

  #word(pointer: number): number {
    return this.module.HEAPU32[pointer >>> 2] ?? 0;
  }

  /** Heap offset of the CPU structure: the 16 general registers, then rip. */
  get env(): number {
    return this.#env.base;
  }

  /** The linear address of the latest page fault. */
  get faultAddress(): bigint {
    const at = this.#env.cr2 >>> 2;
    const heap = this.module.HEAPU32;
    return (BigInt(heap[at + 1] ?? 0) << 32n) | BigInt(heap[at] ?? 0);
  }

  /** The error code of the latest page fault: bit 1 write, bit 4 instruction fetch. */
  get faultCode(): number {
    return this.#word(this.#env.errorCode);
  }

  /** Tells the CPU that its exception has been delivered; otherwise the next is a double fault. */
  acknowledge(): void {
    this.module.HEAPU32[this.#env.pendingException >>> 2] = 0xffffffff;
  }

  /**
   * Has Unicorn announce the next block, too. It leaves the announcement out of a block that goes
   * on where a full one ended; and to find the instruction of a fault it translates the block once
   * more, which leads astray when that comes out with another announcement than the first time.
   */
  #announceAll(): void {
    this.module.HEAPU8[this.#env.blockFull] = 0;
  }

  /** rip at an interrupt or after `start`, for addresses below 2^53. */
  get rip(): number {
    const at = (this.#env.base + STATE.rip) >>> 2;
    const heap = this.module.HEAPU32;
    return (heap[at] ?? 0) + (heap[at + 1] ?? 0) * 2 ** 32;
  }

  set rip(value: number) {
    const at = (this.#env.base + STATE.rip) >>> 2;
    this.module.HEAPU32[at] = value % 2 ** 32;
    this.module.HEAPU32[at + 1] = Math.floor(value / 2 ** 32);
  }

  /** A general register as a number: exact below 2^53, and big enough above. */
  gpr(index: number): number {
    const at = (this.#env.base >>> 2) + index * 2;
    const heap = this.module.HEAPU32;
    return (heap[at] ?? 0) + (heap[at + 1] ?? 0) * 2 ** 32;
  }

  gprExact(index: number): bigint {
    const at = (this.#env.base >>> 2) + index * 2;
    const heap = this.module.HEAPU32;
    return (BigInt(heap[at + 1] ?? 0) << 32n) | BigInt(heap[at] ?? 0);
  }

  setGprExact(index: number, value: bigint): void {
    const at = (this.#env.base >>> 2) + index * 2;
    this.module.HEAPU32[at] = Number(value & 0xffffffffn);
    this.module.HEAPU32[at + 1] = Number(value >> 32n);
  }

  pageEntry(page: number): number {
    return this.module.HEAPU32[((this.base + PAGE_TABLES) >>> 2) + page * 2] ?? 0;
  }

  setPageEntry(page: number, bits: number): void {
    const at = ((this.base + PAGE_TABLES) >>> 2) + page * 2;
    this.module.HEAPU32[at] = bits === 0 ? 0 : page * PAGE_SIZE + bits;
  }

  /** Index into `HEAPU32` of the entry of page 0; each entry takes two words, the low one first. */
  get pageEntries(): number {
    return (this.base + PAGE_TABLES) >>> 2;
  }

  /** To be called after page table entries lost rights or their dirty bit. */
  flushTlb(): void {
    this.module.HEAPU8.fill(0xff, this.#env.tlbStart, this.#env.tlbEnd);
  }

  /** Copies bytes to a guest address and drops translations made of what was there. */
  writeCode(address: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PAGE_SIZE) {
      const piece = bytes.subarray(at, at + PAGE_SIZE);
      this.module.HEAPU8.set(piece, this.#scratch);
      check(
        this.module._uc_mem_write(this.#uc, address + at, 0, this.#scratch, piece.length),
        'write memory',
      );
    }
  }

  /** Runs until a handler calls `stop`. Whatever Unicorn itself has to say is a bug of ours. */
  start(rip: number, until = 0): number {
    return this.module._uc_emu_start(
      this.#uc,
      (rip % 2 ** 32) | 0,
      Math.floor(rip / 2 ** 32) | 0,
      until | 0,
      0,
      0,
      0,
      0,
    );
  }

  /**
   * Goes on from the CPU's own rip, in all its 64 bits.
   * @param until address of an instruction at which to stop, below 2^32.
   * @returns false when Unicorn does not know the instruction at rip.
   */
  resume(until = NEVER): boolean {
    this.#announceAll();
    const at = (this.env + STATE.rip) >>> 2;
    const heap = this.module.HEAPU32;
    const error = this.module._uc_emu_start(
      this.#uc,
      (heap[at] ?? 0) | 0,
      (heap[at + 1] ?? 0) | 0,
      until,
      0,
      0,
      0,
      0,
    );
    // Fetches from where Unicorn knows of no memory; the page fault has been reported already.
    if (error !== 0 && error !== UC.ERR_FETCH_UNMAPPED && error !== UC.ERR_INSN_INVALID) {
      check(error, 'go on');
    }
    return error !== UC.ERR_INSN_INVALID;
  }

  stop(): void {
    this.module._uc_emu_stop(this.#uc);
  }

  readRegister(register: number): number {
    const at = this.#scratch >>> 2;
    this.module.HEAPU32.fill(0, at, at + 4);
    this.module._uc_reg_read(this.#uc, register, this.#scratch);
    return this.module.HEAPU32[at] ?? 0;
  }

  writeRegister(register: number, low: number, high = 0): void {
    const at = this.#scratch >>> 2;
    this.module.HEAPU32.fill(0, at, at + 4);
    this.module.HEAPU32[at] = low;
    this.module.HEAPU32[at + 1] = high;
    check(this.module._uc_reg_write(this.#uc, register, this.#scratch), 'write register');
  }

  /** Takes the guest's state over from its home; `trap` sets the single-step flag. */
  load(state: CpuState): void {
    const env = this.#env;
    const heap = this.module.HEAPU8;
    const bytes = state.bytes;
    heap.set(bytes.subarray(0, STATE.rflags), env.base);
    for (let i = 0; i < 16; i++) {
      heap.set(
        bytes.subarray(STATE.xmm + i * 16, STATE.xmm + i * 16 + 16),
        env.xmm + i * env.xmmStride,
      );
    }
    this.writeRegister(UC.REG.EFLAGS, state.rflags);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (const [register, offset] of [
      [UC.REG.FS_BASE, STATE.fsBase],
      [UC.REG.GS_BASE, STATE.gsBase],
    ] as const) {
      this.writeRegister(register, view.getUint32(offset, true), view.getUint32(offset + 4, true));
    }
    this.writeRegister(UC.REG.MXCSR, state.mxcsr & ~0x3f);
    heap[env.floatFlags] = state.mxcsr & 0x3f;
  }

  /** Brings the state home. */
  store(state: CpuState): void {
    const env = this.#env;
    const heap = this.module.HEAPU8;
    const bytes = state.bytes;
    bytes.set(heap.subarray(env.base, env.base + STATE.rflags));
    for (let i = 0; i < 16; i++) {
      const from = env.xmm + i * env.xmmStride;
      bytes.set(heap.subarray(from, from + 16), STATE.xmm + i * 16);
    }
    state.rflags = this.flags;
    state.mxcsr = (this.readRegister(UC.REG.MXCSR) & ~0x3f) | ((heap[env.floatFlags] ?? 0) & 0x3f);
  }

  /** rflags as a program sees them: without the single-step and resume flags, which are ours. */
  get flags(): number {
    return (this.readRegister(UC.REG.EFLAGS) & ~(FLAG.TF | 0x10000)) >>> 0;
  }

  /** Sets or clears the single-step flag. */
  setTrap(on: boolean): void {
    const flags = this.readRegister(UC.REG.EFLAGS) & ~(FLAG.TF | 0x10000);
    this.writeRegister(UC.REG.EFLAGS, on ? flags | FLAG.TF : flags);
  }

  close(): void {
    this.module._uc_close(this.#uc);
    for (const pointer of [this.#block, this.#scratch]) this.module._free(pointer);
    for (const callback of this.#callbacks) this.module.removeFunction(callback);
  }

  #installHooks(): void {
    const add = (type: number, signature: string, f: UnicornCallback, instruction = 0) => {
      const { module } = this;
      const callback = module.addFunction(f, signature);
      this.#callbacks.push(callback);
      // begin 1 and end 0 mean: everywhere
      const result = module._uc_hook_add(
        this.#uc,
        this.#scratch,
        type,
        callback,
        0,
        1,
        0,
        0,
        0,
        instruction,
      );
      check(result, 'add a hook');
    };
    add(UC.HOOK_BLOCK, 'viiiii', (_uc, low, high, size) => {
      if (!this.handler) return undefined;
      this.#announceAll();
      this.handler.block(low + high * 2 ** 32, size === UNTOLD ? null : size);
      return undefined;
    });
    add(UC.HOOK_INTR, 'viii', (_uc, vector) => {
      if (this.handler) {
        this.acknowledge();
        this.#announceAll();
        this.handler.interrupt(vector);
      } else {
        this.stop(); // calibration
      }
      return undefined;
    });
    add(
      UC.HOOK_INSN,
      'vii',
      () => {
        this.handler?.syscall();
        return undefined;
      },
      UC.INS_SYSCALL,
    );
    // Unicorn knows of no memory at such addresses; "handled", so that the MMU raises its fault.
    add(UC.HOOK_MEM_UNMAPPED, 'iiiiiiiii', () => 1);
  }

  /** Builds the page tables and enters ring 3. */
  #boot(): void {
    const { HEAPU8, HEAPU32 } = this.module;
    layTables(HEAPU8, HEAPU32, this.base);
    HEAPU32.set([BOOT_STACK, 0], this.#scratch >>> 2);
    const RSP = 44;
    check(this.module._uc_reg_write(this.#uc, RSP, this.#scratch), 'write rsp');
    check(this.start(BOOT_CODE, STUB), 'boot');
    if (this.readRegister(11) !== 0x2b) throw new Error('Unicorn did not enter ring 3');
  }
}

export function check(error: number, what: string): void {
  if (error !== 0) throw new Error(`Unicorn: cannot ${what} (error ${error})`);
}
