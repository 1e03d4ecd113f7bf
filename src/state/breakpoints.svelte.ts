// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Where and why the machine is to stop: breakpoints on lines (which the project keeps) and on
 * instructions, and watchpoints. What is not a line is kept as the text that names it, and found
 * anew in each program.
 */
import type { MachineHandle } from '../client/machine-client.ts';
import type {
  BreakpointSpec,
  Located,
  StopProblem,
  WatchpointSpec,
  WatchWhen,
} from '../protocol/breakpoints.ts';
import type { DebugIndex } from '../shared/debug-index.ts';
import { hex } from '../shared/format.ts';
import { ascending, emptyMap, mapOf } from './collections.ts';
import type { Breakpoint } from './project-breakpoints.svelte.ts';
import { PLAIN_STOP, type StopDetails } from './stop-details.ts';
import { readStops, type KeptAddress, type KeptWatch } from './stop-store.ts';
import { memoryStore, type Store } from './store.ts';

/** Breakpoints on source lines; the project's, which keeps them and moves them with edits. */
export interface LineBreakpoints {
  readonly all: readonly Breakpoint[];
  /** @returns the line that was set or cleared, or null when there is no code near. */
  toggle(file: string, line: number): number | null;
  change(file: string, line: number, details: Partial<StopDetails>): number | null;
  remove(file: string, line: number): void;
}

/** One breakpoint as it is listed. */
export interface BreakpointEntry extends StopDetails {
  readonly id: string;
  /** For people: `main.asm:12`, `dense_forward+0x10`. */
  readonly place: string;
  /** Null for one on a bare instruction. */
  readonly source: { readonly file: string; readonly line: number } | null;
  /** Null when the program has no such place. */
  readonly address: number | null;
}

export interface WatchpointEntry extends KeptWatch {
  readonly located: Located | null;
}

/** What one may change of a watchpoint. */
export type WatchChange = Partial<Omit<KeptWatch, 'id' | 'text'>>;

export interface StopSpecs {
  readonly breakpoints: readonly BreakpointSpec[];
  readonly watchpoints: readonly WatchpointSpec[];
}

type Client = Pick<MachineHandle, 'setStops' | 'stopHits' | 'locate' | 'findAddress'>;

const KEY = 'stops';

export class Breakpoints {
  readonly #client: Client;
  readonly #index: () => DebugIndex | null;
  #store: Store = memoryStore();
  #lines = $state.raw<LineBreakpoints | null>(null);
  #addresses = $state.raw<readonly KeptAddress[]>([]);
  #watches = $state.raw<readonly WatchpointEntry[]>([]);
  #suspended = $state(false);
  #problems = $state.raw<readonly StopProblem[]>([]);
  #hits = $state.raw<ReadonlyMap<string, number>>(emptyMap());
  #nextId = 1;

