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

/** Guest memory cannot lie above: all of RAM. */
const RAM_TOP = 512 * 2 ** 20;
/** Bytes read beyond both ends of what is asked for, so that scrolling finds them there. */
const AHEAD = 4096;

interface Wish {
  readonly address: number;
  readonly length: number;
  readonly stop: number | null;
  readonly edits: number;
}

export type MemorySource = Pick<MachineApi, 'readMemory' | 'regions'>;

export class MemoryView {
  readonly #source: MemorySource;
  readonly #changes = new MemoryChanges();
  #regions = $state.raw<readonly MemoryRegion[]>([]);
  #range = $state.raw<{ start: number; end: number }>({ start: 0, end: BLOCK });
  #window = $state.raw<MemoryWindow | null>(null);
  #stop = $state(0);
  #failed = $state(false);
  #whole = $state(false);
  /** What the window was read for: the same again need not be read. */
  #read: { readonly stop: number | null; readonly edits: number } | null = null;
  #reading = false;
  /** Read while the machine ran, and not shown yet. */
  #live: MemoryWindow | null = null;
  #wanted: Wish | null = null;

  constructor(source: MemorySource) {
    this.#source = source;
  }

  get regions(): readonly MemoryRegion[] {
    return this.#regions;
  }

  /** Whether one can scroll over all of memory, or over one region at a time. */
  get whole(): boolean {
    return this.#whole;
  }

  set whole(whole: boolean) {
    this.#whole = whole;
  }

  /** The addresses that can be scrolled over. Multiples of 256. */
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
    if (this.#whole && address < RAM_TOP) {
      this.#range = { start: 0, end: RAM_TOP };
      return;
    }
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
   * Sees to it that [address, address + length) is read, and a bit around it. While a read is on its
   * way, only the newest wish is kept: scrolling never piles up reads.
   * @param stop number of the machine's stop, or null while it runs: then no change is recorded.
   * @param edits counts changes by hand: another number means that memory may have changed.
   */
  async read(address: number, length: number, stop: number | null, edits = 0): Promise<void> {
    this.#wanted = { address, length, stop, edits };
    if (!this.#reading) await this.#fulfil();
  }

  async #fulfil(): Promise<void> {
    this.#reading = true;
    try {
      for (let next = this.#next(); next !== null; next = this.#next()) await this.#fetch(next);
    } finally {
      this.#reading = false;
    }
  }

  /**
   * Reads what is shown, of a machine that runs. It is not shown before `showLive`: so it comes into
   * a frame that is painted anyway.
   */
  async readLive(address: number, length: number): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      this.#live = await this.#ask(address, length);
    } catch {
      this.#failed = true;
    } finally {
      this.#reading = false;
    }
    if (this.#wanted !== null) await this.#fulfil();
  }

  /** Shows what `readLive` has read, if nothing newer is shown. */
  showLive(): void {
    if (this.#live === null) return;
    this.#window = this.#live;
    this.#live = null;
    this.#stop = -1;
    this.#read = { stop: null, edits: 0 };
    this.#failed = false;
  }

  /** The newest wish, unless what is there already fulfils it. */
  #next(): Wish | null {
    const wanted = this.#wanted;
    this.#wanted = null;
    if (wanted === null) return null;
    const { address, length, stop, edits } = wanted;
    const window = this.#window;
    const fresh =
      stop !== null &&
      !this.#failed &&
      window !== null &&
      this.#read?.stop === stop &&
      this.#read.edits === edits &&
      address >= window.address &&
      address + length <= window.address + window.bytes.length;
    return fresh ? null : wanted;
  }

  async #fetch(wanted: Wish): Promise<void> {
    const { address, length, stop, edits } = wanted;
    try {
      const window = await this.#ask(address, length);
      if (stop !== null) this.#changes.record(stop, window.address, window.bytes);
      this.#live = null;
      this.#stop = stop ?? -1;
      this.#read = { stop, edits };
      this.#window = window;
      this.#failed = false;
    } catch {
      this.#failed = true;
    }
  }

  #ask(address: number, length: number): Promise<MemoryWindow> {
    const start = Math.max(0, Math.floor((address - AHEAD) / BLOCK) * BLOCK);
    const end = Math.min(TOP, Math.ceil((address + length + AHEAD) / BLOCK) * BLOCK);
    return this.#source.readMemory(start, end - start);
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
