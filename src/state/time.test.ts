// SPDX-License-Identifier: GPL-2.0-or-later
import { beforeEach, describe, expect, it } from 'vitest';
import type { StopReason } from '../protocol/machine.ts';
import type { TimeCommand, Timeline } from '../protocol/time.ts';
import { FakeMachine, snapshot } from './testing/fake-machine.ts';
import { TimeState } from './time.svelte.ts';

const STEP: StopReason = { kind: 'step' };

let client: FakeMachine;
let time: TimeState;
let commands: TimeCommand[];
let notes: string[];
/** Ends the journey under way. */
let arrive: (() => void) | null;
let held: boolean;

function tell(part: Partial<Timeline>): void {
  client.time = { ...client.time, ...part };
  client.say({ type: 'timeline', timeline: client.time });
}

beforeEach(() => {
  client = new FakeMachine();
  [commands, notes, arrive, held] = [[], [], null, false];
  time = new TimeState(
    client,
    {
      travel: (command) => {
        commands.push(command);
        if (!held) return Promise.resolve(STEP);
        return new Promise((resolve) => (arrive = () => resolve(STEP)));
      },
      pause: () => {
        arrive?.();
        return Promise.resolve();
      },
      note: (text) => notes.push(text),
      machine: { index: null },
    },
    () => 0,
  );
});

describe('the timeline in the page', () => {
  it('is of use once something has been recorded', () => {
    expect(time.able).toBe(false);
    tell({ end: 1000, position: 1000 });
    expect(time.able).toBe(true);
    expect(time.past).toBe(false);
    expect(time.view).toEqual({ from: 0, to: 1000 });
    tell({ recording: false });
    expect(time.able).toBe(false);
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
    time.zoom(10);
    expect(time.view).toEqual({ from: 225_000, to: 325_000 });
    tell({ position: 800_000, past: true });
    expect(time.view.from).toBeLessThan(800_000);
    expect(time.view.to).toBeGreaterThan(800_000);
    expect(time.view.to - time.view.from).toBe(100_000);
    time.zoom(0.01);
    expect(time.zoomed).toBe(false);
    for (let i = 0; i < 100; i++) time.zoom(2);
    expect(time.view.to - time.view.from).toBe(20);
  });

  it('says that the past was changed, once, and keeps bookmarks apart', () => {
    const main = { id: 0, parent: null, forkedAt: 0, end: 1000, ended: null };
    tell({ end: 1000, position: 300, past: true, branches: [main] });
    time.addBookmark();
    time.addBookmark('twice the same moment');
    expect(time.bookmarks.length).toBe(1);
    time.noteBookmark(time.bookmarks[0]?.id ?? 0, 'here it begins');
    const second = { id: 1, parent: 0, forkedAt: 300, end: 300, ended: null };
    tell({ end: 300, past: false, branch: 1, branches: [main, second] });
    expect(time.message).toContain('branch 2');
    expect(notes.length).toBe(1);
    expect(time.bookmarks).toEqual([]);
    client.stop({ kind: 'step' }, snapshot());
    expect(time.message).toBe(null);
    tell({ position: 301, end: 301 });
    expect(notes.length).toBe(1);
    tell({ branch: 0 });
    expect(time.bookmarks[0]?.note).toBe('here it begins');
    time.removeBookmark(time.bookmarks[0]?.id ?? 0);
    expect(time.bookmarks).toEqual([]);
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
