// SPDX-License-Identifier: GPL-2.0-or-later
import { beforeEach, describe, expect, it } from 'vitest';
import type { StopReason } from '../protocol/machine.ts';
import type { TimeCommand, Timeline, TimelineTick } from '../protocol/time.ts';
import { DebugIndex } from '../shared/debug-index.ts';
import type { MachineStatus } from './settled-status.svelte.ts';
import { DEBUG, FakeMachine, snapshot } from './testing/fake-machine.ts';
import { TimeState } from './time.svelte.ts';

const STEP: StopReason = { kind: 'step' };

let client: FakeMachine;
let time: TimeState;
let commands: TimeCommand[];
let notes: string[];
/** Ends the journey under way. */
let arrive: (() => void) | null;
let held: boolean;
let index: DebugIndex | null;
let status: MachineStatus;
let clock: number;
let surveyed: () => void;

function tell(part: Partial<Timeline>): void {
  client.time = { ...client.time, ...part };
  client.say({ type: 'timeline', timeline: client.time });
}

beforeEach(() => {
  client = new FakeMachine();
  [commands, notes, arrive, held] = [[], [], null, false];
  [index, surveyed] = [null, () => undefined];
  status = 'paused';
  clock = 0;
  time = new TimeState(
    client,
    {
      travel: (command) => {
        commands.push(command);
        if (command.kind === 'survey') surveyed();
        if (!held) return Promise.resolve(STEP);
        return new Promise((resolve) => (arrive = () => resolve(STEP)));
      },
      pause: () => {
        arrive?.();
        return Promise.resolve();
      },
      note: (text) => notes.push(text),
      machine: {
        get index() {
          return index;
        },
        get status() {
          return status;
        },
      },
    },
    () => clock,
  );
});

