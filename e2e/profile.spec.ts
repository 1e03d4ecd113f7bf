// SPDX-License-Identifier: GPL-2.0-or-later
/** Where the instructions go: counted exactly, shown by line, function, kind and path of calls. */
import { readFileSync } from 'node:fs';
import type { Locator, Page } from '@playwright/test';
import type { Glassbox } from './support/glassbox.ts';
import { lineOf } from './support/sources.ts';
import { expect, test } from './support/test.ts';

const BATCH = 32;

/** The profile of one mini-batch, from the entry of the program on. */
async function countBatch(glassbox: Glassbox, page: Page): Promise<Locator> {
  await glassbox.tab('Output', 'Profile').click();
  const panel = page.getByRole('region', { name: 'Profile', exact: true });
  await expect(panel).toContainText('Every one is counted');
  await panel.getByRole('button', { name: 'Count instructions' }).last().click();
  await expect(panel).toContainText('Every instruction is counted from now on');
  await glassbox.tab('Network', 'Train').click();
  const pane = page.getByRole('region', { name: 'Train', exact: true });
  await pane.getByRole('spinbutton', { name: 'Epochs' }).fill('100000');
  await pane.getByRole('spinbutton', { name: 'Batch' }).fill(String(BATCH));
  await pane.getByRole('spinbutton', { name: 'Batch' }).press('Tab');
  await pane.getByRole('button', { name: 'One batch' }).click();
  await expect(glassbox.status).toHaveText('Paused at batch_end', { timeout: 80_000 });
  return panel;
}

function view(panel: Locator, name: string): Promise<void> {
  return panel.getByRole('radio', { name }).check({ force: true });
}

/** The cells of a table's row, without the shares behind the counts. */
async function cells(row: Locator): Promise<string[]> {
  const texts = await row.getByRole('cell').allInnerTexts();
  return texts.map((text) => text.replace(/\s*<?[\d.]+ %$/, '').trim());
}

test('one mini-batch, counted: tables, the editor, the way to the source, files', async ({
  glassbox,
  page,
}) => {
  const panel = await countBatch(glassbox, page);
  const executed = await glassbox.instructions();
  const counted = new RegExp(`^${executed.toLocaleString('en')} instructions counted`);
  await expect(panel.getByText(counted)).toBeVisible();

  await test.step('files hold the same, and what is known of this batch', async () => {
    const save = async (name: RegExp): Promise<{ name: string; text: string }> => {
      await panel.getByRole('button', { name: 'Export the profile' }).click();
      const coming = page.waitForEvent('download');
      await page.getByRole('menuitem', { name }).click();
      const file = await coming;
      return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
    };
    const json = await save(/^JSON/);
    expect(json.name).toBe('sigmoid-profile.json');
    const report = JSON.parse(json.text) as {
      total: number;
      lines: { file: string; line: number; count: number; times: number }[];
    };
    expect(report.total).toBe(executed);
    expect(report.lines.reduce((sum, { count }) => sum + count, 0)).toBe(executed);
    const sampleEnd = lineOf('nn/train.asm', ';@ event sample_end');
    const behind = report.lines
      .filter(({ file, line }) => file === 'nn/train.asm' && line > sampleEnd)
      .sort((a, b) => a.line - b.line)[0];
    expect(behind?.times).toBe(BATCH);

    const csv = await save(/^CSV/);
    expect(csv.name).toBe('sigmoid-profile.csv');
    const functions = csv.text.split('\n').filter((row) => row.startsWith('function,'));
    const self = functions.map((row) => Number(row.split(',')[4]));
    expect(self.reduce((a, b) => a + b, 0)).toBe(executed);
    const speedscope = JSON.parse((await save(/^speedscope/)).text) as {
      profiles: { weights: number[] }[];
    };
    expect(speedscope.profiles[0]?.weights.reduce((a, b) => a + b, 0)).toBe(executed);
    const folded = (await save(/^Collapsed/)).text.trim().split('\n');
    const costs = folded.map((row) => Number(row.split(' ').at(-1)));
    expect(costs.reduce((a, b) => a + b, 0)).toBe(executed);
  });

  await test.step('sorted by keyboard, largest first to begin with', async () => {
    await view(panel, 'Functions');
    const table = panel.getByRole('table', { name: 'Instructions by function' });
    const head = (name: string) => table.getByRole('columnheader', { name });
    await expect(head('Self')).toHaveAttribute('aria-sort', 'descending');
    await head('Total').getByRole('button').focus();
    await page.keyboard.press('Enter');
    if ((await head('Total').getAttribute('aria-sort')) === 'ascending') {
      await page.keyboard.press('Enter');
    }
    await expect(head('Total')).toHaveAttribute('aria-sort', 'descending');
    expect(await cells(table.getByRole('row').nth(1))).toEqual([
      expect.stringMatching(/^_start/),
      expect.stringMatching(/^\d+$/),
      executed.toLocaleString('en'),
      '0',
    ]);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Space');
    await expect(head('Function')).toHaveAttribute('aria-sort', 'ascending');
    await expect(head('Total')).toHaveAttribute('aria-sort', 'none');
  });

  await test.step('kinds open to their mnemonics', async () => {
    await view(panel, 'Kinds of instructions');
    const table = panel.getByRole('table', { name: 'Instructions by kind' });
    const first = table.getByRole('row').nth(1).getByRole('button');
    await first.press('Enter');
    await expect(first).toHaveAttribute('aria-expanded', 'true');
    await expect(table.getByRole('cell', { name: / of them$/ }).first()).toBeVisible();
  });

  await test.step('a line leads to its source, where it is hot', async () => {
    await view(panel, 'Lines');
    const table = panel.getByRole('table', { name: 'Instructions by line' });
    const hottest = table.getByRole('row').nth(1).getByRole('button');
    const [file = '', line = ''] = ((await hottest.innerText()).split(/\s/)[0] ?? '').split(':');
    await hottest.click();
    await expect(glassbox.editor.title).toHaveText(file);
    await expect(glassbox.editor.gutter(Number(line))).toBeVisible();
    const bars = glassbox.editor.region.locator('.gb-heat-6');
    await expect(bars.first()).toBeVisible();
    expect((await bars.first().boundingBox())?.width).toBeGreaterThan(12);
    await panel.getByRole('button', { name: "Heat in the editor's margin" }).click();
    await expect(bars).toHaveCount(0);
  });
});