  readonly #entries = $derived.by((): readonly BreakpointEntry[] => {
    const lines = (this.#lines?.all ?? []).map(({ file, line, ...details }) => ({
      ...details,
      id: `${file}:${line}`,
      place: `${file}:${line}`,
      source: { file, line },
      // The program in the machine may be older than the text.
      address: this.#index()?.addressesOf(file, line)[0] ?? null,
    }));
    const addresses = this.#addresses.map((kept) => ({
      ...kept,
      id: `@${kept.text}`,
      place: kept.text,
      source: null,
    }));
    return [...lines, ...addresses];
  });

  readonly #specs = $derived.by((): StopSpecs => {
    const on = !this.#suspended;
    const breakpoints = this.#entries.flatMap(({ id, address, enabled, condition, hits, log }) =>
      address === null ? [] : [{ id, address, enabled: enabled && on, condition, hits, log }],
    );
    const watchpoints = this.#watches.flatMap(({ id, enabled, access, when, located }) =>
      located?.ok !== true ? [] : [{ ...located, id, enabled: enabled && on, access, when }],
    );
    return { breakpoints, watchpoints };
  });

  readonly #armed = $derived(
    ascending(this.#specs.breakpoints.flatMap((b) => (b.enabled ? [b.address] : []))),
  );

  /** @param index of the program in the machine */
  constructor(client: Client, index: () => DebugIndex | null) {
    this.#client = client;
    this.#index = index;
  }

  /** Sets who keeps the line breakpoints. */
  useLines(lines: LineBreakpoints): void {
    this.#lines = lines;
  }

  /** Sets where the others are kept, and takes up what is kept there. */
  useStore(store: Store): void {
    this.#store = store;
    const { addresses, watches } = readStops(store, KEY);
    this.#addresses = addresses;
    this.#watches = watches.map((watch) => ({ ...watch, id: this.#newId(), located: null }));
  }

  /** All breakpoints, those on lines first. */
  get entries(): readonly BreakpointEntry[] {
    return this.#entries;
  }

  get watchpoints(): readonly WatchpointEntry[] {
    return this.#watches;
  }

  /** What the machine is told. */
  get specs(): StopSpecs {
    return this.#specs;
  }

  /** Where breakpoints are that are enabled: ascending, each once. */
  get addresses(): readonly number[] {
    return this.#armed;
  }

  /** Whether an instruction has a breakpoint. */
  breaksAt(address: number): boolean {
    return this.#armed.includes(address);
  }

  /** Whether all are switched off, whatever each says of itself. */
  get suspended(): boolean {
    return this.#suspended;
  }

  set suspended(suspended: boolean) {
    this.#suspended = suspended;
  }

  /** What the machine found wrong with a stop. */
  problemOf(id: string): StopProblem | null {
    return this.#problems.find((problem) => problem.id === id) ?? null;
  }

  /** How often it has been hit; 0 while that is not known. */
  hitsOf(id: string): number {
    return this.#hits.get(id) ?? 0;
  }

  /** @returns the line that was set or cleared, or null when there is no code near. */
  toggleLine(file: string, line: number): number | null {
    return this.#lines?.toggle(file, line) ?? null;
  }

  /** Changes the breakpoint of a line, or sets one. @returns its line, or null: no code near. */
  changeLine(file: string, line: number, details: Partial<StopDetails>): number | null {
    return this.#lines?.change(file, line, details) ?? null;
  }

  /** Sets or clears one on an instruction; on its source line when it is the line's first. */
  toggleAddress(address: number): void {
    const line = this.#lineOf(address);
    if (line !== null) {
      this.toggleLine(line.file, line.line);
    } else if (this.#addresses.some((kept) => kept.address === address)) {
      this.#putAddresses(this.#addresses.filter((kept) => kept.address !== address));
    } else {
      this.#addAddress(this.#index()?.describe(address) ?? hex(address), address);
    }
  }

  /** Sets one where `text` says: `main.asm:12`, a label, an address. @returns what is wrong, or null. */
  async add(text: string): Promise<string | null> {
    const place = /^\s*([^\s:]+):(\d+)\s*$/.exec(text);
    if (place?.[1] !== undefined && this.#lines !== null) {
      const line = this.changeLine(place[1], Number(place[2]), {});
      return line === null ? 'No instruction comes from that line or from those behind it.' : null;
    }
    const found = await this.#client.findAddress(text);
    if (!found.ok) return `Column ${found.column}: ${found.message}`;
    const line = this.#lineOf(found.address);
    if (line !== null) this.changeLine(line.file, line.line, {});
    else if (this.#addresses.every((kept) => kept.address !== found.address)) {
      this.#addAddress(text.trim(), found.address);
    }
    return null;
  }

  /** Changes the details of one. */
  change(id: string, details: Partial<StopDetails>): void {
    const entry = this.#entries.find((each) => each.id === id);
    if (entry?.source) this.#lines?.change(entry.source.file, entry.source.line, details);
    else {
      this.#putAddresses(
        this.#addresses.map((kept) => (`@${kept.text}` === id ? { ...kept, ...details } : kept)),
      );
    }
  }

  /** Sets a watchpoint on what `text` names. @returns what is wrong with the text, or null. */
  async addWatchpoint(
    text: string,
    access: WatchpointSpec['access'] = 'write',
    when: WatchWhen = { kind: 'changes' },
  ): Promise<string | null> {
    const located = await this.#client.locate(text);
    if (!located.ok) return `Column ${located.column}: ${located.message}`;
    const entry = { id: this.#newId(), text: text.trim(), enabled: true, access, when, located };
    this.#putWatches([...this.#watches, entry]);
    return null;
  }

  changeWatchpoint(id: string, details: WatchChange): void {
    this.#putWatches(
      this.#watches.map((watch) => (watch.id === id ? { ...watch, ...details } : watch)),
    );
  }

  /** Removes a breakpoint or a watchpoint. */
  remove(id: string): void {
    const entry = this.#entries.find((each) => each.id === id);
    if (entry?.source) this.#lines?.remove(entry.source.file, entry.source.line);
    this.#putAddresses(this.#addresses.filter((kept) => `@${kept.text}` !== id));
    this.#putWatches(this.#watches.filter((watch) => watch.id !== id));
  }

  clear(): void {
    for (const { id } of this.#entries) this.remove(id);
    this.#putWatches([]);
  }

  /** Tells the machine of all. Rejects with `WorkerGone`. */
  async send(): Promise<void> {
    const { breakpoints, watchpoints } = this.#specs;
    this.#problems = await this.#client.setStops(breakpoints, watchpoints);
  }

  /** Finds what is kept by text in a newly booted program, and tells it of all. */
  async arrive(): Promise<void> {
    const addresses = await Promise.all(
      this.#addresses.map(async (kept) => {
        const found = await this.#client.findAddress(kept.text);
        return { ...kept, address: found.ok ? found.address : null };
      }),
    );
    const watches = await Promise.all(
      this.#watches.map(async (kept) => ({
        ...kept,
        located: await this.#client.locate(kept.text),
      })),
    );
    this.#addresses = addresses;
    this.#watches = watches;
    this.#hits = emptyMap();
    await this.send();
  }

  /** Asks how often each has been hit; to be called at stops. */
  async refresh(): Promise<void> {
    if (this.#entries.length === 0 && this.#watches.length === 0) return;
    const hits = await this.#client.stopHits();
    this.#hits = mapOf(hits.map(({ id, hits: count }) => [id, count] as const));
  }

  /** The line that stands for an instruction: when it is the line's first. */
  #lineOf(address: number): { readonly file: string; readonly line: number } | null {
    const index = this.#index();
    const place = index?.lineAt(address) ?? null;
    if (place === null || this.#lines === null) return null;
    return index?.addressesOf(place.file, place.line)[0] === address ? place : null;
  }

  #addAddress(text: string, address: number): void {
    this.#putAddresses([...this.#addresses, { ...PLAIN_STOP, text, address }]);
  }

  #newId(): string {
    return `watch ${this.#nextId++}`;
  }

  #putAddresses(addresses: readonly KeptAddress[]): void {
    this.#addresses = addresses;
    this.#keep();
  }

  #putWatches(watches: readonly WatchpointEntry[]): void {
    this.#watches = watches;
    this.#keep();
  }

  #keep(): void {
    const addresses = this.#addresses;
    const watches = this.#watches.map(({ located: _, ...kept }) => kept);
    this.#store.set(KEY, { addresses, watches });
  }
}
