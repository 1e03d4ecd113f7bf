// SPDX-License-Identifier: GPL-2.0-or-later
/** For those who do not see, do not point, or do not bear motion. */
import type { Page } from '@playwright/test';
import { expect, test } from './support/test.ts';

interface Place {
  /** The landmark or tab panel around what has the focus. */
  readonly area: string;
  readonly element: string;
  /** Whether one sees that it has the focus. */
  readonly seen: boolean;
}

function focused(page: Page): Promise<Place | null> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return null;
    // The outline may lie around what holds a field: the label of a button, the form of an input.
    let seen = element.closest('.monaco-editor') !== null;
    for (
      let at: Element | null = element, up = 0;
      at !== null && up < 4;
      at = at.parentElement, up++
    )
      for (const part of [at, ...(up === 1 ? at.children : [])]) {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(part);
        const outline = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
        seen ||= outline || (part === element && boxShadow !== 'none');
      }
    const area = element.closest('[role="tabpanel"], section, header, footer, [role="toolbar"]');
    const label =
      area?.getAttribute('aria-label') ??
      document.getElementById(area?.getAttribute('aria-labelledby') ?? '')?.textContent.trim() ??
      area?.tagName.toLowerCase() ??
      '';
    return { area: label, element: element.outerHTML.slice(0, 300), seen };
  });
}

test('the Tab key leads through every part and back, and the focus is always seen', async ({
  glassbox,
  page,
}) => {
  test.slow(); // some eighty stops
  await page.keyboard.press('F11');
  await expect.poll(() => glassbox.instructions()).toBe(1);
  const areas = new Set<string>();
  const unseen = new Set<string>();
  let first = '';
  let round = false;
  for (let presses = 0; presses < 200; presses++) {
    await page.keyboard.press('Tab');
    const place = await focused(page);
    // Behind the last one the focus leaves the page, and comes back to its beginning.
    if (place === null) continue;
    round = place.element === first;
    if (round) break;
    first ||= place.element;
    areas.add(place.area);
    if (!place.seen) unseen.add(place.element);
    // In the editor Tab indents until one says that it shall leave.
    if (await glassbox.editor.text.evaluate((text) => text === document.activeElement)) {
      await page.keyboard.press('Control+m');
    }
  }
  expect(round, 'the walk comes to its end').toBe(true);
  expect([...unseen]).toEqual([]);
  const wanted = ['Machine controls', 'Editor', 'Console', 'Registers', 'Vector registers'];
  for (const area of [...wanted, 'Memory', 'Draw', 'Time', 'Machine status']) {
    expect([...areas]).toContain(area);
  }
});

test('whatever can be used has a role and a name', async ({ glassbox, page }) => {
  test.slow();
  const browser = await page.context().newCDPSession(page);
  const nameless = async (): Promise<string[]> => {
    const { nodes } = await browser.send('Accessibility.getFullAXTree');
    const used =
      /^(button|link|textbox|combobox|checkbox|radio|spinbutton|slider|tab|tabpanel|tree|treeitem|table|grid|img|image|dialog|group|region|toolbar|tablist|radiogroup|application)$/;
    return nodes
      .filter(({ ignored, role, name }) => {
        const kind = String(role?.value ?? '');
        return !ignored && used.test(kind) && String(name?.value ?? '').trim() === '';
      })
      .map(({ role, backendDOMNodeId }) => `${String(role?.value)} ${backendDOMNodeId}`);
  };
  const places = [
    ['Output', ['System calls', 'Breakpoints', 'Profile', 'Console']],
    ['Processor', ['Disassembly', 'Watch', 'Vectors']],
    ['Memory views', ['Stack', 'Regions', 'Outline', 'Memory']],
    ['Network', ['Train', 'Draw']],
  ] as const;
  for (const [list, names] of places) {
    for (const name of names) {
      await glassbox.tab(list, name).click();
      await expect(page.getByRole('tabpanel', { name }).first()).toBeVisible();
      expect(await nameless(), `${list}, ${name}`).toEqual([]);
    }
  }
});

test('nothing moves for those who asked for that', async ({ glassbox, page }) => {
  const moving = (): Promise<number> => page.evaluate(() => document.getAnimations().length);
  await glassbox.boot('train --data data/digits --epochs 100000');
  await page.keyboard.press('F5');
  await expect(glassbox.status).toHaveText('Running');
  expect(await moving()).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await expect.poll(moving).toBe(0);
  await glassbox.tab('Network', 'Train').click();
  await glassbox.control('Pause').click();
  await expect(glassbox.status).toHaveText('Paused');
  expect(await moving()).toBe(0);
});
