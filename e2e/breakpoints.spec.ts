// SPDX-License-Identifier: GPL-2.0-or-later
/** Conditions, log points, watchpoints, the watch list: all from the keyboard, through the palette. */
import type { Page } from '@playwright/test';
import type { Glassbox } from './support/glassbox.ts';
import { lineOf } from './support/sources.ts';
import { expect, test } from './support/test.ts';

const TRAIN =
  'train --data data/digits --limit 40 --batch 8 --epochs 1 --seed 7 --weights data/weights/x.bin';
const FILE = 'nn/train.asm';
const COUNT = 'inc     qword [batch]';

/** Chooses a command by its name, and answers its question. */
async function command(page: Page, name: string, answer?: string): Promise<void> {
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'All commands' });
  await palette.getByRole('combobox', { name: 'Command' }).fill(name);
  await page.keyboard.press('Enter');
  if (answer === undefined) return;
  const question = palette.getByRole('combobox');
  await expect(question).toHaveValue('');
  await expect(question).not.toHaveAccessibleName('Command');
  await question.fill(answer);
  await page.keyboard.press('Enter');
}

async function paused(glassbox: Glassbox, how: string): Promise<void> {
  await expect(glassbox.status).toHaveText(how, { timeout: 60_000 });
}

test('a conditional breakpoint and a log point, kept over a reload', async ({ glassbox, page }) => {
  const line = lineOf(FILE, COUNT);
  const place = `${FILE}:${line}`;
  const list = page.getByRole('region', { name: 'Breakpoints and watchpoints' });
  await glassbox.boot(TRAIN);
  await glassbox.editor.goTo(FILE, line);

  // A condition that cannot be read says where, and one that can stops at the fourth batch.
  await page.keyboard.press('Shift+F9');
  await page.keyboard.type('batch == ');
  await page.keyboard.press('Enter');
  await expect(list.getByRole('alert')).toHaveText(/^Column 9: /);
  const condition = list.getByRole('textbox', { name: `Condition of ${place}` });
  await condition.fill('batch == 3 && loss_sum > 0');
  await condition.press('Enter');
  await expect(list.getByRole('alert')).toBeHidden();
  await page.keyboard.press('F5');
  await paused(glassbox, 'Paused at a breakpoint');
  await expect(glassbox.place).toHaveText(place);
  await expect(page.getByRole('status', { name: 'Why it stopped' })).toContainText('batch == 3');
  await expect(list).toContainText('1 hit');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('= batch * 8 + sample_count');
  const palette = page.getByRole('dialog', { name: 'All commands' });
  await expect(palette.getByRole('status')).toHaveText('56 (u64)');
  await page.keyboard.press('Escape');
  await expect(palette).toBeHidden();

  // As a log point it prints and goes on, at every batch.
  await condition.fill('');
  await condition.press('Enter');
  const log = list.getByRole('textbox', { name: `Log text of ${place}` });
  await log.fill('batch {batch}: {sample_count} samples');
  await log.press('Enter');
  await page.keyboard.press('Control+Shift+F5');
  await expect(glassbox.status).toHaveText('Exited with status 0', { timeout: 60_000 });
  await command(page, 'Show the console');
  for (let batch = 0; batch < 5; batch++) {
    await expect(glassbox.log).toContainText(`batch ${batch}: ${(batch + 1) * 8} samples`);
  }

  await page.reload();
  await glassbox.ready();
  await command(page, 'Show the breakpoints');
  await expect(log).toHaveValue('batch {batch}: {sample_count} samples');
  await expect(condition).toHaveValue('');
  await list.getByRole('checkbox', { name: `Log point at ${place} enabled` }).uncheck();
  await command(page, 'Remove all breakpoints');
  await expect(list).toContainText('No breakpoints.');
});

