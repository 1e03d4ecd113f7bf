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

const IMAGE = join(PROJECT, 'public/images/sigmoid');
/** Pairs of runs, one after the other; the fastest of each kind is compared. */
const PAIRS = 4;

/**
 * The same run with all views refreshing and with nobody listening, both recorded.
 * @param args of the program.
 * @param inPage runs it in the page that is shown; @returns milliseconds from start to exit.
 * @returns a line to print.
 */
export async function viewsCost(
  browser: Browser,
  args: string,
  inPage: () => Promise<number>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'glassbox-bare-'));
  const bare = await BareChromium.within(browser, folder);
  try {
    const digits = await ensureDigits();
    for (const name of IDX_FILES) await bare.put(`data/digits/${name}`, join(digits, name));
    const shown: number[] = [];
    const alone: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      shown.push(await inPage());
      const { ms } = await bare.run(IMAGE, args.split(' '), { record: true });
      alone.push(ms);
    }
    const [views, nothing] = [Math.min(...shown), Math.min(...alone)];
    const more = (100 * (views - nothing)) / nothing;
    return (
      `the same run with all views refreshing ${figure(views)} ms, its worker alone ` +
      `${figure(nothing)} ms: ${more.toFixed(1)} % more (goal: at most 5)`
    );
  } finally {
    await bare.close();
    await rm(folder, { recursive: true, force: true });
  }
}
