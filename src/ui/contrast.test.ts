// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * WCAG 2.2 AA, computed: 4.5:1 for text on every ground it can lie on, 3:1 for what tells controls,
 * states and curves from their ground. Tokens and the rules that use them are read from the sources.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { darkTheme, lightTheme } from './editor/themes.ts';

const UI = fileURLToPath(new URL('.', import.meta.url));

const TEXT = 4.5;
const PART = 3;

/** Grounds that no text lies on but that of their own rule: fills, dots, bars, tooltips. */
const FILLS: ReadonlySet<string> = new Set([
  ...['--accent', '--danger', '--ok', '--series-1', '--series-2', '--tooltip'],
  ...['--border', '--border-strong', '--raised'],
]);

/** Text that lies only on the ground of its own rule. */
const ON_FILLS: ReadonlySet<string> = new Set(['--accent-text', '--tooltip-text']);

/** Colours that tell something without a text: edges of controls, marks, curves. */
const PARTS = [
  ...['--border-control', '--accent', '--danger', '--changed', '--ok', '--heat'],
  ...['--series-1', '--series-2', '--text-3'],
];

type Tokens = ReadonlyMap<string, string>;

/** The colours of one block of `tokens.css`, by their names. */
function tokensOf(css: string, selector: string): Map<string, string> {
  const from = css.indexOf(`${selector} {`);
  const block = css.slice(from, css.indexOf('\n}', from));
  const pairs = [...block.matchAll(/(--[\w-]+):\s*(#[\da-f]{6});/g)];
  return new Map(pairs.map(([, name = '', value = '']) => [name, value]));
}

const TOKENS = readFileSync(join(UI, 'tokens.css'), 'utf8');
const LIGHT: Tokens = tokensOf(TOKENS, ':root');
const DARK: Tokens = new Map([...LIGHT, ...tokensOf(TOKENS, ":root[data-theme='dark']")]);

interface Rule {
  readonly where: string;
  readonly text: string | null;
  readonly ground: string | null;
}

/** The rules of all components and of the base style that colour a text or a ground by a token. */
function rules(): Rule[] {
  const files = readdirSync(UI, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => /\.(svelte|css)$/.test(file))
    .flatMap((file) => {
      const source = readFileSync(join(UI, file), 'utf8');
      const style = file.endsWith('.css')
        ? source
        : (/<style>(.*)<\/style>/s.exec(source)?.[1] ?? '');
      const plain = style.replaceAll(/\/\*.*?\*\//gs, '');
      return [...plain.matchAll(/([^{}]+)\{([^{}]*)\}/g)].map(([, selector = '', body = '']) => ({
        where: `${file}: ${selector.trim().replaceAll(/\s+/g, ' ')}`,
        text: /(?:^|[;\s])color:\s*var\((--[\w-]+)\)/.exec(body)?.[1] ?? null,
        ground: /(?:^|[;\s])background(?:-color)?:\s*var\((--[\w-]+)\)/.exec(body)?.[1] ?? null,
      }));
    })
    .filter(({ text, ground }) => text !== null || ground !== null);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

const RULES = rules();
const TEXTS = [...new Set(RULES.flatMap(({ text }) => text ?? []))].filter(
  (name) => LIGHT.has(name) && !ON_FILLS.has(name),
);
const GROUNDS = [...new Set(RULES.flatMap(({ ground }) => ground ?? []))].filter(
  (name) => LIGHT.has(name) && !FILLS.has(name),
);

it('computes the ratios of the standard', () => {
  expect(contrast('#ffffff', '#000000')).toBeCloseTo(21);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});

it('finds the tokens and their use', () => {
  expect(LIGHT.size).toBeGreaterThan(25);
  expect(RULES.length).toBeGreaterThan(100);
  expect(TEXTS).toEqual(expect.arrayContaining(['--text', '--text-2', '--text-3', '--danger']));
  expect(GROUNDS).toEqual(expect.arrayContaining(['--bg', '--surface', '--accent-soft']));
});

describe.each([
  ['light', LIGHT, lightTheme],
  ['dark', DARK, darkTheme],
] as const)('the %s theme', (_name, tokens, editor) => {
  const of = (name: string): string => tokens.get(name) ?? '#000000';

  /** The pairs that are too faint, with their ratio. */
  function faint(texts: readonly string[], grounds: readonly string[], least: number): string[] {
    return texts.flatMap((text) =>
      grounds.flatMap((ground) => {
        const ratio = contrast(of(text), of(ground));
        return ratio < least ? `${text} on ${ground}: ${ratio.toFixed(2)}` : [];
      }),
    );
  }

  it('has text that can be read on every ground', () => {
    expect(faint(TEXTS, GROUNDS, TEXT)).toEqual([]);
  });

  it('has text that can be read on the ground of its own rule', () => {
    const pairs = RULES.flatMap(({ where, text, ground }) =>
      text === null || ground === null || !tokens.has(text) || !tokens.has(ground)
        ? []
        : faint([text], [ground], TEXT).map((problem) => `${where}: ${problem}`),
    );
    expect(pairs).toEqual([]);
  });

  it('has edges, marks and curves that can be told from where they stand', () => {
    expect(faint(PARTS, ['--bg', '--surface', '--surface-2', '--paper'], PART)).toEqual([]);
  });

  it('tells the chosen, the hovered and the plain apart', () => {
    const [plain, hovered, chosen] = ['--surface', '--surface-2', '--accent-soft'].map(of);
    expect(new Set([plain, hovered, chosen]).size).toBe(3);
  });

  it('colours the source so that it can be read, on its ground and on the current line', () => {
    const grounds = [of('--surface'), of('--line-current'), of('--accent-soft')];
    const problems = editor.rules.flatMap(({ token, foreground = '' }) =>
      grounds.flatMap((ground) => {
        const ratio = contrast(`#${foreground}`, ground);
        return ratio < TEXT ? `${token} on ${ground}: ${ratio.toFixed(2)}` : [];
      }),
    );
    expect(problems).toEqual([]);
  });

  it('gives the editor the same colours', () => {
    const same = { background: '--surface', foreground: '--text' };
    for (const [name, token] of Object.entries(same)) {
      expect(editor.colors[`editor.${name}`]).toBe(of(token));
    }
    expect(editor.colors['editorCursor.foreground']).toBe(of('--accent'));
    expect(editor.colors['menu.selectionBackground']).toBe(of('--accent-soft'));
  });
});
