// SPDX-License-Identifier: GPL-2.0-or-later
/** The recording of the run as the page sees it: where one is, what happened when, going there. */
import type { MachineHandle } from '../client/machine-client.ts';
import type { StopReason } from '../protocol/machine.ts';
import type { TimeCommand, Timeline, TimelineBranch, TimelineTick } from '../protocol/time.ts';
import type { DebugIndex } from '../shared/debug-index.ts';
import { formatCounted } from '../shared/format.ts';
import type { MachineStatus } from './settled-status.svelte.ts';
import { TimeBookmarks } from './time-bookmarks.svelte.ts';
import { TimeZoom } from './time-zoom.svelte.ts';
import type { ValueLocation } from './value-actions.svelte.ts';

/** What of the machine is used, so that tests can hand in a fake. */
export interface TravellingMachine {
  /** Goes to a moment; @returns why it stopped, null when it could not go. */
  travel(command: TimeCommand): Promise<StopReason | null>;
  pause(): Promise<void>;
  /** Says something in the console. */
  note(text: string): void;
  readonly machine: { readonly index: DebugIndex | null; readonly status: MachineStatus };
}

const NOTHING: Timeline = {
  ...{ recording: false, first: 0, end: 0, position: 0, past: false, bytes: 0 },
  ...{ budget: 0, checkpoints: 0, branch: 0, branches: [] },
};

/** Ticks of one kind asked for: about one for every two pixels. */
const TICKS = 500;

/** Milliseconds between two askings for ticks while running. */
const PATIENCE = 400;

export class TimeState {
  readonly bookmarks: TimeBookmarks;
  /** What the slider spans. */
  readonly zoom: TimeZoom;
  readonly #client: MachineHandle;
  readonly #machine: TravellingMachine;
  readonly #now: () => number;
  #timeline = $state.raw<Timeline>(NOTHING);
  #ticks = $state.raw<readonly TimelineTick[]>([]);
  /** Ticks that wait for the next timeline, to be drawn together. */
  #next: readonly TimelineTick[] | null = null;
  #message = $state<string | null>(null);
  #wanted: number | null = null;
  #seeking = $state(false);
  #asked = 0;
  #asking = false;
  #known = 1;

