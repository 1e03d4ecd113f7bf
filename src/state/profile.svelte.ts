// SPDX-License-Identifier: GPL-2.0-or-later
/** The profile as the page sees it: whether it is taken, its newest report, how it is looked at. */
import { SvelteMap } from 'svelte/reactivity';
import type { MachineHandle } from '../client/machine-client.ts';
import type { ProfileApi, ProfileFormat, ProfileReport } from '../protocol/profile.ts';

/** What of the machine's client is used, so that tests can hand in a fake. */
export type ProfileHandle = Pick<MachineHandle, keyof ProfileApi | 'onEvent' | 'onCrash'>;

export type ProfileView = 'lines' | 'functions' | 'kinds' | 'calls';

export interface ProfileSort {
  /** Name of a column of the view's table. */
  readonly column: string;
  readonly down: boolean;
}

/** Milliseconds between two reports at least: at stops, and while running. */
const AT_STOPS = 200;
const WHILE_RUNNING = 1000;

/**
 * So many times as long as the last report took is none made, for it costs the machine its time;
 * but no longer than so many times the pace, for it may have been the page that was slow.
 */
const SPARING = 10;
const PATIENCE = 5;

export class ProfileState {
  readonly #client: ProfileHandle;
  readonly #now: () => number;
  #on = $state(false);
  #report = $state.raw<ProfileReport | null>(null);
  #view = $state<ProfileView>('lines');
  #heat = $state(true);
  /** Addresses of the calls below the root that lead to what fills the flame graph. */
  #zoom = $state.raw<readonly number[]>([]);
  readonly #sorts = new SvelteMap<ProfileView, ProfileSort>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  /** When the last report came, and how long it took. */
  #came = -Infinity;
  #took = 0;
  #asking: Promise<void> | null = null;
  /** The pace at which another report was wanted while one was on its way. */
  #wanted = Infinity;
  /** Reports asked for before are of another program, or of none. */
  #turn = 0;

  constructor(client: ProfileHandle, now: () => number = () => performance.now()) {
    this.#client = client;
    this.#now = now;
    client.onEvent((event) => {
      if (!this.#on) return;
      if (event.type === 'progress') this.#refreshWithin(WHILE_RUNNING);
      if (event.type === 'stopped' || event.type === 'waiting') this.#refreshWithin(AT_STOPS);
    });
    client.onCrash(() => {
      this.#on = false;
      this.#forget();
    });
  }

  /** Whether instructions are counted, in this program and those after it. */
  get on(): boolean {
    return this.#on;
  }

  /** What had been counted a moment ago; null when nothing ever was in this program. */
  get report(): ProfileReport | null {
    return this.#report;
  }

  /** Which table, or the flame graph (`calls`), is looked at. */
  get view(): ProfileView {
    return this.#view;
  }

  set view(view: ProfileView) {
    this.#view = view;
  }

  /** Whether the editor shows how hot lines are. */
  get heat(): boolean {
    return this.#heat;
  }

  set heat(heat: boolean) {
    this.#heat = heat;
  }

  get zoom(): readonly number[] {
    return this.#zoom;
  }

  set zoom(path: readonly number[]) {
    this.#zoom = path;
  }

  /** How a view's table is sorted; null: as it comes, the largest first. */
  sort(view: ProfileView): ProfileSort | null {
    return this.#sorts.get(view) ?? null;
  }

  /** Sorts a view by a column; if that is done already, the other way round. */
  sortBy(view: ProfileView, column: string, down: boolean): void {
    const now = this.#sorts.get(view);
    this.#sorts.set(view, { column, down: now?.column === column ? !now.down : down });
  }

  /** Begins to count, from zero, or ends it; what was counted stays to be looked at. */
  async set(on: boolean): Promise<void> {
    if (on === this.#on) return;
    this.#on = on;
    if (on) this.#forget();
    try {
      await this.#client.setProfiling(on);
    } catch {
      return; // a worker that is gone; `onCrash` has heard of it
    }
    await this.refresh();
  }

  /** Counts from zero again. */
  async restart(): Promise<void> {
    this.#on = false;
    await this.#client.setProfiling(false).catch(() => undefined);
    await this.set(true);
  }

  /** Another program stands at its entry: what was counted is gone. */
  booted(): void {
    this.#forget();
    if (this.#on) void this.refresh();
  }

  /** The report as it is now. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
      const pace = this.#wanted;
      this.#wanted = Infinity;
      if (pace < Infinity && this.#on) this.#refreshWithin(pace);
    });
    return this.#asking;
  }

  /** The profile as the text of a file; null when there is none. */
  async file(format: ProfileFormat): Promise<string | null> {
    try {
      return await this.#client.exportProfile(format);
    } catch {
      return null;
    }
  }

  dispose(): void {
    this.#cancel();
  }

  #refreshWithin(pace: number): void {
    if (this.#asking !== null) {
      this.#wanted = Math.min(this.#wanted, pace);
      return;
    }
    const wait = Math.max(pace, Math.min(SPARING * this.#took, PATIENCE * pace));
    const at = Math.max(this.#now(), this.#came + wait);
    if (at >= this.#timerAt) return;
    this.#cancel();
    this.#timerAt = at;
    this.#timer = setTimeout(() => void this.refresh(), at - this.#now());
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    this.#timerAt = Infinity;
  }

  async #ask(): Promise<void> {
    this.#cancel();
    for (let turn = -1; turn !== this.#turn;) {
      turn = this.#turn;
      const began = this.#now();
      try {
        const report = await this.#client.profile();
        if (turn === this.#turn) this.#report = report;
      } catch {
        return;
      }
      this.#came = this.#now();
      this.#took = this.#came - began;
    }
  }

  #forget(): void {
    this.#turn++;
    this.#cancel();
    this.#report = null;
    this.#zoom = [];
  }
}
