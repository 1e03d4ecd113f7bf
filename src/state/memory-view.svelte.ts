// SPDX-License-Identifier: GPL-2.0-or-later
/** A window on guest memory: where it is, what it holds, what has changed. */
import type { MachineApi, MemoryRegion, MemoryWindow } from '../protocol/machine.ts';
import { MemoryChanges } from './memory-changes.ts';

/** Reads are whole blocks, so that changes can be told. */
const BLOCK = 256;
/** Unmapped bytes shown on both sides of a region, so that one sees where it ends. */
const MARGIN = 256;
/** Highest address + 1. */
const TOP = 2 ** 47;

export type MemorySource = Pick<MachineApi, 'readMemory' | 'regions'>;

export class MemoryView {
  readonly #source: MemorySource;
  readonly #changes = new MemoryChanges();
  #regions = $state.raw<readonly MemoryRegion[]>([]);
  #range = $state.raw<{ start: number; end: number }>({ start: 0, end: BLOCK });
  #window = $state.raw<MemoryWindow | null>(null);
  #stop = $state(0);
  #failed = $state(false);
  #turn = 0;

  constructor(source: MemorySource) {
    this.#source = source;
  }

  get regions(): readonly MemoryRegion[] {
    return this.#regions;
  }

  /** The addresses that can be scrolled over: one region and a margin. Multiples of 256. */
  get range(): { readonly start: number; readonly end: number } {
    return this.#range;
  }

  /** The bytes read last, or null before the first. */
  get window(): MemoryWindow | null {
    return this.#window;
  }

  /** Whether the latest read failed: the machine is gone. */
  get failed(): boolean {
    return this.#failed;
  }

  regionAt(address: number): MemoryRegion | null {
    return this.#regions.find((r) => address >= r.start && address < r.end) ?? null;
  }

  /** Moves the scrollable range to the region around `address`, or to a bit of nothing there. */
  select(address: number): void {
    const region = this.regionAt(address);
    const start = (region?.start ?? address) - MARGIN;
    const end = (region?.end ?? address + 1) + MARGIN;
    this.#range = {
      start: Math.max(0, Math.floor(start / BLOCK) * BLOCK),
      end: Math.min(TOP, Math.ceil(end / BLOCK) * BLOCK),
    };
  }

  async loadRegions(): Promise<void> {
    try {
      this.#regions = await this.#source.regions();
    } catch {
      this.#regions = [];
    }
  }

  /**
   * Reads what covers [address, address + length).
   * @param stop number of the machine's stop, or null while it runs: then no change is recorded.
   */
  async read(address: number, length: number, stop: number | null): Promise<void> {
    const turn = ++this.#turn;
    const start = Math.max(0, Math.floor(address / BLOCK) * BLOCK);
    const end = Math.min(TOP, Math.ceil((address + length) / BLOCK) * BLOCK);
    try {
      const window = await this.#source.readMemory(start, end - start);
      if (turn !== this.#turn) return;
      if (stop !== null) this.#changes.record(stop, start, window.bytes);
      this.#stop = stop ?? -1;
      this.#window = window;
      this.#failed = false;
    } catch {
      if (turn === this.#turn) this.#failed = true;
    }
  }

  /** The byte at `address`, or null when it is not mapped or not read. */
  byte(address: number): number | null {
    const window = this.#window;
    const at = window === null ? -1 : address - window.address;
    return window?.mapped[at] === 1 ? (window.bytes[at] ?? null) : null;
  }

  /** The byte at the stop before when it differs, else null. */
  before(address: number): number | null {
    return this.#changes.before(this.#stop, address);
  }

  /** `size` bytes from `address`, or null when not all are mapped and read. */
  bytes(address: number, size: number): Uint8Array | null {
    const window = this.#window;
    if (window === null) return null;
    const at = address - window.address;
    if (at < 0 || at + size > window.bytes.length) return null;
    for (let i = at; i < at + size; i++) if (window.mapped[i] !== 1) return null;
    return window.bytes.subarray(at, at + size);
  }
}
