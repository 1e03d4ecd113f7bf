// SPDX-License-Identifier: GPL-2.0-or-later
/** The homes of windows in RAM: whose they are, and where the accesses behind them have been. */
import type { GuestMemory } from '../../machine/memory.ts';
import type { Compiled } from './compile.ts';
import { Ranges, type Range } from './ranges.ts';
import { MAX_WINDOWS, SCRATCH } from './scratch.ts';
import type { Translation } from './translation.ts';
import type { Site, Window } from './vars.ts';

const RSP = 4;
/** Windows that one region may need. */
const MOST_AT_ONCE = 4096;

type Refill = (address: bigint, bytes: number, home: number, info: number) => number;

export class Windows {
  readonly #memory: GuestMemory;
  readonly #refill: Refill;
  readonly #ranges: Ranges;
  readonly #owners = new Map<number, { window: Window; translation: Translation }>();
  /** Homes of the windows through which accesses were checked, by their sites. */
  readonly #homes = new Map<string, number>();
  #used = 0;

  /** @param runtime the runtime module's exports. */
  constructor(memory: GuestMemory, runtime: WebAssembly.Exports) {
    this.#memory = memory;
    this.#ranges = new Ranges(memory);
    this.#refill = runtime['refill'] as Refill;
  }

  /** Whether there may be too few for another region. */
  get full(): boolean {
    return this.#used > MAX_WINDOWS - MOST_AT_ONCE;
  }

  /** @returns the home of a new window, or of another number of 64 bits. */
  allocate(): number {
    return SCRATCH.windows + 16 * this.#used++;
  }

  note({ homes, windows }: Compiled, translation: Translation): void {
    for (const [site, home] of homes) this.#homes.set(site, home);
    for (const window of windows) this.#owners.set(window.address, { window, translation });
  }

  /** In which range of RAM the accesses of a site are to be expected; null for anywhere. */
  expect({ key, through, need }: Site): Range | null {
    const home = this.#homes.get(key);
    const view = new DataView(this.#memory.memory.buffer);
    const seen = home !== undefined && view.getBigUint64(home + 8, true) > 0n;
    const at = seen
      ? view.getBigUint64(home, true)
      : through === RSP
        ? this.#memory.state.gpr(RSP)
        : -1n;
    return this.#ranges.expect(key, Number(at), need);
  }

  /**
   * Moves the window whose home is given to where an access lay outside it.
   * @returns its translation when that counts as a miss, and whether what missed was a range of RAM
   *   that is constant in it.
   */
  move(home: number, address: bigint): { translation: Translation; fixed: boolean } | null {
    const found = this.#owners.get(home);
    if (!found) return null;
    const { window, translation } = found;
    if (!window.fixed) {
      this.#refill(address, window.span, home, window.need | (window.span << 8));
      return { translation, fixed: false };
    }
    if (address >= BigInt(this.#memory.size)) return null;
    const { key, need, fixed } = window;
    const missed = this.#ranges.missed(key, Number(address), need, fixed);
    return missed ? { translation, fixed: true } : null;
  }

  /** Makes every window empty: what it allowed may no longer be. */
  clear(): void {
    this.#ranges.forget();
    this.#memory.bytes.fill(0, SCRATCH.windows, SCRATCH.windows + 16 * MAX_WINDOWS);
    this.#memory.bytes.fill(0, SCRATCH.intervals, SCRATCH.windows);
  }

  /** Gives all homes back. */
  release(): void {
    this.#owners.clear();
    this.#homes.clear();
    this.#used = 0;
    this.clear();
  }
}
