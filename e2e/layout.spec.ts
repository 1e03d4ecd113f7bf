// SPDX-License-Identifier: GPL-2.0-or-later
/** From a phone to a wide screen, light and dark: everything is there, and nothing overflows. */
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './support/test.ts';

/** The tabs to walk through at each width, and a control that each must show. */
type Walk = readonly (readonly [
  list: string,
  tab: string | RegExp,
  shows: (page: Page) => Locator,
])[];

const canvas = (page: Page) => page.getByRole('application', { name: 'Drawing canvas' });
const trainButton = (page: Page) => page.getByRole('button', { name: 'One sample' });
const registers = (page: Page) => page.getByRole('table', { name: 'General registers' });
const vectors = (page: Page) => page.getByRole('table', { name: /^xmm registers/ });
const disassembly = (page: Page) => page.getByRole('list', { name: 'Instructions' });
const memory = (page: Page) => page.getByRole('group', { name: 'Bytes of memory' });
const regions = (page: Page) => page.getByRole('region', { name: 'Memory regions' });
const log = (page: Page) => page.getByRole('log', { name: 'Console output' });
const strace = (page: Page) => page.getByRole('log', { name: 'System calls of the program' });
const profile = (page: Page) => page.getByRole('radiogroup', { name: /of the profile$/ });
const editor = (page: Page) => page.getByRole('textbox', { name: /^Assembly source/ });

const SIZES: readonly { width: number; height: number; walk: Walk }[] = [
  {
    width: 1440,
    height: 900,
    walk: [
      ['Output', 'Console', editor],
      ['Output', /^System calls/, strace],
      ['Output', 'Profile', profile],
      ['Output', 'Console', log],
      ['Processor', 'Disassembly', disassembly],
      ['Processor', 'Vectors', vectors],
      ['Memory views', 'Regions', regions],
      ['Memory views', 'Memory', memory],
      ['Network', 'Train', trainButton],
      ['Network', 'Draw', canvas],
    ],
  },
  {
    width: 1024,
    height: 768,
    walk: [
      ['Output', 'Console', editor],
      ['Output', /^System calls/, strace],
      ['Output', 'Profile', profile],
      ['Views', 'Train', trainButton],
      ['Views', 'CPU', registers],
      ['Processor', 'Disassembly', disassembly],
      ['Views', 'Memory', memory],
      ['Memory views', 'Regions', regions],
      ['Views', 'Draw', canvas],
    ],
  },
  {
    width: 390,
    height: 844,
    walk: [
      ['Network', 'Train', trainButton],
      ['Network', 'Draw', canvas],
      ['Views', 'Code', editor],
      ['Views', 'CPU', registers],
      ['Processor', 'Disassembly', disassembly],
      ['Views', 'Memory', memory],
      ['Memory views', 'Regions', regions],
      ['Views', 'Console', log],
      ['Output', /^System calls/, strace],
      ['Output', 'Profile', profile],
    ],
  },
];

/** The buttons that must be in sight and inside the window at every width. */
const CONTROLS = ['Run', 'Step over', 'Step in', 'Step out', 'Reset to the start', 'Restart'];

/** Buttons, fields and tabs that are shown but reach out of the window sideways, or lie on one another. */
function misplaced(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const seen = [...document.querySelectorAll<HTMLElement>('button, select, input, [role="tab"]')]
      // Monaco's own, what is hidden, and what only assistive technology sees.
      .filter((e) => e.closest('.monaco-editor, [aria-hidden="true"]') === null)
      .filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 4 && box.height > 4);
    const name = (e: HTMLElement) => e.getAttribute('aria-label') ?? e.textContent.trim();
    for (const { element, box } of seen) {
      if (box.left < -0.5 || box.right > innerWidth + 0.5) found.push(`out: ${name(element)}`);
      // Text cut without an ellipsis.
      const cut = element.scrollWidth > element.clientWidth + 1 && element.tagName === 'BUTTON';
      if (cut && getComputedStyle(element).textOverflow !== 'ellipsis') {
        found.push(`cut: ${name(element)}`);
      }
    }
    const bar = seen.filter(({ element }) => element.closest('[role="toolbar"], header') !== null);
    bar.forEach((a, i) => {
      for (const b of bar.slice(i + 1)) {
        if (a.element.contains(b.element) || b.element.contains(a.element)) continue;
        if (a.element.closest('[role="toolbar"]') !== b.element.closest('[role="toolbar"]'))
          continue;
        const x = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const y = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        // The list of presets lies in the end of the arguments' field, on purpose.
        const presets = [a, b].some((c) => name(c.element) === 'Argument presets');
        if (x > 1 && y > 1 && !presets) found.push(`${name(a.element)} on ${name(b.element)}`);
      }
    });
    if (document.documentElement.scrollWidth > innerWidth) found.push('the page is too wide');
    if (document.documentElement.scrollHeight > innerHeight) found.push('the page is too high');
    return found;
  });
}

for (const { width, height, walk } of SIZES) {
  for (const scheme of ['light', 'dark'] as const) {
    test(`${width} × ${height}, ${scheme}`, async ({ page, glassbox }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height });
      await expect(page.locator('html')).toHaveAttribute('data-theme', scheme);
      for (const control of CONTROLS) await expect(glassbox.control(control)).toBeInViewport();
      await expect(glassbox.machineStatus).toBeInViewport();

      const reveal = page.getByRole('button', { name: 'Program and arguments' });
      if (await reveal.isVisible()) await reveal.click();
      await expect(glassbox.arguments).toBeInViewport();
      await expect(page.getByRole('combobox', { name: 'Program' })).toBeInViewport();
      expect(await misplaced(page)).toEqual([]);
      if (await reveal.isVisible()) await reveal.click();

      for (const [list, tab, shows] of walk) {
        await glassbox.tab(list, tab).click();
        await expect(glassbox.tab(list, tab)).toHaveAttribute('aria-selected', 'true');
        await expect(shows(page)).toBeInViewport();
        expect(await misplaced(page), `after ${list}: ${String(tab)}`).toEqual([]);
        await test.info().attach(`${list} ${String(tab)}`, {
          body: await page.screenshot(),
          contentType: 'image/png',
        });
      }
    });
  }
}
