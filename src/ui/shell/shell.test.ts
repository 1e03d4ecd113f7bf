// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { KEY_LABELS, machineKey } from './keys.ts';
import { statusText } from './status-text.ts';

function press(key: string, modifiers: Partial<KeyboardEvent> = {}) {
  const none = { shiftKey: false, ctrlKey: false, metaKey: false, altKey: false };
  return machineKey({ key, ...none, ...modifiers });
}

describe('machineKey', () => {
  it('knows the keys by their modifiers', () => {
    expect(press('F5')).toBe('run');
    expect(press('F5', { shiftKey: true })).toBe('reset');
    expect(press('F5', { shiftKey: true, ctrlKey: true })).toBe('restart');
    expect(press('F5', { shiftKey: true, metaKey: true })).toBe('restart');
    expect(press('F10', { ctrlKey: true })).toBe('run-to-cursor');
    expect(press('F11', { shiftKey: true })).toBe('step-out');
  });

  it('goes back with Alt', () => {
    expect(press('F5', { altKey: true })).toBe('reverse-run');
    expect(press('F11', { altKey: true })).toBe('step-back');
    expect(press('F11', { shiftKey: true, altKey: true })).toBe('step-back-out');
  });

  it('leaves all others to the browser', () => {
    expect(press('F5', { ctrlKey: true })).toBeNull();
    expect(press('F6', { altKey: true })).toBeNull();
    expect(press('a')).toBeNull();
    expect(press('F12')).toBeNull();
  });

  it('gives each command a key of its own', () => {
    const labels = Object.values(KEY_LABELS);
    expect(new Set(labels).size).toBe(labels.length);
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
