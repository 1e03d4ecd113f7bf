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