test('a watchpoint shows the value before and after, and who wrote it', async ({
  glassbox,
  page,
}) => {
  await glassbox.boot(TRAIN);
  await command(page, 'Watchpoint on memory', 'batch');
  await command(page, 'Watch an expression', 'batch * 2');
  await page.keyboard.press('F5');
  await paused(glassbox, 'Paused at a watchpoint');
  const note = page.getByRole('status', { name: 'Why it stopped' });
  await expect(note).toContainText('batch went from 0 to 1 by `inc qword [batch]`');
  await expect(glassbox.place).toHaveText(`${FILE}:${lineOf(FILE, COUNT) + 1}`);
  const value = page.getByLabel('Value of batch * 2');
  await expect(value).toHaveText('2');
  await page.keyboard.press('F5');
  await expect(note).toContainText('batch went from 1 to 2');
  await expect(value).toHaveText('4');
  const history = page.getByRole('button', { name: '3 values of batch * 2' });
  await history.press('Enter');
  await expect(page.getByRole('list', { name: 'Earlier values of batch * 2' })).toContainText('2');

  // What it watches, and when it stops, are changed in the list.
  const when = page.getByRole('combobox', { name: 'When batch stops' });
  await when.selectOption('it crosses');
  const crossed = page.getByRole('textbox', { name: 'Value that batch crosses' });
  await crossed.fill('3.5');
  await crossed.press('Enter');
  await page.keyboard.press('F5');
  await expect(note).toContainText('batch went from 3 to 4');

  await page.reload();
  await glassbox.ready();
  await command(page, 'Show the breakpoints');
  await expect(when).toHaveValue('crosses');
  await expect(crossed).toHaveValue('3.5');
  await command(page, 'Show the watch list');
  await expect(page.getByRole('textbox', { name: 'Expression batch * 2' })).toBeVisible();
});

test('the palette: names and keys of all commands, runs to places of all kinds', async ({
  glassbox,
  page,
}) => {
  await page.keyboard.press('F1');
  const palette = page.getByRole('dialog', { name: 'All commands' });
  await expect(palette.getByRole('option', { name: 'Step over F10' })).toBeVisible();
  await page.keyboard.press('Escape');

  await command(page, 'next call');
  await paused(glassbox, 'Paused before a call');
  await command(page, 'next syscall');
  await expect(palette).toContainText('No command is called that.');
  await page.keyboard.press('Escape');
  await command(page, 'next system call');
  await paused(glassbox, 'Paused before a syscall');
  await command(page, 'Run until an expression', 'rax == ');
  await expect(palette.getByRole('alert')).toHaveText(/^Column 7: /);
  await palette.getByRole('combobox').fill('rax == 3 && rip == sys_close');
  await page.keyboard.press('Escape');
  await command(page, 'Show memory at', 'output + 8');
  const memory = page.getByRole('region', { name: 'Memory', exact: true });
  await expect(memory.getByLabel('Meaning of the byte')).toContainText('output[digit 1]');

  // An answer in the console, and a mistake that points at its column.
  await command(page, 'Evaluate an expression', '2 + 3 * 4');
  await expect(glassbox.log).toContainText('2 + 3 * 4 = 14');
  const line = page.getByRole('textbox', { name: 'Input line for the program' });
  await line.fill('= nowhere + 1');
  await line.press('Enter');
  await expect(glassbox.log).toContainText('nowhere + 1: Column 1: ');
});

test('a breakpoint follows its line through an edit', async ({ glassbox, page }) => {
  const entry = lineOf('sys/start.asm', 'xor     ebp, ebp');
  await glassbox.editor.goTo('sys/start.asm', entry + 1);
  await page.keyboard.press('F9');
  await glassbox.editor.goTo('sys/start.asm', entry);
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await glassbox.editor.assembled();
  await command(page, 'Show the breakpoints');
  const list = page.getByRole('region', { name: 'Breakpoints and watchpoints' });
  await expect(
    list.getByRole('button', { name: `sys/start.asm:${entry + 3}`, exact: true }),
  ).toBeVisible();
  await page.keyboard.press('Control+Shift+F5');
  await paused(glassbox, 'Paused at a breakpoint');
  await expect(glassbox.place).toHaveText(`sys/start.asm:${entry + 3}`);
});
