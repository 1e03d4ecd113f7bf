// SPDX-License-Identifier: GPL-2.0-or-later
/** Steps, breakpoints, and what one sees of the machine at each stop. */
import { lineOf } from './support/sources.ts';
import { expect, test } from './support/test.ts';

test('single steps move rip and the line, by key and by button', async ({ glassbox, page }) => {
  const { status, place } = glassbox;
  const entry = lineOf('sys/start.asm', 'xor     ebp, ebp');
  await expect(place).toHaveText(`sys/start.asm:${entry}`);
  expect(await glassbox.instructions()).toBe(0);
  const rip = BigInt(await glassbox.register('rip'));

  await page.keyboard.press('F11');
  await expect(status).toHaveText('Paused after a step');
  await expect(place).toHaveText(`sys/start.asm:${entry + 1}`);
  expect(await glassbox.instructions()).toBe(1);
  const executed = glassbox.machineStatus.getByLabel('Instructions executed');
  await expect(executed).toHaveText('1 instruction');
  // xor ebp, ebp is two bytes long.
  expect(BigInt(await glassbox.register('rip'))).toBe(rip + 2n);
  await expect(glassbox.registerRow('rip')).toContainText(/changed, was 0x0*400/);

  // mov rdi, [rsp]: argc, the program's name and `classify`.
  await glassbox.control('Step in').click();
  await expect(place).toHaveText(`sys/start.asm:${entry + 2}`);
  await expect(glassbox.registerRow('rdi')).toContainText('changed, was');
  expect(await glassbox.register('rdi')).toBe('0x0000000000000002');
  await expect(glassbox.registerRow('rbx')).not.toContainText('changed');
  await expect(executed).toHaveText('2 instructions');

  await page.keyboard.press('Shift+F5');
  await glassbox.ready();
  expect(await glassbox.instructions()).toBe(0);
});

test('run to the cursor; a step shows both lanes of an xmm register', async ({
  glassbox,
  page,
}) => {
  await glassbox.boot('train --data data/digits --limit 1 --epochs 1 --weights data/weights/x.bin');
  const line = lineOf('math/exp.asm', 'movapd  xmm1, [pd_log2_e]');
  await glassbox.editor.goTo('math/exp.asm', line);
  await glassbox.control('Run to cursor').click();
  await expect(glassbox.status).toHaveText('Paused at the cursor', { timeout: 60_000 });
  await expect(glassbox.place).toHaveText(`math/exp.asm:${line}`);
  await page.keyboard.press('F11');
  await expect(glassbox.place).toHaveText(`math/exp.asm:${line + 1}`);

  const xmm1 = glassbox.vectorRow('xmm1').getByRole('cell');
  await expect(xmm1).toHaveText([/^1\.4426950408889634\b/, /^1\.4426950408889634\b/]);
  await expect(xmm1.first()).toContainText('changed, was');
  await page.getByRole('combobox', { name: 'Lane format' }).selectOption('bytes, hex');
  // The same number as its bytes, the lowest address first.
  await expect(xmm1).toHaveText(
    [...'fe 82 2b 65 47 15 f7 3f'.split(' '), ...'fe 82 2b 65 47 15 f7 3f'.split(' ')].map(
      (byte) => new RegExp(`^${byte}\\b`),
    ),
  );
});

test('step over a call, into it, and out of it', async ({ glassbox, page }) => {
  const call = lineOf('cli/main.asm', 'call    parse_options');
  await glassbox.editor.goTo('cli/main.asm', call);
  await page.keyboard.press('Control+F10');
  await expect(glassbox.place).toHaveText(`cli/main.asm:${call}`);
  const before = await glassbox.instructions();
  await page.keyboard.press('F10');
  await expect(glassbox.place).toHaveText(`cli/main.asm:${call + 1}`);
  const over = await glassbox.instructions();
  expect(over - before).toBeGreaterThan(10);

  await page.keyboard.press('Shift+F5');
  await glassbox.ready();
  await glassbox.editor.goTo('cli/main.asm', call);
  await page.keyboard.press('Control+F10');
  await expect(glassbox.place).toHaveText(`cli/main.asm:${call}`);
  await page.keyboard.press('F11');
  await expect(glassbox.place).toContainText('cli/options.asm:');
  expect(await glassbox.instructions()).toBe(before + 1);
  await page.keyboard.press('Shift+F11');
  await expect(glassbox.place).toHaveText(`cli/main.asm:${call + 1}`);
  expect(await glassbox.instructions()).toBe(over);
});

test('a breakpoint from the keyboard and one from the gutter stop the run', async ({
  glassbox,
  page,
}) => {
  const load = lineOf('nn/classify.asm', 'call    load_weights');
  const read = lineOf('nn/classify.asm', 'call    sys_read');
  await glassbox.editor.goTo('nn/classify.asm', load);
  await page.keyboard.press('F9');
  await glassbox.editor.gutter(read).click();
  await page.keyboard.press('F5');
  await expect(glassbox.status).toHaveText('Paused at a breakpoint', { timeout: 60_000 });
  await expect(glassbox.place).toHaveText(`nn/classify.asm:${load}`);
  await glassbox.control('Continue').click();
  await expect(glassbox.place).toHaveText(`nn/classify.asm:${read}`, { timeout: 60_000 });
  await expect(glassbox.status).toHaveText('Paused at a breakpoint');

  // Both are taken away again: from the start it runs until it waits for input.
  await glassbox.editor.gutter(read).click();
  await glassbox.editor.goTo('nn/classify.asm', load);
  await page.keyboard.press('F9');
  await page.keyboard.press('Control+Shift+F5');
  await expect(glassbox.status).toHaveText('Waiting for input', { timeout: 60_000 });
  await glassbox.tab('Output', /^System calls/).click();
  const calls = page.getByRole('log', { name: 'System calls of the program' });
  await expect(calls).toContainText('"data/weights/sigmoid.bin", O_RDONLY');
});