  constructor(
    client: MachineHandle,
    machine: TravellingMachine,
    now: () => number = () => performance.now(),
  ) {
    this.#client = client;
    this.#machine = machine;
    this.#now = now;
    const timeline = (): Timeline => this.#timeline;
    this.bookmarks = new TimeBookmarks(timeline);
    this.zoom = new TimeZoom(client, {
      timeline,
      index: () => machine.machine.index,
      travel: (command) => machine.travel(command),
      changed: () => void this.#askTicks(true),
    });
    client.onEvent((event) => {
      if (event.type === 'timeline') this.#take(event.timeline);
      if (event.type === 'stopped') {
        const { reason } = event;
        this.#message = reason.kind === 'time' ? reason.text : null;
        void this.#askTicks(true);
      }
    });
    client.onCrash(() => (this.#timeline = NOTHING));
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  /** Whether the machine shows a moment before the present. */
  get past(): boolean {
    return this.#timeline.past;
  }

  /** Whether there is a recording to go back in. */
  get able(): boolean {
    const { recording, end, first } = this.#timeline;
    return recording && end > first;
  }

  get ticks(): readonly TimelineTick[] {
    return this.#ticks;
  }

  /** What the latest journey has to say, as a sentence; or null. */
  get message(): string | null {
    return this.#message;
  }

  get branch(): TimelineBranch | null {
    return this.#timeline.branches.find(({ id }) => id === this.#timeline.branch) ?? null;
  }

  // ---- going ----

  stepBack(count = 1): Promise<StopReason | null> {
    return this.#machine.travel({ kind: 'step-back', count });
  }

  stepBackOver(): Promise<StopReason | null> {
    return this.#machine.travel({ kind: 'step-back-over' });
  }

  stepBackOut(): Promise<StopReason | null> {
    return this.#machine.travel({ kind: 'step-back-out' });
  }

  reverseContinue(): Promise<StopReason | null> {
    return this.#machine.travel({ kind: 'reverse-continue' });
  }

  /** To the last time before now that a line, or the next one with code, was reached. */
  backToLine(file: string, line: number): Promise<StopReason | null> {
    const { index } = this.#machine.machine;
    const place = index?.codeLineFrom(file, line) ?? null;
    const address = place === null ? undefined : index?.addressesOf(file, place)[0];
    if (address === undefined) return Promise.resolve(null);
    return this.#machine.travel({ kind: 'back-to', address });
  }

  toEnd(): Promise<StopReason | null> {
    return this.#machine.travel({ kind: 'to-end' });
  }

  /** To the instruction that last wrote a value. */
  lastWrite(location: ValueLocation): Promise<StopReason | null> {
    if (location.kind === 'memory') {
      const { address, length } = location;
      const name = this.#machine.machine.index?.describe(address);
      return this.#machine.travel({
        ...{ kind: 'last-write', address, length },
        ...(name != null && { name }),
      });
    }
    const { name: register, lane } = location;
    const part = lane === undefined ? {} : { from: lane.offset, bytes: lane.length };
    return this.#machine.travel({ kind: 'last-register-write', register, ...part });
  }

  /** Goes to a moment; called in quick succession, only the latest counts. */
  async seek(at: number): Promise<void> {
    const { first, end } = this.#timeline;
    this.#wanted = Math.round(Math.min(Math.max(at, first), end));
    if (this.#seeking) {
      await this.#machine.pause();
      return;
    }
    this.#seeking = true;
    try {
      while (this.#wanted !== null) {
        const instructions: number = this.#wanted;
        this.#wanted = null;
        if ((await this.#machine.travel({ kind: 'seek', instructions })) === null) break;
      }
    } finally {
      this.#seeking = false;
    }
  }

  /** To the event, system call or stop before this moment, or behind it. */
  seekTick(direction: -1 | 1): Promise<void> {
    const { position, first, end } = this.#timeline;
    const before = this.#ticks.filter(({ at }) => at < position).at(-1)?.at ?? first;
    const behind = this.#ticks.find(({ at }) => at > position)?.at ?? end;
    return this.seek(direction < 0 ? before : behind);
  }

  async switchBranch(id: number): Promise<void> {
    if (id !== this.#timeline.branch) await this.#machine.travel({ kind: 'to-branch', id });
  }

  /** Lets a branch go; of the one that is shown, the machine goes to its parent first. */
  async discardBranch(id: number): Promise<void> {
    if (id === this.#timeline.branch) {
      const other = this.#timeline.branches.find((branch) => branch.id !== id);
      if (other === undefined) return;
      await this.switchBranch(this.branch?.parent ?? other.id);
    }
    const error = await this.#attempt(() => this.#client.discardBranch(id));
    if (error !== null) this.#message = error;
    await this.refresh();
  }

  async setRecording(on: boolean, budget: number = this.#timeline.budget): Promise<void> {
    const error = await this.#attempt(() => this.#client.setRecording(on, budget));
    await this.refresh();
    this.#message = error;
  }

  /** Asks for all anew. */
  async refresh(): Promise<void> {
    try {
      this.#take(await this.#client.timeline());
    } catch {
      return; // the worker is gone; the machine's own message says so
    }
    await this.#askTicks(true);
  }

  /** Another process: nothing of the last one's course is of use. */
  reset(): void {
    this.zoom.all();
    this.bookmarks.clear();
    this.#ticks = [];
    this.#next = null;
    this.#message = null;
    this.#known = 1;
  }

  #take(timeline: Timeline): void {
    const forked = timeline.branches.length > this.#known;
    this.#known = Math.max(1, timeline.branches.length);
    this.#timeline = timeline;
    if (this.#next !== null) this.#show(this.#next);
    this.zoom.follow();
    if (forked) {
      const branch = this.branch;
      this.#message =
        `You have changed the past: this is branch ${(branch?.id ?? 0) + 1} now. ` +
        'What happened before is kept in the other branch.';
      this.#machine.note(
        `(branch ${(branch?.id ?? 0) + 1} begins after ${formatCounted(branch?.forkedAt ?? 0, 'instruction')})`,
      );
    }
    void this.#askTicks(false);
  }

  async #askTicks(now: boolean): Promise<void> {
    if (this.#asking || (!now && this.#now() - this.#asked < PATIENCE)) return;
    this.#asking = true;
    this.#asked = this.#now();
    try {
      const { from, to } = this.zoom.view;
      const ticks = await this.#client.ticks(from, to, TICKS);
      if (now || this.#machine.machine.status !== 'running') this.#show(ticks);
      else this.#next = ticks;
    } catch {
      // The worker is gone; the machine's own message says so.
    } finally {
      this.#asking = false;
    }
  }

  #show(ticks: readonly TimelineTick[]): void {
    this.#next = null;
    if (!sameTicks(ticks, this.#ticks)) this.#ticks = ticks;
  }

  async #attempt(call: () => Promise<string | null>): Promise<string | null> {
    try {
      return await call();
    } catch {
      return null;
    }
  }
}

function sameTicks(a: readonly TimelineTick[], b: readonly TimelineTick[]): boolean {
  return a.length === b.length && JSON.stringify(a) === JSON.stringify(b);
}
