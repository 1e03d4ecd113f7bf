// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { LayoutState } from './layout.svelte.ts';
import { SettingsState } from './settings.svelte.ts';
import { isNumber, memoryStore, oneOf, storeOver } from './store.ts';
import { ThemeState } from './theme.svelte.ts';

function systemTheme(dark: boolean) {
  let listener: (event: { matches: boolean }) => void = () => undefined;
  return {
    matches: dark,
    addEventListener: (_: string, heard: unknown) => (listener = heard as typeof listener),
    change: (matches: boolean) => listener({ matches }),
  };
}

describe('the store', () => {
  it('gives the fallback for what is missing, broken or of another kind', () => {
    const values = new Map([
      ['glassbox.broken', '{'],
      ['glassbox.text', '"x"'],
    ]);
    const store = storeOver(() => ({
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => void values.set(key, value),
    }));
    expect(store.get('missing', 1, isNumber)).toBe(1);
    expect(store.get('broken', 2, isNumber)).toBe(2);
    expect(store.get('text', 3, isNumber)).toBe(3);
    expect(store.get('text', 'y', oneOf('x', 'y'))).toBe('x');
    store.set('n', 4);
    expect(store.get('n', 0, isNumber)).toBe(4);
  });

  it('does not throw where storage is forbidden', () => {
    const store = storeOver(() => {
      throw new Error('SecurityError');
    });
    store.set('a', 1);
    expect(store.get('a', 7, isNumber)).toBe(7);
  });
});

describe('the theme', () => {
  it('follows the system until one chooses, and remembers the choice', () => {
    const store = memoryStore();
    const system = systemTheme(false);
    const theme = new ThemeState(store, system);
    expect(theme.resolved).toBe('light');
    system.change(true);
    expect(theme.resolved).toBe('dark');
    theme.choose('light');
    expect(theme.resolved).toBe('light');
    const next = new ThemeState(store, systemTheme(true));
    expect(next.choice).toBe('light');
    expect(next.resolved).toBe('light');
  });
});

describe('the settings', () => {
  it('last', () => {
    const store = memoryStore();
    const settings = new SettingsState(store);
    settings.registerFormat = 'signed';
    settings.laneFormat = 'i32';
    settings.memoryColumn = 'f32';
    settings.args = 'train --epochs 2';
    settings.introSeen = true;
    const next = new SettingsState(store);
    expect(next.registerFormat).toBe('signed');
    expect(next.laneFormat).toBe('i32');
    expect(next.memoryColumn).toBe('f32');
    expect(next.args).toBe('train --epochs 2');
    expect(next.introSeen).toBe(true);
  });
});

describe('the settings of a program in another precision', () => {
  it('follow it where numbers are shown as floats, and only there', () => {
    const settings = new SettingsState(memoryStore());
    settings.showFloats('f32');
    expect([settings.laneFormat, settings.memoryColumn]).toEqual(['f32', 'f32']);
    settings.laneFormat = 'hex';
    settings.memoryColumn = 'none';
    settings.showFloats('f64');
    expect([settings.laneFormat, settings.memoryColumn]).toEqual(['hex', 'none']);
  });
});

describe('the layout', () => {
  it('goes by the width', () => {
    const layout = new LayoutState(memoryStore());
    const classes = [390, 759, 760, 1024, 1239, 1240, 1440].map((width) => {
      layout.resize(width);
      return layout.widthClass;
    });
    expect(classes).toEqual(['narrow', 'narrow', 'medium', 'medium', 'medium', 'wide', 'wide']);
  });

  it('keeps the splits, within bounds', () => {
    const store = memoryStore();
    const layout = new LayoutState(store);
    const original = layout.split('code');
    layout.setSplit('code', 0.05);
    expect(layout.split('code')).toBe(0.15);
    layout.setSplit('code', 0.5);
    expect(new LayoutState(store).split('code')).toBe(0.5);
    layout.resetSplit('code');
    expect(layout.split('code')).toBe(original);
  });

  it('brings what is asked for into view, the same place twice too', () => {
    const layout = new LayoutState(memoryStore());
    layout.showSource('main.asm', 12);
    const first = layout.source;
    expect(first?.target).toEqual({ file: 'main.asm', line: 12 });
    expect(layout.narrow).toBe('code');
    layout.showSource('main.asm', 12);
    expect(layout.source).not.toBe(first);
    layout.memory = 'regions';
    layout.showMemory(0x402000);
    expect(layout.address?.target).toBe(0x402000);
    expect([layout.memory, layout.narrow, layout.side]).toEqual(['memory', 'memory', 'memory']);
    layout.showDraw();
    expect([layout.narrow, layout.side, layout.network]).toEqual(['draw', 'draw', 'draw']);
  });
});