test('registers in three formats; memory at registers and symbols', async ({ glassbox, page }) => {
  const hex = await glassbox.register('rsp');
  expect(hex).toMatch(/^0x[0-9a-f]{16}$/);
  const format = page.getByRole('radiogroup', { name: 'Register format' });
  await format.getByRole('radio', { name: 'Unsigned decimal' }).check({ force: true });
  await expect.poll(() => glassbox.register('rsp')).toBe(BigInt(hex).toString());
  await format.getByRole('radio', { name: 'Signed decimal', exact: true }).check({ force: true });
  await expect.poll(() => glassbox.register('rsp')).toBe(BigInt(hex).toString());

  const memory = page.getByRole('region', { name: 'Memory', exact: true });
  const goTo = memory.getByRole('combobox', { name: 'Go to address, register or symbol' });
  const bytes = memory.getByRole('group', { name: 'Bytes of memory' });
  const meaning = memory.getByLabel('Meaning of the byte');
  await goTo.fill('rsp');
  await goTo.press('Enter');
  await expect(meaning).toContainText('in stack');
  await expect(bytes).toContainText(hex.slice(-7));
  await goTo.fill('pd_log2_e');
  await goTo.press('Enter');
  await expect(bytes).toContainText('1.442695');
  await expect(meaning).toContainText('pd_log2_e');
  await goTo.fill('w1 + 8');
  await goTo.press('Enter');
  await expect(meaning).toContainText('w1');
  await goTo.fill('nowhere');
  await goTo.press('Enter');
  await expect(memory.getByRole('alert')).toContainText('nowhere');
  await glassbox.tab('Memory views', 'Regions').click();
  const regions = page.getByRole('region', { name: 'Memory regions' });
  await expect(regions.getByRole('row').filter({ hasText: '.text' })).toContainText('r-x');
});

for (const width of [1440, 1024]) {
  test(`each of thirty quick presses counts, forth and back, ${width} px wide`, async ({
    glassbox,
    page,
  }) => {
    await page.setViewportSize({ width, height: 800 });
    const burst = async (key: string): Promise<void> => {
      for (let press = 0; press < 30; press++) await page.keyboard.press(key);
    };
    await burst('F11');
    await expect.poll(() => glassbox.instructions()).toBe(30);
    await expect(glassbox.status).toHaveText('Paused after a step');
    await burst('F11');
    await expect.poll(() => glassbox.instructions()).toBe(60);
    await burst('Alt+F11');
    await expect.poll(() => glassbox.instructions()).toBe(30);
    // All at once, before the machine has answered the first.
    await glassbox.control('Step in').evaluate((button: HTMLElement) => {
      for (let click = 0; click < 30; click++) button.click();
    });
    await expect.poll(() => glassbox.instructions()).toBe(60);
    await glassbox.control('Step back').evaluate((button: HTMLElement) => {
      for (let click = 0; click < 60; click++) button.click();
    });
    await expect.poll(() => glassbox.instructions()).toBe(0);
    await expect(glassbox.control('Step back')).toBeDisabled();
  });
}

test('quick presses end at a breakpoint, and the next ones lead on from it', async ({
  glassbox,
  page,
}) => {
  const line = lineOf('cli/main.asm', 'call    parse_options');
  await glassbox.editor.goTo('cli/main.asm', line);
  await page.keyboard.press('F9');
  // The page hears of all presses before it hears of the first step.
  const burst = (presses: number): Promise<void> =>
    page.evaluate((count) => {
      for (let press = 0; press < count; press++) {
        const init = { key: 'F11', bubbles: true, cancelable: true };
        document.body.dispatchEvent(new KeyboardEvent('keydown', init));
      }
    }, presses);
  await burst(30);
  await expect(glassbox.status).toHaveText('Paused at a breakpoint');
  await expect(glassbox.place).toHaveText(`cli/main.asm:${line}`);
  const at = await glassbox.instructions();
  expect(at).toBeLessThan(30);
  await burst(3);
  await expect.poll(() => glassbox.instructions()).toBe(at + 3);
});

test('a key held down steps no further than it is held', async ({ glassbox, page }) => {
  for (let press = 0; press < 40; press++) await page.keyboard.down('F11');
  const released = await glassbox.instructions();
  await page.keyboard.up('F11');
  await page.waitForTimeout(500);
  const steps = await glassbox.instructions();
  expect(steps).toBeGreaterThan(0);
  expect(steps).toBeLessThanOrEqual(40);
  // One under way and one behind it.
  expect(steps - released).toBeLessThanOrEqual(3);
});
