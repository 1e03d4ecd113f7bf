// SPDX-License-Identifier: GPL-2.0-or-later
/** The debugger's views of a stopped program, mostly by keyboard. */
import type { Page } from '@playwright/test';
import type { Glassbox } from './support/glassbox.ts';
import { lineOf } from './support/sources.ts';
import { expect, test } from './support/test.ts';

/** Types into the field that has opened in a cell, and commits. */
async function type(page: Page, label: string, text: string): Promise<void> {
  const field = page.getByRole('textbox', { name: label });
  await field.fill(text);
  await field.press('Enter');
  await expect(field).toBeHidden();
}

async function runTo(
  glassbox: Glassbox,
  file: string,
  text: string,
  after?: string,
): Promise<void> {
  const line = lineOf(file, text, after);
  await glassbox.editor.goTo(file, line);
  await glassbox.control('Run to cursor').click();
  await expect(glassbox.place).toHaveText(`${file}:${line}`, { timeout: 60_000 });
}

test('a register and a lane are changed in place, by keyboard', async ({ glassbox, page }) => {
  const rbx = glassbox.registerRow('rbx');
  await rbx.getByRole('button').focus();
  await page.keyboard.press('F2');
  await type(page, 'New value of rbx', '0x1234');
  expect(await glassbox.register('rbx')).toBe('0x0000000000001234');

  const lane = glassbox.vectorRow('xmm3').getByRole('cell').nth(1);
  await lane.getByRole('button').focus();
  await page.keyboard.press('F2');
  await type(page, 'New value of xmm3 lane 1', '-0.1');
  await expect(lane).toHaveText(/^-0\.1\b/);
  // It is in the machine and not only on the page: the next stop still shows it.
  await page.keyboard.press('F11');
  await expect(glassbox.status).toHaveText('Paused after a step');
  await expect(lane).toHaveText('-0.1');
  expect(await glassbox.register('rbx')).toBe('0x0000000000001234');
});

test('memory: a pointer is followed, a value found, bytes inspected', async ({
  glassbox,
  page,
}) => {
  await expect(glassbox.status).toHaveText('Ready at the entry');
  const panel = page.getByRole('region', { name: 'Memory', exact: true });
  const bytes = panel.getByRole('group', { name: 'Bytes of memory' });
  const place = panel.getByRole('combobox', { name: 'Go to address, register or symbol' });
  const meaning = panel.getByLabel('Meaning of the byte');

  // argv[0] lies 8 bytes above argc, at rsp; Enter follows it to the text.
  await place.fill('rsp + 8');
  await place.press('Enter');
  await bytes.focus();
  await page.keyboard.press('Enter');
  await expect(place).toHaveValue(/^0x7ff/);
  await expect(bytes).toContainText('sigmoid');

  await page.keyboard.press('Control+f');
  const search = panel.getByRole('search', { name: 'Search memory' });
  await search.getByLabel('What it is').selectOption('text');
  await search.getByLabel('What to look for in memory').fill('classify');
  await search.getByLabel('What to look for in memory').press('Enter');
  await expect(search.getByRole('status')).toContainText(/\d/);
  await page.keyboard.press('Escape');
  await expect(search).toBeHidden();

  await panel.getByRole('button', { name: 'Inspect the chosen bytes' }).click();
  const inspector = panel.getByRole('region', { name: /^Inspector of/ });
  await expect(inspector).toContainText('"classify');
  await expect(meaning).toContainText('in stack');
});

test('the stack names its frames; its caller is a keystroke away', async ({ glassbox, page }) => {
  await runTo(glassbox, 'cli/options.asm', 'push    rbx');
  await glassbox.tab('Memory views', /^Stack/).click();
  const calls = page.getByRole('list', { name: 'Call stack' });
  await expect(calls.getByRole('listitem')).toContainText([/parse_options/, /main/, /_start/]);
  await calls.getByRole('listitem').nth(1).getByRole('button').first().focus();
  await page.keyboard.press('Enter');
  await expect(glassbox.editor.title).toHaveText('cli/main.asm');
});

test('instructions explain themselves, in the disassembly and in the editor', async ({
  glassbox,
  page,
}) => {
  await runTo(glassbox, 'cli/options.asm', 'sub     rsp, 8', 'parse_options:');
  await glassbox.tab('Processor', 'Disassembly').click();
  const list = page.getByRole('list', { name: 'Instructions' });
  const help = page.getByRole('region', { name: 'Instruction help' });
  await expect(help).toContainText(/^\s*sub rsp, 8/);
  await expect(help).toContainText(/rsp = 0x[0-9a-f]+ − 8 = 0x/);
  await expect(help).toContainText('writes');

  // The arrow keys go from one instruction to the next; F9 breaks at it.
  const next = list.getByRole('button', { name: /, next$/ });
  await next.focus();
  await page.keyboard.press('ArrowDown');
  await expect(help).toContainText(/^\s*xor r13d, r13d/);
  await page.keyboard.press('F9');
  await expect(list.getByRole('button', { name: /^xor r13d, r13d.*breakpoint$/ })).toBeFocused();
  await page.keyboard.press('F5');
  await expect(glassbox.status).toHaveText('Paused at a breakpoint');

  // In the editor the mnemonic under the caret, with the numbers of this moment.
  const line = lineOf('cli/options.asm', 'lea     argument, [rsi + 8]');
  await glassbox.editor.goTo('cli/options.asm', line);
  await page.keyboard.press('Home');
  await page.keyboard.press('Shift+F1');
  const hover = page.locator('.monaco-hover').filter({ hasText: 'lea' });
  await expect(hover).toContainText(/rbx = rsi \+ 8 = 0x[0-9a-f]+/);
  await expect(hover).toContainText('LEA r64, m');
});

test('outline and system calls are filtered', async ({ glassbox, page }) => {
  await glassbox.tab('Memory views', 'Outline').click();
  const filter = page.getByRole('searchbox', { name: 'Filter the outline' });
  await filter.fill('parse_opt');
  const outline = page.getByRole('list', { name: 'Outline of the program' });
  await outline
    .getByRole('button', { name: /parse_options/ })
    .first()
    .focus();
  await page.keyboard.press('Enter');
  await expect(glassbox.editor.title).toHaveText('cli/options.asm');

  await glassbox.boot('test --data nowhere');
  await page.keyboard.press('F5');
  await expect(glassbox.status).toHaveText(/^Exited/, { timeout: 60_000 });
  await glassbox.tab('Output', /^System calls/).click();
  const calls = page.getByRole('log', { name: 'System calls of the program' });
  await page.getByRole('searchbox', { name: 'Filter system calls' }).fill('enoent');
  await expect(calls).toContainText('nowhere');
  await expect(calls).not.toContainText('exit');
});
