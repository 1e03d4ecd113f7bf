// SPDX-License-Identifier: GPL-2.0-or-later
/** What progress, charts and weights cost a training at full speed: the page against its worker alone. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from '@playwright/test';
import { IDX_FILES } from '../../nn/idx.ts';
import { ensureDigits, PROJECT } from '../digits-files.ts';
import { BareChromium } from './bare-page.ts';
import { figure } from './table.ts';
import { workerTime } from './worker-time.ts';

const IMAGE = join(PROJECT, 'public/images/sigmoid');
/** Pairs of runs, one after the other; the fastest of each kind is compared. */
const PAIRS = 3;

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

function compared(what: string, shown: readonly number[], alone: readonly number[]): string {
  const [views, nothing] = [Math.min(...shown), Math.min(...alone)];
  const more = (100 * (views - nothing)) / nothing;
  const percent = Number.isFinite(more) ? `${more.toFixed(1)} %` : '-';
  return `  ${what}: ${figure(views)} ms with all views refreshing, ${figure(nothing)} ms without: ${percent} more`;
}

/**
 * The same run with all views refreshing and with nobody listening, both recorded.
 * @param args of the program.
 * @param ready has it stand at its entry in the page that is shown.
 * @param run runs it there; @returns milliseconds from start to exit.
 * @returns lines to print.
 */
export async function viewsCost(
  browser: Browser,
  args: string,
  ready: () => Promise<void>,
  run: () => Promise<number>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'glassbox-bare-'));
  const bare = await BareChromium.within(browser, folder);
  const alone = async (): Promise<number> =>
    (await bare.run(IMAGE, args.split(' '), { record: true, fresh: false })).ms;
  try {
    const digits = await ensureDigits();
    for (const name of IDX_FILES) await bare.put(`data/digits/${name}`, join(digits, name));
    await alone(); // the page's worker has run the program before, too
    const withViews: Spent[] = [];
    const without: Spent[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      await ready();
      withViews.push(await spent(run));
      without.push(await spent(alone));
    }
    const of = (runs: readonly Spent[], key: keyof Spent): number[] => runs.map((r) => r[key]);
    return [
      'the last of them again, for what progress, charts and weights cost (goal: at most 5 %)',
      compared('time by the clock', of(withViews, 'ms'), of(without, 'ms')),
      compared("the worker's processor time", of(withViews, 'cpu'), of(without, 'cpu')),
    ].join('\n');
  } finally {
    await bare.close();
    await rm(folder, { recursive: true, force: true });
  }
}
