// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Timeline } from '../../protocol/time.ts';
import { ConsoleState } from '../../state/console.svelte.ts';
import { LayoutState } from '../../state/layout.svelte.ts';
import { MachineState } from '../../state/machine.svelte.ts';
import { memoryStore } from '../../state/store.ts';
import { DEBUG, FakeMachine } from '../../state/testing/fake-machine.ts';
import { COMMANDS, commandOfKey, offered } from './commands.ts';
import { keyLabel, type MachineKey } from './keys.ts';
import { statusText } from './status-text.ts';

function press(key: string, modifiers: Partial<KeyboardEvent> = {}) {
  const none = { shiftKey: false, ctrlKey: false, metaKey: false, altKey: false };
  return commandOfKey(keyLabel({ key, ...none, ...modifiers }))?.id ?? null;
}

describe('keys', () => {
  it('are known by their modifiers', () => {
    expect(press('F5')).toBe('run');
    expect(press('F5', { shiftKey: true })).toBe('reset');
    expect(press('F5', { shiftKey: true, ctrlKey: true })).toBe('restart');
    expect(press('F5', { shiftKey: true, metaKey: true })).toBe('restart');
    expect(press('F10', { ctrlKey: true })).toBe('run-to-cursor');
    expect(press('F11', { shiftKey: true })).toBe('step-out');
    expect(press('F5', { altKey: true })).toBe('reverse-run');
    expect(press('k', { ctrlKey: true })).toBe('palette');
  });

  it('goes back with Alt', () => {
    expect(press('F5', { altKey: true })).toBe('reverse-run');
    expect(press('F11', { altKey: true })).toBe('step-back');
    expect(press('F11', { shiftKey: true, altKey: true })).toBe('step-back-out');
  });

  it('are left to the browser when no command has them', () => {
    expect(press('F5', { ctrlKey: true })).toBeNull();
    expect(press('F6', { altKey: true })).toBeNull();
    expect(press('a')).toBeNull();
    expect(press('F12')).toBeNull();
  });
});

describe('the commands', () => {
  it('have names and keys of their own', () => {
    for (const field of ['id', 'title', 'key'] as const) {
      const all = COMMANDS.flatMap((each) => each[field] ?? []);
      expect(new Set(all).size, field).toBe(all.length);
    }
  });
});

describe('the buttons', () => {
  const FORTH: readonly MachineKey[] = ['step-in', 'step-over', 'step-out'];
  const BACK: readonly MachineKey[] = ['step-back', 'step-back-over', 'step-back-out'];
  let fake: FakeMachine;
  let machine: MachineState;
  const layout = new LayoutState(memoryStore());

  beforeEach(() => {
    vi.useFakeTimers();
    fake = new FakeMachine();
    machine = new MachineState(fake, new ConsoleState((flush) => flush()));
  });
  afterEach(() => void vi.useRealTimers());

  async function booted(part: Partial<Timeline> = {}): Promise<void> {
    machine.setProgram({ name: 'sigmoid', image: new Uint8Array([0x7f]), debug: DEBUG });
    expect(await machine.boot('')).toBe(true);
    tell(part);
  }

  function tell(part: Partial<Timeline>): void {
    fake.say({ type: 'timeline', timeline: { ...fake.time, ...part } });
  }

  function usable(keys: readonly MachineKey[]): MachineKey[] {
    return keys.filter((key) => offered(key, machine, layout));
  }

  it('lead nowhere without a program', () => {
    expect(usable(['run', 'reset', ...FORTH, ...BACK, 'reverse-run'])).toEqual([]);
  });

  it('go back when there is something behind, and not from the beginning', async () => {
    await booted({ end: 0, position: 0 });
    expect(usable([...BACK, 'reverse-run'])).toEqual([]);
    tell({ end: 10, position: 10 });
    expect(usable([...BACK, 'reverse-run'])).toEqual([...BACK, 'reverse-run']);
    tell({ end: 10, position: 0, past: true });
    expect(usable([...BACK, 'reverse-run'])).toEqual([]);
    tell({ end: 10, position: 10, recording: false });
    expect(usable([...BACK, 'reverse-run'])).toEqual([]);
  });

  it('take further steps, forth and back, however late a single one is', async () => {
    await booted({ end: 10, position: 10 });
    for (const step of [() => machine.time.stepBack(), () => machine.stepIn()]) {
      void step();
      vi.advanceTimersByTime(5_000);
      expect(machine.settledBusy).toBe(true);
      expect(usable([...FORTH, ...BACK])).toEqual([...FORTH, ...BACK]);
      expect(usable(['reverse-run', 'run-to-cursor'])).toEqual([]);
      fake.stop({ kind: 'step' });
      await vi.advanceTimersByTimeAsync(0);
    }
  });

  it('take a step back behind the very first step, which is under way', async () => {
    await booted({ end: 0, position: 0 });
    void machine.stepIn();
    expect(usable(BACK)).toEqual(BACK);
  });

  it('stay as they are while a run may be over at once, and take no steps behind a real one', async () => {
    await booted({ end: 10, position: 10 });
    void machine.run();
    expect(usable([...FORTH, ...BACK, 'reverse-run'])).toEqual([...FORTH, ...BACK, 'reverse-run']);
    vi.advanceTimersByTime(200);
    expect(usable([...FORTH, ...BACK, 'reverse-run'])).toEqual([]);
    expect(usable(['run', 'pause', 'reset'])).toEqual(['run', 'pause', 'reset']);
  });
});

describe('statusText', () => {
  it('says why', () => {
    expect(statusText('exited', { kind: 'exit', status: 2 })).toBe('Exited with status 2');
    expect(statusText('paused', { kind: 'breakpoint', address: 1 })).toBe('Paused at a breakpoint');
    expect(statusText('paused', { kind: 'event', name: 'batch_end' })).toBe('Paused at batch_end');
    expect(statusText('waiting', null)).toBe('Waiting for input');
  });
});
