// SPDX-License-Identifier: GPL-2.0-or-later
/** Where things stand on the page, which of them is in view, and where the person looks. */
import { isNumber, oneOf, type Store } from './store.ts';

/** `wide`: three columns; `medium`: two with tabs; `narrow`: one with a tab bar at the bottom. */
export type WidthClass = 'wide' | 'medium' | 'narrow';

/** The views of the page; each layout groups them in its own way. */
export type NarrowView = 'draw' | 'code' | 'cpu' | 'memory' | 'console';
export type SideView = 'draw' | 'train' | 'cpu' | 'memory';
export type NetworkView = 'draw' | 'train';
export type CpuView = 'vectors' | 'disassembly' | 'watch';
export type MemoryView = 'memory' | 'stack' | 'regions' | 'outline';
export type ConsoleView = 'console' | 'strace' | 'breakpoints' | 'profile';

/** A draggable border: the size of the part before it, as a fraction of the whole. */
export type SplitName = 'code' | 'middle' | 'side' | 'console' | 'cpu';

export interface SourcePlace {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

/** A request to show a place; a new object each time, so that the same place can be asked again. */
export interface Request<T> {
  readonly target: T;
}

const SPLITS: Readonly<Record<SplitName, number>> = {
  code: 0.4,
  middle: 0.58,
  side: 0.5,
  console: 0.72,
  cpu: 0.66,
};

/** Page widths in CSS pixels from which the classes begin. */
export const MEDIUM_FROM = 760;
export const WIDE_FROM = 1240;

export class LayoutState {
  readonly #store: Store;
  #width = $state(1440);
  #splits = $state<Record<SplitName, number>>({ ...SPLITS });
  #narrow = $state<NarrowView>('draw');
  #side = $state<SideView>('draw');
  #network = $state<NetworkView>('draw');
  #cpu = $state<CpuView>('vectors');
  #memory = $state<MemoryView>('memory');
  #console = $state<ConsoleView>('console');
  #source = $state.raw<Request<SourcePlace> | null>(null);
  #address = $state.raw<Request<number> | null>(null);
  #code = $state.raw<Request<number> | null>(null);
  #caret = $state.raw<SourcePlace | null>(null);

  /** @param width of the page in CSS pixels. */
  constructor(store: Store, width = 1440) {
    this.#store = store;
    this.#width = width;
    for (const name of Object.keys(SPLITS) as SplitName[]) {
      this.#splits[name] = store.get(`split.${name}`, SPLITS[name], isNumber);
    }
    this.#cpu = store.get('view.cpu', 'vectors', oneOf<CpuView>('vectors', 'disassembly', 'watch'));
  }

  get widthClass(): WidthClass {
    if (this.#width >= WIDE_FROM) return 'wide';
    return this.#width >= MEDIUM_FROM ? 'medium' : 'narrow';
  }

  /** The page is `width` CSS pixels wide. */
  resize(width: number): void {
    this.#width = width;
  }

  split(name: SplitName): number {
    return this.#splits[name];
  }

  setSplit(name: SplitName, fraction: number): void {
    this.#splits[name] = Math.min(0.85, Math.max(0.15, fraction));
    this.#store.set(`split.${name}`, this.#splits[name]);
  }

  resetSplit(name: SplitName): void {
    this.setSplit(name, SPLITS[name]);
  }

  get narrow(): NarrowView {
    return this.#narrow;
  }

  set narrow(view: NarrowView) {
    this.#narrow = view;
  }

  get side(): SideView {
    return this.#side;
  }

  set side(view: SideView) {
    this.#side = view;
    if (view === 'draw' || view === 'train') this.#network = view;
  }

  get network(): NetworkView {
    return this.#network;
  }

  set network(view: NetworkView) {
    this.#network = view;
    if (this.#side === 'draw' || this.#side === 'train') this.#side = view;
  }

  get cpu(): CpuView {
    return this.#cpu;
  }

  set cpu(view: CpuView) {
    this.#cpu = view;
    this.#store.set('view.cpu', view);
  }

  get memory(): MemoryView {
    return this.#memory;
  }

  set memory(view: MemoryView) {
    this.#memory = view;
  }

  get console(): ConsoleView {
    return this.#console;
  }

  set console(view: ConsoleView) {
    this.#console = view;
  }

  /** The source place last asked for; the editor opens the file and shows the line. */
  get source(): Request<SourcePlace> | null {
    return this.#source;
  }

  /** The address last asked for; the memory panel goes there. */
  get address(): Request<number> | null {
    return this.#address;
  }

  /** The instruction last asked for; the disassembly goes there. */
  get code(): Request<number> | null {
    return this.#code;
  }

  /** Where the editor's caret is, told by the editor; `run to cursor` and F9 use it. */
  get caret(): SourcePlace | null {
    return this.#caret;
  }

  set caret(place: SourcePlace | null) {
    this.#caret = place;
  }

  /** Brings a line of source into view, on whatever tab the editor is. */
  showSource(file: string, line: number): void {
    this.#source = { target: { file, line } };
    this.#narrow = 'code';
  }

  /** Brings an address into view in the memory panel. */
  showMemory(address: number): void {
    this.#address = { target: address };
    this.#memory = 'memory';
    this.#narrow = 'memory';
    this.#side = 'memory';
  }

  /** Lets the disassembly show an instruction; brings it into view unless `quietly`. */
  showCode(address: number, quietly = false): void {
    this.#code = { target: address };
    if (quietly) return;
    this.cpu = 'disassembly';
    this.showCpu();
  }

  /** Brings the registers into view; for "Step through it". */
  showCpu(): void {
    this.#narrow = 'cpu';
    this.#side = 'cpu';
  }

  /** Brings a tab of the output into view. */
  showConsole(view: ConsoleView): void {
    this.#console = view;
    this.#narrow = 'console';
  }

  showDraw(): void {
    this.#narrow = 'draw';
    this.#side = 'draw';
    this.#network = 'draw';
  }
}
