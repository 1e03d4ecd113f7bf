// SPDX-License-Identifier: GPL-2.0-or-later
/** A process goes wrong, or comes to its end, and the page says so. */
import { expect, test } from './support/test.ts';

/** The first instruction of what `--help` does: nothing else in the page runs it. */
const HELP = 'put_help:';

test('an endless loop is paused at once', async ({ glassbox, page }) => {
  await glassbox.editor.replace('cli/help.asm', HELP, `${HELP} jmp $`);
  await glassbox.editor.assembled();
  await glassbox.boot('--help');
  await page.keyboard.press('F5');
  await expect(glassbox.status).toHaveText('Running');
  await expect.poll(() => glassbox.instructions(), { timeout: 30_000 }).toBeGreaterThan(10_000);

  const pause = glassbox.control('Pause');
  await expect(pause).toBeVisible();
  // In the page, so that the time is the page's and not the test's.
  const took = await page.evaluate(async () => {
    const status = document.querySelector('footer [role="status"]');
    const button = [...document.querySelectorAll('[role="toolbar"] button')].find(
      (b) => b.textContent.trim() === 'Pause',
    );
    if (!status || !(button instanceof HTMLElement)) throw new Error('no status or no button');
    const started = performance.now();
    const paused = new Promise<number>((resolve) => {
      new MutationObserver(() => {
        if (status.textContent.includes('Paused')) resolve(performance.now() - started);
      }).observe(status, { subtree: true, childList: true, characterData: true });
    });
    button.click();
    return paused;
  });
  test.info().annotations.push({ type: 'pause', description: `${took.toFixed(1)} ms` });
  console.log(`an endless loop was paused in ${took.toFixed(1)} ms`);
  expect(took).toBeLessThan(1000);
  await expect(glassbox.status).toHaveText('Paused');
  await expect(glassbox.place).toContainText('cli/help.asm:');

  // It stands in its loop, and goes on in it.
  const rip = await glassbox.register('rip');
  await page.keyboard.press('F11');
  await expect(glassbox.status).toHaveText('Paused after a step');
  expect(await glassbox.register('rip')).toBe(rip);
  await page.keyboard.press('F5');
  await expect(glassbox.status).toHaveText('Running');
  await page.keyboard.press('F6');
  await expect(glassbox.status).toHaveText('Paused');
});

test('a fault shows its signal, its place, and a way on', async ({ glassbox, page }) => {
  await glassbox.editor.replace('cli/help.asm', HELP, `${HELP} mov rax, [abs 0x10]`);
  await glassbox.editor.assembled();
  await glassbox.boot('--help');
  await page.keyboard.press('F5');
  await expect(glassbox.status).toHaveText('Stopped by SIGSEGV', { timeout: 30_000 });
  const banner = page.getByRole('alert').filter({ hasText: 'SIGSEGV' });
  await expect(banner).toContainText('0x10');
  await expect(banner).toContainText('put_help');
  const place = banner.getByRole('button', { name: /^cli\/help\.asm:\d+$/ });
  await glassbox.editor.open('sigmoid.asm');
  await place.click();
  await expect(glassbox.editor.title).toHaveText('cli/help.asm');
  await banner.getByRole('button', { name: 'Reset' }).click();
  await glassbox.ready();
  await expect(banner).toBeHidden();
});

test('bad arguments and missing files: the program says so', async ({ glassbox, page }) => {
  await glassbox.boot('train --epochs zero');
  await page.keyboard.press('F5');
  await expect(glassbox.status).toHaveText('Exited with status 2', { timeout: 30_000 });
  await expect(glassbox.log).toContainText('--epochs');
  await expect(glassbox.log.getByText('exited with status 2')).toBeVisible();
  const ended = page.getByText('The program has ended with status 2');
  await expect(ended).toBeVisible();

  await glassbox.boot('test --data data/nowhere');
  await expect(ended).toBeHidden();
  await glassbox.control('Run').click();
  await expect(glassbox.status).toHaveText('Exited with status 1', { timeout: 30_000 });
  await expect(glassbox.log.getByText(/error output: .*data\/nowhere/)).toBeVisible();
  await page.getByRole('button', { name: 'Back to the start' }).click();
  await glassbox.ready();

  await glassbox.arguments.fill('classify "half');
  await glassbox.arguments.press('Enter');
  await expect(page.getByRole('alert').filter({ hasText: 'cannot be read' })).toBeVisible();
  await glassbox.boot('--help');
  await page.keyboard.press('F5');
  await expect(glassbox.status).toHaveText('Exited with status 0', { timeout: 30_000 });
  await expect(glassbox.log).toContainText('--weights FILE');
});

test('a line typed for the program and the end of input reach it', async ({ glassbox, page }) => {
  await page.keyboard.press('F5');
  await expect(glassbox.status).toHaveText('Waiting for input', { timeout: 60_000 });
  const input = page.getByRole('textbox', { name: 'Input line for the program' });
  await input.fill('a seven, please');
  await input.press('Enter');
  await expect(input).toHaveValue('');
  await expect(glassbox.log).toContainText('a seven, please');
  await page.getByRole('button', { name: 'End of input' }).click();
  await expect(glassbox.status).toHaveText('Exited with status 1', { timeout: 30_000 });
  await expect(glassbox.log).toContainText('ends in the middle of an image of 784 bytes');
  await page.getByRole('button', { name: 'Clear the console' }).click();
  await expect(glassbox.log).toContainText('Nothing printed yet.');
});
