// SPDX-License-Identifier: GPL-2.0-or-later
/** What progress, charts and weights cost a training at full speed: the page against its worker alone. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from '@playwright/test';
import { IDX_FILES } from '../../nn/idx.ts';
import { ensureDigits, PROJECT } from '../digits-files.ts';
import { BareChromium } from './bare-page.ts';
import { figure } from './table.ts';
import { workerTime } from './worker-time.ts';

const IMAGE = join(PROJECT, 'public/images/sigmoid');
/** Rounds of a short and a long run of each kind; the fastest of each are compared. */
const ROUNDS = 3;

interface Spent {
  /** By the clock, ms. */
  readonly ms: number;
  /** The worker's processor time, ms; NaN where the system does not tell. */
  readonly cpu: number;
}

async function spent(run: () => Promise<number>): Promise<Spent> {
  const computed = workerTime();
  const ms = await run();
  return { ms, cpu: computed() ?? NaN };
}

/** Runs of one kind: what the epochs cost by which the long ones are longer. */
class Runs {
  readonly #short: Spent[] = [];
  readonly #long: Spent[] = [];
  readonly #run: (epochs: number) => Promise<number>;

  /** @param run trains for so many epochs; @returns milliseconds */
  constructor(run: (epochs: number) => Promise<number>) {
    this.#run = run;
  }

  async add(short: number, long: number): Promise<void> {
    this.#short.push(await spent(() => this.#run(short)));
    this.#long.push(await spent(() => this.#run(long)));
  }

  more(key: keyof Spent): number {
    const least = (runs: readonly Spent[]): number => Math.min(...runs.map((r) => r[key]));
    return least(this.#long) - least(this.#short);
  }
}

function compared(what: string, views: number, nothing: number): string {
  const more = (100 * (views - nothing)) / nothing;
  const percent = Number.isFinite(more) ? `${more.toFixed(1)} %` : '-';
  return `  ${what}: ${figure(views)} ms with all views refreshing, ${figure(nothing)} ms without: ${percent} more`;
}

/** Has a training stand at its entry, with its chart and its weights in sight. @returns its arguments. */
async function ready(page: Page, epochs: number): Promise<string> {
  await page.getByRole('tab', { name: 'Train' }).first().click();
  await page.getByLabel('Epochs').fill(String(epochs));
  await page.getByRole('button', { name: 'Start over' }).click();
  await page.getByText('Ready at the entry').waitFor({ timeout: 60_000 });
  return page.getByRole('textbox', { name: 'Arguments' }).inputValue();
}

/** Runs it. @returns milliseconds from the click to the exit. */
async function run(page: Page): Promise<number> {
  const started = performance.now();
  const training = page.getByRole('toolbar', { name: 'Training' });
  await training.getByRole('button', { name: 'Train' }).click();
  const exited = page.locator('footer').getByText('Exited with status 0');
  await exited.waitFor({ timeout: 600_000 });
  return performance.now() - started;
}

/**
 * The same training with progress, chart, weights and all else refreshing, and with nobody
 * listening, both recorded. Of a long run less a short one: to start and to stop costs the same
 * however long it is.
 * @returns lines to print.
 */
export async function viewsCost(
  browser: Browser,
  page: Page,
  short: number,
  long: number,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'glassbox-bare-'));
  const bare = await BareChromium.within(browser, folder);
  const args = new Map<number, string>();
  const shown = new Runs(async (epochs) => {
    args.set(epochs, await ready(page, epochs));
    return run(page);
  });
  const alone = new Runs(async (epochs) => {
    const argv = (args.get(epochs) ?? '').split(' ');
    return (await bare.run(IMAGE, argv, { record: true, fresh: false })).ms;
  });
  try {
    const digits = await ensureDigits();
    for (const name of IDX_FILES) await bare.put(`data/digits/${name}`, join(digits, name));
    for (let round = 0; round < ROUNDS; round++) {
      await shown.add(short, long);
      await alone.add(short, long);
    }
    return [
      `${long} epochs from the Train pane less ${short}, for what progress, chart and weights cost (goal: at most 5 %)`,
      compared('time by the clock', shown.more('ms'), alone.more('ms')),
      compared("the worker's processor time", shown.more('cpu'), alone.more('cpu')),
    ].join('\n');
  } finally {
    await bare.close();
    await rm(folder, { recursive: true, force: true });
  }
}
