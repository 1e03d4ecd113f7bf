// SPDX-License-Identifier: GPL-2.0-or-later
/** The bytes that come out in the page are those of the real CPU (`src/nn/golden.json`). */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from './support/test.ts';

interface Golden {
  readonly data: string;
  readonly train: {
    readonly options: readonly string[];
    readonly weightsSha256: string;
    readonly lines: readonly string[];
  };
  readonly classify: { readonly images: number; readonly outputSha256: string };
}

const PROJECT = new URL('../', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('src/nn/golden.json', PROJECT), 'utf8')) as Golden;

const WEIGHTS = 'data/weights/golden.bin';
/** Where the pixels begin in an IDX file of images: magic, count, rows, columns. */
const IDX_HEADER = 16;
const PIXELS = 784;

const sha256 = (data: Uint8Array | string): string =>
  createHash('sha256').update(data).digest('hex');

function firstTestDigits(): Buffer {
  const file = new URL(`${golden.data}/t10k-images-idx3-ubyte.gz`, PROJECT);
  const images = gunzipSync(readFileSync(file)).subarray(IDX_HEADER);
  return images.subarray(0, golden.classify.images * PIXELS);
}

/** Unicorn has some hundred million instructions to interpret; a busy machine takes minutes. */
const PATIENCE = 600_000;

for (const engine of ['jit', 'unicorn'] as const) {
  test(`training gives the golden weights on ${engine}`, async ({ glassbox, page }) => {
    test.setTimeout(PATIENCE + 60_000);
    await glassbox.chooseEngine(engine);
    const { options, lines, weightsSha256 } = golden.train;
    await glassbox.boot(`train --data ${golden.data} --weights ${WEIGHTS} ${options.join(' ')}`);
    await page.keyboard.press('F5');
    await expect(glassbox.status).toHaveText('Exited with status 0', { timeout: PATIENCE });
    const printed = (await glassbox.consoleLines()).map((line) =>
      line.replace(/ \| Time: \d+\.\d{3} s$/, ''),
    );
    const expected = lines.map((line) => line.trim());
    expect(printed.filter((line) => expected.includes(line))).toEqual(expected);

    // What was trained survives a reload.
    await page.reload();
    await glassbox.ready();
    await glassbox.tab('Network', 'Train').click();
    expect(sha256(await glassbox.download(WEIGHTS))).toBe(weightsSha256);
  });

  test(`a file of ${golden.classify.images} digits is classified on ${engine}`, async ({
    glassbox,
    page,
  }) => {
    test.setTimeout(180_000);
    await glassbox.chooseEngine(engine);
    await glassbox.boot('classify');
    await page.keyboard.press('F5');
    await expect(glassbox.status).toHaveText('Waiting for input', { timeout: 60_000 });
    const choosing = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Send a file…' }).click();
    const digits = firstTestDigits();
    const file = { name: 'digits.raw', mimeType: 'application/octet-stream', buffer: digits };
    await (await choosing).setFiles(file);
    await expect(glassbox.log).toContainText('(sent digits.raw: 78,400 bytes)');
    await page.getByRole('button', { name: 'End of input' }).click();
    await expect(glassbox.status).toHaveText('Exited with status 0', { timeout: 120_000 });
    const readings = (await glassbox.consoleLines()).filter((line) =>
      /^\d( [01]\.\d{6}){10}$/.test(line),
    );
    expect(readings).toHaveLength(golden.classify.images);
    expect(sha256(readings.map((line) => `${line}\n`).join(''))).toBe(golden.classify.outputSha256);
  });
}