describe('the timeline in the page', () => {
  it('is of use once something has been recorded', () => {
    expect(time.able).toBe(false);
    tell({ end: 1000, position: 1000 });
    expect(time.able).toBe(true);
    expect(time.past).toBe(false);
    expect(time.zoom.view).toEqual({ from: 0, to: 1000 });
    tell({ recording: false });
    expect(time.able).toBe(false);
  });

  it('draws ticks that come while the program runs with its next timeline, in one frame', async () => {
    const tick = (at: number): TimelineTick => ({ at, kind: 'event', name: 'batch_end', count: 1 });
    const answered = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
    status = 'running';
    for (const at of [10, 20]) {
      client.ticked = [tick(at)];
      clock += 1000;
      tell({ end: at, position: at });
      await answered();
    }
    expect(time.ticks).toEqual([tick(10)]);
    tell({ end: 30, position: 30 });
    expect(time.ticks).toEqual([tick(20)]);
    status = 'paused';
    client.ticked = [tick(40)];
    client.stop({ kind: 'pause' });
    await answered();
    expect(time.ticks).toEqual([tick(40)]);
  });

  it('goes only to the latest of many wishes, and never outside of the recording', async () => {
    tell({ first: 10, end: 1000, position: 1000 });
    held = true;
    const first = time.seek(5);
    const others = [time.seek(400), time.seek(500), time.seek(2000)];
    held = false;
    arrive?.();
    await Promise.all([first, ...others]);
    const went = commands.map((c) => (c.kind === 'seek' ? c.instructions : -1));
    expect(went[0]).toBe(10);
    expect(went.at(-1)).toBe(1000);
    expect(went.length).toBeLessThan(4);
  });

  it('zooms around a moment, follows the machine, and comes back to the whole', () => {
    tell({ end: 1_000_000, position: 250_000 });
    time.zoom.by(10);
    expect(time.zoom.view).toEqual({ from: 225_000, to: 325_000 });
    tell({ position: 800_000, past: true });
    expect(time.zoom.view.from).toBeLessThan(800_000);
    expect(time.zoom.view.to).toBeGreaterThan(800_000);
    expect(time.zoom.view.to - time.zoom.view.from).toBe(100_000);
    time.zoom.by(0.01);
    expect(time.zoom.active).toBe(false);
    for (let i = 0; i < 100; i++) time.zoom.by(2);
    expect(time.zoom.view.to - time.zoom.view.from).toBe(20);
  });

  it('says that the past was changed, once, and keeps bookmarks apart', () => {
    const main = { id: 0, parent: null, forkedAt: 0, end: 1000, ended: null };
    tell({ end: 1000, position: 300, past: true, branches: [main] });
    time.bookmarks.add();
    time.bookmarks.add('twice the same moment');
    expect(time.bookmarks.list.length).toBe(1);
    time.bookmarks.annotate(time.bookmarks.list[0]?.id ?? 0, 'here it begins');
    const second = { id: 1, parent: 0, forkedAt: 300, end: 300, ended: null };
    tell({ end: 300, past: false, branch: 1, branches: [main, second] });
    expect(time.message).toContain('branch 2');
    expect(notes.length).toBe(1);
    // before the branches part it is a moment of both
    expect(time.bookmarks.list.length).toBe(1);
    tell({ position: 300 });
    time.bookmarks.add('only here');
    expect(time.bookmarks.list.length).toBe(1);
    tell({ end: 320, position: 320 });
    time.bookmarks.add('only here');
    expect(time.bookmarks.list.map(({ at }) => at)).toEqual([300, 320]);
    client.stop({ kind: 'step' }, snapshot());
    expect(time.message).toBe(null);
    tell({ position: 321, end: 321 });
    expect(notes.length).toBe(1);
    tell({ branch: 0 });
    expect(time.bookmarks.list.map(({ note }) => note)).toEqual(['here it begins']);
    time.bookmarks.remove(time.bookmarks.list[0]?.id ?? 0);
    expect(time.bookmarks.list).toEqual([]);
  });

  it('spans units of work; what was not noted is looked for, in the larger unit', async () => {
    index = new DebugIndex({
      ...DEBUG,
      events: ['sample_end', 'batch_end', 'epoch_end'].map((name) => ({
        name,
        address: 0x401000,
        file: 0,
        line: 1,
      })),
    });
    tell({ end: 9000, position: 5000 });
    expect(time.zoom.units.map(({ name }) => name)).toEqual(['epoch', 'batch', 'sample']);
    client.around.set('epoch_end', { from: null, to: 8000 });
    client.around.set('batch_end', { from: 4900, to: 5200 });
    await time.zoom.toUnit('epoch_end');
    expect(time.zoom.view).toEqual({ from: 0, to: 8000 });
    await time.zoom.toUnit('batch_end');
    expect(time.zoom.view).toEqual({ from: 4900, to: 5200 });
    expect(time.zoom.unit).toBe('batch_end');
    expect(commands).toEqual([]);
    surveyed = () => client.around.set('sample_end', { from: 4990, to: 5010 });
    await time.zoom.toUnit('sample_end');
    expect(commands).toEqual([{ kind: 'survey', from: 4900, to: 5200 }]);
    expect(time.zoom.view).toEqual({ from: 4990, to: 5010 });
    time.zoom.all();
    expect(time.zoom.view).toEqual({ from: 0, to: 9000 });
    expect(time.zoom.unit).toBe(null);
  });

  it('asks who wrote a value', async () => {
    tell({ end: 100, position: 100 });
    await time.lastWrite({ kind: 'memory', address: 0x402000, length: 8 });
    await time.lastWrite({ kind: 'register', name: 'xmm1', lane: { offset: 8, length: 8 } });
    await time.lastWrite({ kind: 'register', name: 'rax' });
    expect(commands).toEqual([
      { kind: 'last-write', address: 0x402000, length: 8 },
      { kind: 'last-register-write', register: 'xmm1', from: 8, bytes: 8 },
      { kind: 'last-register-write', register: 'rax' },
    ]);
  });

  it('leaves a branch before it is discarded', async () => {
    const main = { id: 0, parent: null, forkedAt: 0, end: 1000, ended: null };
    const second = { id: 1, parent: 0, forkedAt: 300, end: 400, ended: null };
    tell({ end: 400, position: 400, branch: 1, branches: [main, second] });
    await time.discardBranch(1);
    expect(commands).toEqual([{ kind: 'to-branch', id: 0 }]);
    expect(client.calls).toContain('discard 1');
  });

  it('shows what a journey has to say until the next stop', () => {
    client.stop({ kind: 'time', found: true, text: 'You changed rax here.' });
    expect(time.message).toBe('You changed rax here.');
    client.stop({ kind: 'step' });
    expect(time.message).toBe(null);
  });
});
