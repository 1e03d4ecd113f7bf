// SPDX-License-Identifier: GPL-2.0-or-later
/** Steps by key in the built page: from the key to what is painted, and keys that repeat. */
import type { Page } from '@playwright/test';

const STEPS = 90;
/** The first steps fetch and compile what the others use. */
const WARM = 20;
const HELD = 90;
/** What a keyboard repeats at most. */
const PER_SECOND = 30;

interface Step {
  /** From the keydown to the end of the frame that shows the new instruction count, ms. */
  readonly painted: number;
  /** Of it, between the changed document and the start of that frame, ms. */
  readonly waited: number;
}

declare global {
  var stepTimes: Step[];
}

/**
 * Single steps, each begun at a random moment between two frames.
 * A screen of 60 Hz makes a change wait up to 16.7 ms for its frame, whatever the page does: so the
 * page's own part is told apart.
 */
export async function stepLatencies(page: Page): Promise<{ painted: number[]; own: number[] }> {
  await page.evaluate(() => {
    const shown = document.querySelector('[aria-label="Instructions executed"]');
    globalThis.stepTimes = [];
    addEventListener(
      'keydown',
      () => {
        const started = performance.now();
        const observer = new MutationObserver(() => {
          observer.disconnect();
          const changed = performance.now();
          requestAnimationFrame(() => {
            const waited = performance.now() - changed;
            // A task behind the frame: what it shows has been handed to the screen.
            setTimeout(() => stepTimes.push({ painted: performance.now() - started, waited }));
          });
        });
        if (shown) observer.observe(shown, { subtree: true, characterData: true, childList: true });
      },
      { capture: true },
    );
  });
  const count = (): Promise<number> => page.evaluate(() => stepTimes.length);
  for (let step = 1; step <= STEPS; step++) {
    await page.keyboard.press('F11');
    while ((await count()) < step) await page.waitForTimeout(5);
    await page.waitForTimeout(Math.random() * 17);
  }
  const steps = (await page.evaluate(() => stepTimes)).slice(WARM);
  return {
    painted: steps.map(({ painted }) => painted),
    own: steps.map(({ painted, waited }) => painted - waited),
  };
}

/**
 * F11 held down: whether the machine and the page keep up with the keyboard. The page lets repeats
 * go by that come while a step waits already.
 */
export async function heldSteps(page: Page): Promise<{ pressed: number; stepped: number }> {
  const shown = page.getByLabel('Instructions executed');
  const before = await shown.textContent();
  const started = performance.now();
  for (let key = 0; key < HELD; key++) {
    await page.keyboard.down('F11');
    const next = started + ((key + 1) * 1000) / PER_SECOND;
    if (next > performance.now()) await page.waitForTimeout(next - performance.now());
  }
  const seconds = (performance.now() - started) / 1000;
  await page.keyboard.up('F11');
  await page.waitForTimeout(500);
  const after = await shown.textContent();
  return { pressed: HELD / seconds, stepped: (countOf(after) - countOf(before)) / seconds };
}

function countOf(text: string | null): number {
  return Number((text ?? '').replaceAll(/\D/g, ''));
}
