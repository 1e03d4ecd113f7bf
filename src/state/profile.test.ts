// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProfileReport } from '../protocol/profile.ts';
import { ProfileState } from './profile.svelte.ts';
import { FakeMachine, snapshot } from './testing/fake-machine.ts';

function report(total: number): ProfileReport {
  return { on: true, total, lines: [], functions: [], classes: [], root: null };
}

/** Lets promises settle, and time pass. */
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('the profile in the page', () => {
  let fake: FakeMachine;
  let profile: ProfileState;
  beforeEach(() => {
    vi.useFakeTimers();
    fake = new FakeMachine();
    fake.report = report(1);
    profile = new ProfileState(fake, () => Date.now());
  });
  afterEach(() => {
    profile.dispose();
    vi.useRealTimers();
  });

  it('asks nothing while it is off', async () => {
    fake.say({ type: 'progress', snapshot: snapshot() });
    fake.stop({ kind: 'step' });
    profile.booted();
    await pass(5000);
    expect(fake.reports).toBe(0);
    expect(profile.report).toBeNull();
  });

  it('asks once a second while running, soon at a stop, and not for every step', async () => {
    await profile.set(true);
    expect(fake.calls).toEqual(['profiling on']);
    expect(profile.report?.total).toBe(1);
    expect(fake.reports).toBe(1);
    for (let frame = 0; frame < 180; frame++) {
      fake.say({ type: 'progress', snapshot: snapshot() });
      await pass(16);
    }
    expect(fake.reports).toBe(1 + 2);
    fake.report = report(9);
    fake.stop({ kind: 'pause' });
    await pass(250);
    expect(profile.report?.total).toBe(9);
    expect(fake.reports).toBe(4);
    for (let step = 0; step < 30; step++) {
      fake.stop({ kind: 'step' });
      await pass(33);
    }
    expect(fake.reports).toBeLessThanOrEqual(4 + 6);
    // The last of them is shown all the same.
    fake.report = report(10);
    fake.stop({ kind: 'step' });
    await pass(250);
    expect(profile.report?.total).toBe(10);
  });

  it('is sparing with reports that take long', async () => {
    fake.reportTakes = 300;
    const on = profile.set(true);
    await pass(300);
    await on;
    for (let frame = 0; frame < 400; frame++) {
      fake.say({ type: 'progress', snapshot: snapshot() });
      await pass(16);
    }
    expect(fake.reports).toBe(1 + 2);
    // At a stop it costs nobody anything.
    fake.report = report(5);
    fake.stop({ kind: 'pause' });
    await pass(2000);
    expect(profile.report?.total).toBe(5);
  });

  it('does not wait for ever after a report that took very long', async () => {
    fake.reportTakes = 4000;
    const on = profile.set(true);
    await pass(4000);
    await on;
    fake.reportTakes = 0;
    fake.report = report(6);
    fake.say({ type: 'progress', snapshot: snapshot() });
    await pass(5000);
    expect(profile.report?.total).toBe(6);
  });

  it('keeps what was counted when switched off, until another program comes', async () => {
    await profile.set(true);
    await profile.set(false);
    fake.stop({ kind: 'step' });
    await pass(1000);
    expect(profile.report?.total).toBe(1);
    profile.booted();
    expect(profile.report).toBeNull();
    expect(fake.calls).toEqual(['profiling on', 'profiling off']);
  });

  it('begins anew with the next program, and drops a report of the one before', async () => {
    await profile.set(true);
    fake.reportTakes = 100;
    fake.report = report(77);
    fake.stop({ kind: 'step' });
    await pass(250);
    profile.zoom = [1, 2];
    profile.booted();
    fake.report = report(0);
    await pass(50);
    expect(profile.report).toBeNull();
    expect(profile.zoom).toEqual([]);
    await pass(200);
    expect(profile.report?.total).toBe(0);
    expect(profile.on).toBe(true);
  });

  it('counts from zero on demand', async () => {
    await profile.set(true);
    await profile.restart();
    expect(fake.calls).toEqual(['profiling on', 'profiling off', 'profiling on']);
    expect(profile.on).toBe(true);
  });

  it('is off when the machine is gone', async () => {
    await profile.set(true);
    fake.crash('out of memory');
    expect(profile.on).toBe(false);
    expect(profile.report).toBeNull();
    await profile.set(true);
    expect(await profile.file('csv')).toBeNull();
  });

  it('sorts by a column, and the other way round the second time', () => {
    expect(profile.sort('lines')).toBeNull();
    profile.sortBy('lines', 'times', true);
    profile.sortBy('functions', 'name', false);
    expect(profile.sort('lines')).toEqual({ column: 'times', down: true });
    profile.sortBy('lines', 'times', true);
    expect(profile.sort('lines')).toEqual({ column: 'times', down: false });
    expect(profile.sort('functions')).toEqual({ column: 'name', down: false });
  });
});
