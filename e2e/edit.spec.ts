// SPDX-License-Identifier: GPL-2.0-or-later
/** The program is changed in the page, and what it does changes with it. */
import type { Stroke } from './support/glassbox.ts';
import { lineOf } from './support/sources.ts';
import { expect, test } from './support/test.ts';

const CROSS: readonly Stroke[] = [
  [
    [0.25, 0.25],
    [0.75, 0.75],
  ],
  [
    [0.75, 0.25],
    [0.25, 0.75],
  ],
];

const ENTRY = 'xor     ebp, ebp';

test('an edited constant changes the result, its original brings the old one back', async ({
  glassbox,
  page,
}) => {
  await glassbox.draw(CROSS);
  await expect(glassbox.reading).toContainText('% sure', { timeout: 60_000 });
  const before = await glassbox.settledProbabilities();
  expect(before, 'no digit: no certainty').not.toContain('100.0 %');
  const winner = Number.parseInt(await glassbox.reading.innerText(), 10);

  // exp takes everything below 0 for 0 now: softmax leaves nothing to the losers.
  await glassbox.editor.replace('math/exp.asm', '-745.1332191019412', '-0.0');
  await glassbox.editor.assembled();
  const certain = Array.from({ length: 10 }, (_, digit) =>
    digit === winner ? '100.0 %' : '0.0 %',
  );
  await expect.poll(() => glassbox.probabilities(), { timeout: 60_000 }).toEqual(certain);
  await expect(glassbox.editor.region.getByText('changed', { exact: true })).toBeVisible();
  await expect(glassbox.machineStatus).toContainText('Changed: reset to use it');

  await page.getByRole('button', { name: 'Back to the original of this file' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
  await expect.poll(() => glassbox.probabilities(), { timeout: 60_000 }).toEqual(before);
  await expect(glassbox.editor.region.getByText('changed', { exact: true })).toBeHidden();
});

test('a syntax error marks its line and leaves the last good program', async ({
  glassbox,
  page,
}) => {
  const { editor } = glassbox;
  const line = lineOf('sys/start.asm', ENTRY);
  await editor.replace('sys/start.asm', ENTRY, 'xorr    ebp, ebp');
  await expect(editor.buildStatus).toContainText('1 error. The last good program stays.', {
    timeout: 30_000,
  });
  const problem = editor.problems.getByRole('button', { name: `sys/start.asm:${line} error` });
  await expect(problem).toBeVisible();
  await expect(editor.marks('error')).toHaveCount(1);

  // What was there before still runs.
  await page.keyboard.press('Control+Shift+F5');
  await expect(glassbox.status).toHaveText('Waiting for input', { timeout: 60_000 });

  await editor.open('sigmoid.asm');
  await expect(editor.marks('error')).toHaveCount(0);
  await problem.click();
  await expect(editor.title).toHaveText('sys/start.asm');
  await editor.text.focus();
  await page.keyboard.press('Control+z');
  await expect(editor.marks('error')).toHaveCount(0, { timeout: 30_000 });
  await expect(problem).toBeHidden();
});

test('edits and files are there after a reload', async ({ glassbox, page }) => {
  const { editor } = glassbox;
  await editor.replace('sys/start.asm', 'the outermost frame, for debuggers', 'my own remark');
  await editor.assembled();
  await glassbox.tab('Network', 'Train').click();
  const files = page.getByRole('table', { name: 'Files of the machine' });
  await expect(files.getByRole('row', { name: 'data/weights/sigmoid.bin' })).toContainText('kB');
  await page.getByLabel('Files to add').setInputFiles({
    name: 'mine.bin',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from([1, 2, 3, 254, 255]),
  });
  const mine = files.getByRole('row', { name: /mine\.bin/ });
  await expect(mine).toContainText('5 B');
  await expect(editor.region.getByText('Saving…')).toBeHidden();

  await page.reload();
  await glassbox.ready();
  await expect(editor.region.getByText('my own remark')).toBeVisible();
  await expect(editor.region.getByText('changed', { exact: true })).toBeVisible();
  await glassbox.tab('Network', 'Train').click();
  await expect(mine).toContainText('5 B');
  expect([...(await glassbox.download('data/mine.bin'))]).toEqual([1, 2, 3, 254, 255]);
  await expect(files.getByRole('row', { name: 'data/weights/sigmoid.bin' })).toBeVisible();

  await mine.getByRole('button', { name: /^Delete/ }).click();
  await mine.getByRole('button', { name: /^Really delete/ }).click();
  await expect(mine).toBeHidden();
});

test('changed code goes on in the middle of a run, in a branch of its own', async ({
  glassbox,
  page,
}) => {
  const { keyboard } = page;
  const { editor } = glassbox;
  const strip = page.getByRole('region', { name: 'Time' });
  const changed = glassbox.machineStatus.getByText('Changed: reset to use it');
  for (let i = 1; i <= 3; i++) {
    await keyboard.press('F11');
    await expect.poll(() => glassbox.instructions()).toBe(i);
  }
  await keyboard.press('Alt+F11');
  await expect.poll(() => glassbox.instructions()).toBe(2);

  await editor.replace('math/exp.asm', '-745.1332191019412', '-0.0');
  await editor.assembled();
  await expect(changed).toBeVisible();
  const apply = editor.problems.getByRole('button', { name: 'Apply here' });
  await apply.focus();
  await keyboard.press('Enter');
  await expect(strip.getByRole('status')).toContainText('this is branch 2 now');
  await expect(apply).toBeHidden();
  await expect(changed).toBeHidden();

  // the course of events before is kept, with the program that it had
  await strip.getByRole('button', { name: /show all branches/ }).click();
  const list = page.getByRole('dialog', { name: 'Branches' });
  await list.getByRole('button', { name: 'Go to Branch 1' }).click();
  await expect.poll(() => glassbox.instructions()).toBe(3);
  await expect(changed).toBeVisible();
  await list.getByRole('button', { name: 'Go to Branch 2' }).click();
  await expect.poll(() => glassbox.instructions()).toBe(2);
  await expect(changed).toBeHidden();
  await list.getByRole('button', { name: 'Close: Branches' }).click();

  // what does not fit says why, and what to do
  await editor.replace('sys/start.asm', ENTRY, 'lea rbp, [rbp + 0x12345678]');
  await editor.assembled();
  await expect(editor.buildStatus).toContainText(/Restart to run it \(.+(moved|longer).*\)/);
  await expect(apply).toBeHidden();
});
