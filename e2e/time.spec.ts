// SPDX-License-Identifier: GPL-2.0-or-later
/** Time that runs both ways, with the keyboard alone: who wrote this weight, and what if? */
import type { Page } from '@playwright/test';
import { lineOf } from './support/sources.ts';
import { expect, test } from './support/test.ts';

/** Types into a text box, over what is there. */
async function type(page: Page, name: string | RegExp, text: string): Promise<void> {
  const box = page.getByRole('textbox', { name }).or(page.getByRole('combobox', { name }));
  await box.focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}

test('from a weight at batch 100 to who wrote it, and into another course of events', async ({
  glassbox,
  page,
}) => {
  test.setTimeout(240_000);
  const { keyboard } = page;
  const strip = page.getByRole('region', { name: 'Time' });
  await type(
    page,
    'Arguments',
    'train --data data/digits --epochs 1 --seed 7 --weights data/weights/time.bin',
  );
  await expect(glassbox.log).toContainText('--seed 7');
  await glassbox.ready();

  // a breakpoint in the training loop, only at batch 100
  const line = lineOf('nn/train.asm', 'call    progress_batch');
  const place = `nn/train.asm:${line}`;
  await glassbox.tab('Output', /^Breakpoints/).focus();
  await keyboard.press('Enter');
  await type(page, 'Place of a new breakpoint or watchpoint', place);
  await type(page, `Condition of ${place}`, 'batch == 100');
  await keyboard.press('F5');
  await expect(glassbox.status).toHaveText(/^Paused at a breakpoint/, { timeout: 90_000 });
  await expect(glassbox.place).toHaveText(place);
  const rested = await glassbox.instructions();

  // a weight, and who wrote it last
  const memory = page.getByRole('region', { name: 'Memory', exact: true });
  await type(page, 'Go to address, register or symbol', 'w2');
  await expect(memory.getByLabel('Meaning of the byte')).toContainText('w2');
  await memory.getByRole('group', { name: 'Bytes of memory' }).focus();
  await keyboard.press('Shift+F10');
  const ask = page.getByRole('menuitem', { name: 'Who last wrote this?' });
  await expect(ask).toBeVisible();
  await ask.focus();
  await keyboard.press('Enter');
  await expect(strip.getByRole('status')).toContainText(/wrote w2.* last/, { timeout: 90_000 });
  const wrote = await glassbox.instructions();
  expect(wrote).toBeLessThan(rested);
  await expect(strip).toContainText('Back to the end');

  // two steps back, and forward again
  await keyboard.press('Alt+F11');
  await expect.poll(() => glassbox.instructions()).toBe(wrote - 1);
  await keyboard.press('Alt+F11');
  await expect.poll(() => glassbox.instructions()).toBe(wrote - 2);
  await keyboard.press('F11');
  await keyboard.press('F11');
  await expect.poll(() => glassbox.instructions()).toBe(wrote);

  // a register is changed: the timeline forks, and says so
  await glassbox.registerRow('rbx').getByRole('button').first().focus();
  await keyboard.press('F2');
  await type(page, 'New value of rbx', '0x7777');
  await expect(strip.getByRole('status')).toContainText('this is branch 2 now');
  expect(await glassbox.register('rbx')).toBe('0x0000000000007777');
  await expect(strip).not.toContainText('Back to the end');

  // the other branch is kept, can be gone to, and the new one let go
  const branches = strip.getByRole('button', { name: /show all branches/ });
  await branches.focus();
  await keyboard.press('Enter');
  const list = page.getByRole('dialog', { name: 'Branches' });
  await expect(list.getByRole('listitem')).toHaveCount(2);
  await list.getByRole('button', { name: 'Go to Branch 1' }).focus();
  await keyboard.press('Enter');
  await expect.poll(() => glassbox.instructions(), { timeout: 60_000 }).toBe(rested);
  await expect(list.getByRole('listitem').first()).toContainText('shown');
  await list.getByRole('button', { name: 'Discard Branch 2' }).focus();
  await keyboard.press('Enter');
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await list.getByRole('button', { name: 'Close: Branches' }).focus();
  await keyboard.press('Enter');
  await expect(list).toBeHidden();
  await expect(branches).toBeHidden();
});
