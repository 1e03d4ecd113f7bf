// SPDX-License-Identifier: GPL-2.0-or-later
/** What the page cannot help: each ends in a clear message, nothing is lost, and it goes on. */
import { gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { Glassbox } from './support/glassbox.ts';
import { expect, test } from './support/test.ts';

/** Has the browser refuse what the page stores, or take it again. */
async function fill(page: Page, full: boolean): Promise<void> {
  await page.evaluate((refuse) => {
    const { prototype } = IDBObjectStore;
    const kept = Object.getOwnPropertyDescriptor(globalThis, 'keptPut') ?? {
      value: Object.getOwnPropertyDescriptor(prototype, 'put'),
    };
    Object.defineProperty(globalThis, 'keptPut', kept);
    Object.defineProperty(
      prototype,
      'put',
      refuse
        ? {
            configurable: true,
            value: () => {
              throw new DOMException('no room', 'QuotaExceededError');
            },
          }
        : (kept.value as PropertyDescriptor),
    );
  }, full);
}

test('the browser has no room left: said, kept, and saved once there is room', async ({
  glassbox,
  page,
}) => {
  const { editor } = glassbox;
  await fill(page, true);
  await editor.open('sigmoid.asm');
  await editor.text.focus();
  await page.keyboard.press('Control+Home');
  await page.keyboard.insertText('; written without room\n');
  const alert = editor.region.getByRole('alert');
  await expect(alert).toContainText('Your changes are not saved. The browser has no room left');
  await expect(editor.region).toContainText('written without room');

  await glassbox.tab('Network', 'Train').click();
  const files = page.getByRole('region', { name: 'Guest files' });
  await files
    .getByLabel('Files to add')
    .setInputFiles({ name: 'more.bin', mimeType: '', buffer: Buffer.alloc(100) });
  await expect(files.getByRole('alert').first()).toContainText(
    'The browser gives this page no more room for files.',
  );

  await fill(page, false);
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect(alert).toBeHidden();
  await page.reload();
  await glassbox.ready();
  await editor.open('sigmoid.asm');
  await editor.text.focus();
  await page.keyboard.press('Control+Home');
  await expect(editor.region).toContainText('written without room');
});

/** An IDX file of zeros. */
function idx(kind: 'images' | 'labels', count: number): Buffer {
  const head = kind === 'images' ? [0x803, count, 28, 28] : [0x801, count];
  const file = Buffer.alloc(head.length * 4 + count * (kind === 'images' ? 784 : 1));
  head.forEach((word, i) => file.writeUInt32BE(word, i * 4));
  return file;
}

/** Drops files on the place for MNIST. */
async function drop(page: Page, files: Readonly<Record<string, Buffer>>): Promise<void> {
  const packed = Object.entries(files).map(([name, bytes]) => [name, bytes.toString('base64')]);
  const dataTransfer = await page.evaluateHandle((list) => {
    const transfer = new DataTransfer();
    for (const [name = '', text = ''] of list) {
      const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      transfer.items.add(new File([bytes], name));
    }
    return transfer;
  }, packed);
  await page.getByRole('group', { name: 'Load MNIST' }).dispatchEvent('drop', { dataTransfer });
}

test('MNIST by hand: wrong files are named, right ones taken, packed or not', async ({
  glassbox,
  page,
}) => {
  await glassbox.tab('Network', 'Train').click();
  const box = page.getByRole('group', { name: 'Load MNIST' });
  const labels = idx('labels', 60_000);
  await drop(page, {
    'cat.png': Buffer.from('\x89PNG\r\n\x1a\n and so on', 'latin1'),
    'train-labels.gz': gzipSync(labels).subarray(0, 40),
    'few.idx': idx('images', 3),
  });
  const alert = box.getByRole('alert');
  await expect(alert).toContainText('cat.png: ');
  await expect(alert).toContainText('train-labels.gz: ');
  await expect(alert).toContainText('few.idx: 3 images, MNIST has 60000 for training');
  await expect(alert).toContainText('Give all four MNIST files together.');

  await drop(page, {
    a: gzipSync(idx('images', 60_000), { level: 1 }),
    b: labels,
    c: gzipSync(idx('images', 10_000), { level: 1 }),
    d: gzipSync(idx('labels', 10_000)),
  });
  await expect(box.getByRole('status')).toContainText('MNIST is here', { timeout: 60_000 });
  await box.getByRole('button', { name: 'Remove MNIST' }).click();
  await expect(box.getByRole('button', { name: 'Load MNIST' })).toBeVisible();
});

test('a machine that cannot be loaded: said, the sources at hand, and started anew', async ({
  page,
  complaints,
}) => {
  await page.route(/\/machine\.[^/]*\.js/, (route) => route.abort());
  await page.goto('./');
  const alert = page.getByRole('alert').filter({ hasText: 'The machine is gone.' });
  await expect(alert).toContainText('The machine could not be loaded.', { timeout: 60_000 });
  await expect(alert).toContainText('Your sources and files are safe.');
  const close = page.getByRole('button', { name: 'Close the introduction' });
  if (await close.isVisible()) await close.click();
  const glassbox = new Glassbox(page);
  await glassbox.editor.open('sigmoid.asm');
  await expect(glassbox.editor.region).toContainText('sigmoid.asm');

  await page.unrouteAll();
  await alert.getByRole('button', { name: 'Start the machine anew' }).click();
  await glassbox.ready();
  await page.keyboard.press('F11');
  await expect.poll(() => glassbox.instructions()).toBe(1);

  // The browser itself complains of what was withheld, and of nothing else.
  expect(complaints.filter((text) => !/machine\.|ERR_FAILED/.test(text))).toEqual([]);
  complaints.length = 0;
});

test('work that nobody waits for fails in the machine: said, and started anew', async ({
  glassbox,
  page,
  complaints,
}) => {
  const machine = page.workers().find((worker) => /\/machine\./.test(worker.url()));
  await machine?.evaluate(() => {
    void Promise.reject(new Error('lost on the way'));
  });
  const alert = page.getByRole('alert').filter({ hasText: 'The machine is gone.' });
  await expect(alert).toContainText('The machine failed: Error: lost on the way');
  await expect(alert).toContainText('Your sources and files are safe.');
  await alert.getByRole('button', { name: 'Start the machine anew' }).click();
  await glassbox.ready();
  await expect(alert).toBeHidden();
  await page.keyboard.press('F11');
  await expect.poll(() => glassbox.instructions()).toBe(1);

  expect(complaints.filter((text) => !text.includes('lost on the way'))).toEqual([]);
  complaints.length = 0;
});

test('an assembler that cannot be loaded: said at the edit, and the program goes on', async ({
  page,
  complaints,
}) => {
  await page.route(/\/assembler\.[^/]*\.js/, (route) => route.abort());
  const glassbox = new Glassbox(page);
  await glassbox.open();
  const { editor } = glassbox;
  await editor.open('sigmoid.asm');
  await editor.text.focus();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('; hello\n');
  await expect(editor.problems).toContainText('The assembler could not be loaded.');
  await page.keyboard.press('F11');
  await expect.poll(() => glassbox.instructions()).toBe(1);

  await page.unrouteAll();
  await editor.text.focus();
  await page.keyboard.type('; again\n');
  await editor.assembled();
  expect(complaints.filter((text) => !/assembler\.|ERR_FAILED/.test(text))).toEqual([]);
  complaints.length = 0;
});
