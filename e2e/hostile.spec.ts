// SPDX-License-Identifier: GPL-2.0-or-later
/** Programs that do their worst: the page says what has happened, answers at once, and goes on. */
import type { Page } from '@playwright/test';
import type { Glassbox } from './support/glassbox.ts';
import { expect, test } from './support/test.ts';

/** Puts a small program in the place of the page's, and runs it. `data` stands in .data. */
async function run(glassbox: Glassbox, code: string, data = 'dq 0'): Promise<void> {
  const { editor, page } = glassbox;
  const sections = `section .rodata\ndq 0\nsection .data\nvalue: ${data}\nsection .bss\nroom: resq 8`;
  const text = `%include "include/elf.inc"\n${sections}\nsection .text\n_start:\n${code}\n%include "include/elf_end.inc"\n`;
  await editor.open('sigmoid.asm');
  await editor.text.focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
  await editor.assembled();
  await page.keyboard.press('Control+Shift+F5');
}

function alert(page: Page) {
  return page.getByRole('alert').filter({ hasText: 'SIG' });
}

/** The page does what it is asked at once: a tab is shown, the run pauses, it can be stepped. */
async function answers(glassbox: Glassbox): Promise<void> {
  const { page } = glassbox;
  await expect(glassbox.status).toHaveText('Running', { timeout: 60_000 });
  await glassbox.tab('Memory views', 'Regions').click();
  await expect(page.getByRole('region', { name: 'Memory regions' })).toContainText('.text');
  await glassbox.tab('Memory views', 'Memory').click();
  await glassbox.control('Pause').click();
  await expect(glassbox.status).toHaveText('Paused');
  const before = await glassbox.instructions();
  expect(before).toBeGreaterThan(100_000);
  await page.keyboard.press('F11');
  await expect(glassbox.status).toHaveText('Paused after a step');
  expect(await glassbox.instructions()).toBe(before + 1);
}

test('jumps into data, code written over, a stack without end: each explained', async ({
  glassbox,
  page,
}) => {
  await run(glassbox, 'jmp value');
  await expect(alert(page)).toContainText(/SIGSEGV.*jumped to 0x.*which is data and not code/, {
    timeout: 60_000,
  });
  await run(glassbox, 'mov byte [_start], 0x90');
  await expect(alert(page)).toContainText(/SIGSEGV.*which is read-only/, {
    timeout: 60_000,
  });
  await run(glassbox, 'again:\npush rax\ncall again');
  await expect(alert(page)).toContainText(/SIGSEGV.*stack/, { timeout: 60_000 });
  // Where it began is still to be seen, and one can go back from there.
  await page.keyboard.press('Alt+F11');
  await expect(glassbox.status).toHaveText('Paused after a step');
});

test('output without end and system calls by the million leave the page at hand', async ({
  glassbox,
  page,
}) => {
  const printing = `
.more:
mov eax, 1
mov edi, 1
lea rsi, [value]
mov edx, 12
syscall
inc byte [value]
and byte [value], 0x4f
or byte [value], 0x40
jmp .more`;
  await run(glassbox, printing, 'db "Again again", 10');
  await answers(glassbox);
  await expect(glassbox.log).toContainText('gain again');
  await expect(glassbox.log).toContainText('earlier lines have been dropped');
  expect((await glassbox.consoleLines()).length).toBeLessThanOrEqual(2_001);

  const calling = `
.more:
mov eax, 3
mov edi, 99
syscall
jmp .more`;
  await run(glassbox, calling);
  await answers(glassbox);
  await glassbox.tab('Output', /^System calls/).click();
  await expect(page.getByRole('log', { name: 'System calls of the program' })).toContainText(
    'close(99) = -1 EBADF',
  );
});
