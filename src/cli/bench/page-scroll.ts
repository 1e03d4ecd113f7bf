// SPDX-License-Identifier: GPL-2.0-or-later
/** Scrolling a view over all of guest memory: how often the page has a new picture. */
import type { Page } from '@playwright/test';

const SECONDS = 3;

export interface ScrollRate {
  readonly by: 'wheel' | 'scroll bar';
  readonly perSecond: number;
  /** Frames a second that showed other rows than the one before. */
  readonly moved: number;
  /** Milliseconds from one frame to the next. */
  readonly frames: readonly number[];
}

declare global {
  var stopScrolling: (() => { times: number[]; moved: number }) | undefined;
}

/** Notes the time of each frame, and whether it shows other rows, until `stopScrolling`. */
async function watchFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const rows = document.querySelector('[aria-label="Bytes of memory"] .rows');
    const times: number[] = [];
    let [moved, last, running] = [0, '', true];
    void (async () => {
      for (;;) {
        const time = await new Promise<number>(requestAnimationFrame);
        if (!running) return;
        times.push(time);
        const first = rows?.querySelector('.address')?.textContent ?? '';
        if (first !== last) moved++;
        last = first;
      }
    })();
    globalThis.stopScrolling = () => {
      running = false;
      return { times, moved };
    };
  });
}

async function result(page: Page, by: ScrollRate['by']): Promise<ScrollRate> {
  const { times, moved } = await page.evaluate(() => {
    if (stopScrolling === undefined) throw new Error('no frames were watched');
    return stopScrolling();
  });
  const frames = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  const ms = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return { by, perSecond: (frames.length * 1000) / ms, moved: (moved * 1000) / ms, frames };
}

/** Scrolls by the wheel and by the scroll bar, `SECONDS` each. */
export async function scrollRates(page: Page): Promise<ScrollRate[]> {
  await page.getByRole('button', { name: 'Scroll over all of memory' }).click();
  const dump = page.getByRole('group', { name: 'Bytes of memory' });
  const box = await dump.boundingBox();
  if (box === null) throw new Error('the page shows no memory');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);

  await watchFrames(page);
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end) {
    const sent = performance.now();
    await page.mouse.wheel(0, 100);
    // A wheel that turns fast sends an event a frame.
    await page.waitForTimeout(Math.max(0, 1000 / 60 - (performance.now() - sent)));
  }
  const wheel = await result(page, 'wheel');

  // What the pointer on the scroll bar does to the area: another place at each frame.
  await watchFrames(page);
  await dump.evaluate(async (area, ms) => {
    const started = performance.now();
    const most = area.scrollHeight - area.clientHeight;
    for (let part = 0; part < 1; part = (performance.now() - started) / ms) {
      area.scrollTop = part * most;
      await new Promise(requestAnimationFrame);
    }
  }, SECONDS * 1000);
  const bar = await result(page, 'scroll bar');
  await page.getByRole('button', { name: 'Scroll over all of memory' }).click();
  return [wheel, bar];
}
