// SPDX-License-Identifier: GPL-2.0-or-later
/** The built page in a real Chromium: how large it is, how fast it comes up and answers. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium, type Browser, type Page } from '@playwright/test';
import { build, preview } from 'vite';
import { CHROMIUM_FLAGS, findChromium } from '../chromium.ts';
import { PROJECT } from '../digits-files.ts';
import { viewsCost } from './page-views.ts';
import { heldSteps, stepLatencies } from './page-steps.ts';
import { scrollRates } from './page-scroll.ts';
import { figure, median, percentile95, table } from './table.ts';

const LOADS = 5;
const EDITS = 7;
const READINGS = 20;
const PAUSES = 9;
const TRAINING = 'train --data data/digits --seed 1 --weights data/weights/bench.bin';
/** Long enough to be paused in, and so long that start-up counts for little. */
const EPOCHS = 30;
const MANY_EPOCHS = 150;

interface Loaded {
  readonly page: Page;
  /** Milliseconds from navigation to a machine that stands at its entry. */
  readonly readyMs: number;
  /** Bytes over the wire, as the server sends them. */
  readonly requests: number;
}

async function open(browser: Browser, url: string): Promise<Loaded> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  let requests = 0;
  page.on('request', () => requests++);
  const started = performance.now();
  await page.goto(url);
  await page.getByText('Ready at the entry').waitFor({ timeout: 120_000 });
  return { page, readyMs: performance.now() - started, requests };
}

async function sizes(folder: string): Promise<string[][]> {
  const groups = new Map<string, { raw: number; packed: number }>();
  const initial = await readFile(join(folder, 'index.html'), 'utf8');
  for (const name of await readdir(join(folder, 'assets'))) {
    const bytes = await readFile(join(folder, 'assets', name));
    const group = initial.includes(name)
      ? 'page (HTML refers to it)'
      : /monaco|editor|codicon|nasm-language/.test(name)
        ? 'editor, loaded when it shows'
        : /unicorn|machine|iced/.test(name)
          ? 'machine worker: Unicorn, decoder'
          : /nasm|assembler/.test(name)
            ? 'assembler worker: NASM'
            : /woff2?$/.test(name)
              ? 'fonts, all alphabets (a page loads two)'
              : 'panes, loaded when they show';
    const sum = groups.get(group) ?? { raw: 0, packed: 0 };
    sum.raw += bytes.length;
    sum.packed += gzipSync(bytes).length;
    groups.set(group, sum);
  }
  return [...groups]
    .sort((a, b) => b[1].packed - a[1].packed)
    .map(([group, { raw, packed }]) => [group, figure(raw / 1000), figure(packed / 1000)]);
}

/** Milliseconds that the assembler reports for the whole program after an edit in the editor. */
async function assembleLatencies(page: Page): Promise<number[]> {
  const status = page.getByRole('region', { name: 'Problems' }).getByRole('status');
  const box = await page.locator('.monaco-editor').first().boundingBox();
  if (box === null) throw new Error('the page shows no editor');
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  const found: number[] = [];
  for (let edit = 0; edit < EDITS; edit++) {
    const before = await status.textContent();
    await page.keyboard.press('End');
    await page.keyboard.type(edit === 0 ? ' ;' : 'x');
    for (let wait = 0; wait < 600 && (await status.textContent()) === before; wait++) {
      await page.waitForTimeout(25);
    }
    const ms = /Assembled in (\d+) ms/.exec((await status.textContent()) ?? '')?.[1];
    if (ms !== undefined) found.push(Number(ms));
  }
  return found.slice(1);
}

/** Milliseconds from a finished stroke to its probabilities, as the page itself takes them. */
async function readLatencies(page: Page): Promise<number[]> {
  const timing = page.locator('.timing');
  const found: number[] = [];
  for (let reading = 0; reading < READINGS; reading++) {
    const before = reading === 0 ? null : await timing.textContent();
    const samples = page.getByRole('button', { name: /of the test set/ });
    await samples.nth(reading % (await samples.count())).click();
    await timing.waitFor({ timeout: 60_000 });
    for (let wait = 0; wait < 400 && (await timing.textContent()) === before; wait++) {
      await page.waitForTimeout(25);
    }
    const ms = /([\d.]+) ms/.exec((await timing.textContent()) ?? '')?.[1];
    if (ms !== undefined) found.push(Number(ms));
  }
  return found.slice(3);
}

