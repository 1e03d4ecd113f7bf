// SPDX-License-Identifier: GPL-2.0-or-later
/** Draw a digit, and our assembly reads it. */
import { SEVEN, THREE } from './support/glassbox.ts';
import { lineOf } from './support/sources.ts';
import { expect, test } from './support/test.ts';

test('a seven and a three drawn with the mouse are read', async ({ glassbox, page }) => {
  await expect(glassbox.reading).toContainText('Nothing drawn');
  await glassbox.draw(SEVEN);
  await expect(glassbox.reading).toContainText(/^\s*7/, { timeout: 60_000 });
  const sevens = (await glassbox.probabilities()).map(parseFloat);
  expect(sevens).toHaveLength(10);
  expect(Math.max(...sevens)).toBe(sevens[7]);
  expect(sevens[7]).toBeGreaterThan(50);
  expect(sevens.reduce((sum, p) => sum + p, 0)).toBeCloseTo(100, 0);

  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await expect(glassbox.reading).toContainText('Nothing drawn');
  expect(await glassbox.probabilities()).toEqual(Array(10).fill('–'));

  await glassbox.draw(THREE);
  await expect(glassbox.reading).toContainText(/^\s*3/, { timeout: 60_000 });
  const threes = (await glassbox.probabilities()).map(parseFloat);
  expect(Math.max(...threes)).toBe(threes[3]);
  // From the second drawing on the instructions are those of one frame.
  await expect(page.getByText(/^[\d,]+ instructions, [\d.]+ ms$/)).toBeVisible();

  await page.getByRole('button', { name: 'Undo the stroke' }).click();
  await expect(glassbox.reading).toContainText('Nothing drawn');
  await page.getByRole('button', { name: 'Undo the stroke' }).click();
  await expect(glassbox.reading).toContainText(/^\s*7/, { timeout: 60_000 });
  await page.getByRole('button', { name: 'Redo the stroke' }).click();
  await expect(glassbox.reading).toContainText('Nothing drawn');
});

test('digits of the test set are read as what they are', async ({ glassbox, page }) => {
  const samples = page.getByRole('group', { name: 'Digits of the test set' });
  await expect(samples.getByRole('button', { name: /of the test set/ })).toHaveCount(10);
  let right = 0;
  for (let digit = 0; digit < 10; digit++) {
    await samples.getByRole('button', { name: `A ${digit} of the test set` }).click();
    await expect(page.getByText(/ms$/)).toBeVisible({ timeout: 60_000 });
    await expect(glassbox.reading).toContainText(/^\s*\d\s*[\d.]+ % sure/);
    right += Number((await glassbox.reading.innerText()).trim().startsWith(String(digit)));
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await expect(glassbox.reading).toContainText('Nothing drawn');
  }
  // The weights have learned from MNIST, not from these: they read four of five (docs).
  expect(right).toBeGreaterThanOrEqual(6);
});

test('a one drawn with the keyboard is read', async ({ glassbox, page }) => {
  await glassbox.canvas.focus();
  await page.keyboard.press('Space');
  for (let i = 0; i < 13; i++) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await expect(glassbox.reading).toContainText(/^\s*1/, { timeout: 60_000 });
  await page.keyboard.press('Delete');
  await expect(glassbox.reading).toContainText('Nothing drawn');
});

test('the drawing is stepped through from its forward pass on', async ({ glassbox, page }) => {
  const step = page.getByRole('button', { name: 'Step through this digit' });
  await expect(step).toHaveAttribute('aria-disabled', 'true');
  await glassbox.draw(SEVEN);
  await expect(glassbox.reading).toContainText(/^\s*7/, { timeout: 60_000 });
  await step.click();
  await expect(glassbox.status).toHaveText('Paused at forward_begin', { timeout: 60_000 });
  const line = lineOf('nn/network.asm', ';@ event forward_begin');
  await expect(glassbox.place).toHaveText(/^nn\/network\.asm:\d+$/);
  const at = Number((await glassbox.place.innerText()).split(':')[1]);
  expect(at).toBeGreaterThan(line);
  expect(at).toBeLessThan(line + 6);
  await expect(glassbox.editor.title).toHaveText('nn/network.asm');
  await expect(glassbox.editor.region.getByText('forward_begin')).toBeVisible();

  // The frame that was drawn is in memory: from here on every instruction is about it.
  await page.keyboard.press('F11');
  await expect(glassbox.status).toHaveText('Paused after a step');
});
