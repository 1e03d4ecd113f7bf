// SPDX-License-Identifier: GPL-2.0-or-later
/** The network learns in the page: by the sample, by the mini-batch, by the epoch, at a stretch. */
import type { Locator } from '@playwright/test';
import { expect, test } from './support/test.ts';

async function figure(pane: Locator, label: string): Promise<number> {
  const text = await pane.getByRole('group', { name: 'Progress' }).innerText();
  return Number(new RegExp(`${label}\\s+([\\d.]+)`, 'i').exec(text)?.[1]);
}

test('64 samples are trained step by step, and the loss falls', async ({ glassbox, page }) => {
  await glassbox.tab('Network', 'Train').click();
  const pane = page.getByRole('region', { name: 'Train', exact: true });
  const steps = pane.getByRole('toolbar', { name: 'Training' });
  const summary = pane.getByRole('status').filter({ hasText: /sample/ });
  await expect(summary).toHaveText('No sample has been seen yet.');
  await pane.getByRole('spinbutton', { name: 'Limit (0: all)' }).fill('64');
  await pane.getByRole('spinbutton', { name: 'Epochs' }).fill('100000');
  await pane.getByRole('spinbutton', { name: 'Epochs' }).press('Tab');

  await steps.getByRole('button', { name: 'One sample' }).click();
  await expect(summary).toContainText('after 1 of 6,400,000 samples', { timeout: 60_000 });
  await expect(glassbox.status).toHaveText('Paused at sample_end');
  await expect(glassbox.place).toContainText('nn/train.asm:');
  await steps.getByRole('button', { name: 'One sample' }).click();
  await expect(summary).toContainText('after 2 of 6,400,000 samples', { timeout: 60_000 });
  await steps.getByRole('button', { name: 'One batch' }).click();
  await expect(summary).toContainText('after 32 of 6,400,000 samples', { timeout: 60_000 });
  await expect(glassbox.status).toHaveText('Paused at batch_end');

  await steps.getByRole('button', { name: 'One epoch' }).click();
  await expect(summary).toContainText(/^\s*Epoch 1: .* after 64 of 6,400,000 samples/, {
    timeout: 60_000,
  });
  const first = await figure(pane, 'Loss');
  expect(first).toBeGreaterThan(1.5);
  expect(first).toBeLessThan(4);
  for (const epoch of [2, 3]) {
    await steps.getByRole('button', { name: 'One epoch' }).click();
    await expect(summary).toContainText(`after ${64 * epoch} of`, { timeout: 60_000 });
  }
  expect(await figure(pane, 'Loss')).toBeLessThan(first);
  expect(await figure(pane, 'Epoch')).toBe(3);
  await expect(glassbox.log).toContainText(/Epoch 3\/100000 \| Loss: \d\.\d{4} \| Accuracy: /);
  await expect(pane.locator('.chart canvas')).toBeVisible();
  await expect(
    pane.getByRole('heading', { name: 'What the hidden neurons look for' }),
  ).toBeVisible();

  // At a stretch, and stopped in the middle of it.
  await steps.getByRole('button', { name: 'Go on' }).click();
  await expect(glassbox.status).toHaveText('Running');
  await expect.poll(() => figure(pane, 'Epoch'), { timeout: 60_000 }).toBeGreaterThan(4);
  await steps.getByRole('button', { name: 'Pause' }).click();
  await expect(glassbox.status).toHaveText('Paused');
  const there = await summary.innerText();
  await expect(steps.getByRole('button', { name: 'Go on' })).toBeVisible();
  await page.waitForTimeout(300);
  expect(await summary.innerText()).toBe(there);
});

test('weights trained here read the drawings', async ({ glassbox, page }) => {
  await glassbox.tab('Network', 'Train').click();
  const pane = page.getByRole('region', { name: 'Train', exact: true });
  await pane.getByRole('spinbutton', { name: 'Limit (0: all)' }).fill('64');
  await pane.getByRole('spinbutton', { name: 'Epochs' }).fill('2');
  await pane.getByRole('spinbutton', { name: 'Epochs' }).press('Tab');
  await pane.getByRole('button', { name: 'Train', exact: true }).click();
  await expect(glassbox.status).toHaveText('Exited with status 0', { timeout: 80_000 });
  await expect(pane.getByText('Trained.', { exact: true })).toBeVisible();
  await pane.getByRole('button', { name: 'Use these weights' }).click();
  await expect(page.getByRole('combobox', { name: 'Weights' })).toHaveValue(/trained/);
  await page.getByRole('button', { name: /^A 0 of the test set/ }).click();
  await expect(glassbox.reading).toContainText('% sure', { timeout: 60_000 });
});