/** From the click on Pause, in a training at full speed, to the status that says so. */
async function pauseLatencies(page: Page): Promise<number[]> {
  const found: number[] = [];
  for (let pause = 0; pause < PAUSES; pause++) {
    await boot(page, training(EPOCHS));
    await page.keyboard.press('F5');
    await page.waitForTimeout(500);
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
    found.push(took);
  }
  return found;
}

const training = (epochs: number): string => `${TRAINING} --epochs ${epochs}`;

async function boot(page: Page, args: string): Promise<void> {
  const box = page.getByRole('textbox', { name: 'Arguments' });
  await box.fill(args);
  await box.press('Enter');
  await page.getByText('Ready at the entry').waitFor({ timeout: 60_000 });
}

interface WholeRun {
  /** From the key to the status that says so. */
  readonly ms: number;
  readonly mips: number;
}

/** Runs the program that stands at its entry to its end. */
async function wholeRun(page: Page): Promise<WholeRun> {
  const started = performance.now();
  await page.keyboard.press('F5');
  await page
    .getByText(/Exited with status 0/)
    .first()
    .waitFor({ timeout: 600_000 });
  const ms = performance.now() - started;
  const text = await page.getByLabel('Instructions executed').textContent();
  return { ms, mips: Number((text ?? '').replace(/\D/g, '')) / ms / 1000 };
}

function row(name: string, values: readonly number[], goal: string): string[] {
  return [name, figure(median(values)), figure(percentile95(values)), goal];
}

/** Builds the page, measures it and prints the tables. */
export async function benchPage(): Promise<void> {
  const executablePath = await findChromium();
  process.stderr.write('  building the page …\n');
  await build({ root: PROJECT, logLevel: 'error' });
  const server = await preview({ root: PROJECT, logLevel: 'error', preview: { port: 0 } });
  const url = server.resolvedUrls?.local[0] ?? '';
  const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_FLAGS] });
  try {
    console.log(
      table(['what a page loads', 'kB', 'kB gzipped'], await sizes(join(PROJECT, 'dist'))),
    );
    const ready: number[] = [];
    let last: Loaded | undefined;
    for (let load = 0; load < LOADS; load++) {
      process.stderr.write(`  load ${load + 1} of ${LOADS} …\n`);
      await last?.page.context().close();
      last = await open(browser, url);
      ready.push(last.readyMs);
    }
    if (last === undefined) return;
    const { page } = last;
    process.stderr.write('  stepping, drawing, assembling, running …\n');
    const steps = await stepLatencies(page);
    const held = await heldSteps(page);
    const scrolls = await scrollRates(page);
    const readings = await readLatencies(page);
    const pauses = await pauseLatencies(page);
    const wholes: string[] = [];
    for (const epochs of [EPOCHS, MANY_EPOCHS]) {
      await boot(page, training(epochs));
      const { mips } = await wholeRun(page);
      wholes.push(
        `training in the page, ${epochs} epochs of the built-in digits: ${figure(mips)} MIPS`,
      );
    }
    const views = await viewsCost(browser, page, EPOCHS, MANY_EPOCHS);
    const assembled = await assembleLatencies(page);
    const rows = [
      row('page load to a machine at its entry, ms', ready, ''),
      row('F11 to painted, ms', steps.painted, ''),
      row("  without the wait for the screen's next frame", steps.own, '16 at 95 %'),
      row('stroke to probabilities, ms', readings, '100'),
      row('pause at full speed, ms', pauses, '50'),
      row('assembling the whole program, ms', assembled, '150'),
    ];
    console.log(`\n${table(['in Chromium', 'median', '95 %', 'goal'], rows)}`);
    console.log(
      `\nF11 held, ${held.pressed.toFixed(1)} a second: ${held.stepped.toFixed(1)} steps a second`,
    );
    for (const { by, perSecond, moved, frames } of scrolls) {
      console.log(
        `memory scrolled by ${by}: ${perSecond.toFixed(1)} frames a second (goal 60), ` +
          `${moved.toFixed(1)} of them with other rows, 95 % within ${figure(percentile95(frames))} ms`,
      );
    }
    console.log(`\nrequests until ready: ${last.requests}`);
    for (const line of wholes) console.log(line);
    console.log(views);
  } finally {
    await browser.close();
    await server.close();
  }
}
