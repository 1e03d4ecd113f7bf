// SPDX-License-Identifier: GPL-2.0-or-later
/** Programs that do their worst: the page says what has happened, answers at once, and goes on. */
import type { Page } from '@playwright/test';
import type { Glassbox } from './support/glassbox.ts';
import { expect, test } from './support/test.ts';

// Each runs several programs that keep the machine as busy as can be.
test.slow();

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

const EXIT = (status: string): string => `mov edi, ${status}\nmov eax, 231\nsyscall`;

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

test('code that changes itself by right, and memory used up', async ({ glassbox, page }) => {
  // The operand of `mov ebx` counts up 2,000 times, and is executed each time.
  const changing = `
mov eax, 10
lea rdi, [_start]
and rdi, -4096
mov esi, 4096
mov edx, 7
syscall
xor ecx, ecx
.next:
.changed: mov ebx, 0
inc dword [.changed + 1]
inc ecx
cmp ecx, 2000
jb .next
cmp ebx, 1999
sete al
movzx edi, al
mov eax, 231
syscall`;
  await run(glassbox, changing);
  await expect(glassbox.status).toHaveText('Exited with status 1', { timeout: 60_000 });

  // 1 MiB at a time, each written to, until there is no more; then the heap.
  const eating = `
xor ebx, ebx
.more:
mov eax, 9
xor edi, edi
mov esi, 0x100000
mov edx, 3
mov r10d, 0x22
mov r8, -1
xor r9d, r9d
syscall
test rax, rax
js .full
mov [rax], rax
mov [rax + 0xff000], rax
inc ebx
jmp .more
.full:
cmp rax, -12
jne .wrong
mov eax, 12
xor edi, edi
syscall
lea rdi, [rax + 0x40000000]
mov rbp, rax
mov eax, 12
syscall
cmp rax, rbp
jne .wrong
cmp ebx, 16
jb .wrong
${EXIT('12')}
.wrong:
${EXIT('1')}`;
  await run(glassbox, eating);
  await expect(glassbox.status).toHaveText('Exited with status 12', { timeout: 60_000 });
  await glassbox.tab('Output', /^System calls/).click();
  await expect(page.getByRole('log', { name: 'System calls of the program' })).toContainText(
    'ENOMEM',
  );
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
