// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { COMMANDS, commandOfKey } from './commands.ts';
import { keyLabel } from './keys.ts';
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

describe('statusText', () => {
  it('says why', () => {
    expect(statusText('exited', { kind: 'exit', status: 2 })).toBe('Exited with status 2');
    expect(statusText('paused', { kind: 'breakpoint', address: 1 })).toBe('Paused at a breakpoint');
    expect(statusText('paused', { kind: 'event', name: 'batch_end' })).toBe('Paused at batch_end');
    expect(statusText('waiting', null)).toBe('Waiting for input');
  });
});