test('the flame graph is walked, zoomed and left by keyboard and pointer', async ({
  glassbox,
  page,
}) => {
  const panel = await countBatch(glassbox, page);
  await view(panel, 'Flame graph of calls');
  const tree = panel.getByRole('tree', { name: 'Flame graph of calls' });
  const item = (name: string) => tree.getByRole('treeitem', { name: new RegExp(`^${name},`) });
  const width = async (name: string) => (await item(name).boundingBox())?.width ?? 0;
  const whole = (await tree.boundingBox())?.width ?? 0;
  expect(await width('_start')).toBeCloseTo(whole, 0);
  expect(await width('train_epoch')).toBeLessThan(whole * 0.9);

  await item('_start').focus();
  for (const name of ['main', 'train_command']) {
    await page.keyboard.press('ArrowDown');
    await expect(item(name)).toBeFocused();
  }
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await expect(item('train_command')).toBeFocused();
  await page.keyboard.press('Tab');
  await item('train_epoch').click();
  expect(await width('train_epoch')).toBeCloseTo(whole, 0);
  await expect(item('network_randomize')).toHaveCount(0);
  await expect(item('main')).toBeVisible();
  await item('train_by_samples').hover();
  const tip = page.locator('.tooltip');
  await expect(tip).toContainText('train_by_samples, called once');
  await expect(tip).toContainText(/\d,\d{3} instructions with what it calls \(\d+\.\d %\)/);
  await panel.getByRole('button', { name: 'Back to the caller' }).click();
  await expect(item('network_randomize')).toBeVisible();

  await item('train_by_samples').focus();
  await page.keyboard.press('Enter');
  expect(await width('train_by_samples')).toBeCloseTo(whole, 0);
  await page.keyboard.press('Escape');
  expect(await width('train_epoch')).toBeCloseTo(whole, 0);
  await panel.getByRole('button', { name: 'Whole program' }).click();
  expect(await width('train_epoch')).toBeLessThan(whole * 0.9);

  await item('train_epoch').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Show in the editor' }).click();
  await expect(glassbox.editor.title).toHaveText('nn/train.asm');
});

test('counts nothing twice, nothing while off, and begins anew', async ({ glassbox, page }) => {
  test.slow();
  const panel = await countBatch(glassbox, page);
  const total = async (): Promise<number> => {
    const text = await panel.getByText('instructions counted').innerText();
    return Number(text.replaceAll(/\D/g, ''));
  };
  await expect.poll(total).toBe(await glassbox.instructions());
  const before = await total();

  // Back and forth in time: nothing is counted twice.
  await page.keyboard.press('Alt+F11');
  await expect.poll(() => glassbox.instructions()).toBe(before - 1);
  await expect(panel).toContainText('What is run again of the past is not counted.');
  await page.keyboard.press('F11');
  await expect.poll(() => glassbox.instructions()).toBe(before);
  expect(await total()).toBe(before);

  // Off: what was counted stays, and no more comes.
  const last = await total();
  await panel.getByRole('button', { name: 'Count instructions' }).click();
  await expect(panel).toContainText('Counting is off.');
  await page.keyboard.press('F11');
  await expect.poll(() => glassbox.instructions()).toBe(last + 1);
  expect(await total()).toBe(last);

  // On again, with another engine: from zero.
  await panel.getByRole('button', { name: 'Count instructions' }).click();
  await page.keyboard.press('Shift+F5');
  await glassbox.ready();
  await glassbox.chooseEngine('unicorn');
  await page.keyboard.press('F11');
  await page.keyboard.press('F11');
  await expect.poll(total).toBe(2);
});

test('shows what has been counted while the program runs', async ({ glassbox, page }) => {
  test.slow();
  const panel = await countBatch(glassbox, page);
  const strip = panel.getByText('instructions counted');
  const pane = page.getByRole('region', { name: 'Train', exact: true });
  await pane.getByRole('button', { name: 'Go on' }).click();
  await expect(glassbox.status).toHaveText('Running');
  const first = await strip.innerText();
  await expect(strip).not.toHaveText(first, { timeout: 30_000 });
  await expect(glassbox.status).toHaveText('Running');
  await pane.getByRole('button', { name: 'Pause' }).click();
  await expect(glassbox.status).toHaveText('Paused');
  const executed = (await glassbox.instructions()).toLocaleString('en');
  await expect(strip).toHaveText(`${executed} instructions counted`);
});
