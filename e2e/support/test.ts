// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * `test` with the page opened and ready as `glassbox`. Whatever else a test looks at: an error in
 * the console, an exception, or a request that failed is a failure.
 */
import { test as base } from '@playwright/test';
import { Glassbox } from './glassbox.ts';

export { expect } from '@playwright/test';

interface Fixtures {
  /** The page, loaded, at the entry of the program, its introduction closed. */
  readonly glassbox: Glassbox;
  /** What went wrong in the page so far. */
  readonly complaints: string[];
}

export const test = base.extend<Fixtures>({
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
      });
      page.on('pageerror', (error) => complaints.push(`exception: ${String(error)}`));
      page.on('response', (response) => {
        if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`);
      });
      page.on('requestfailed', (request) => {
        const why = request.failure()?.errorText ?? '';
        // A reload cuts off what is still being loaded; that is no failure.
        if (why !== 'net::ERR_ABORTED') complaints.push(`${why}: ${request.url()}`);
      });
      await use(complaints);
      base.expect(complaints, 'errors in the console and failed requests').toEqual([]);
    },
    { auto: true },
  ],
  glassbox: async ({ page }, use) => {
    const glassbox = new Glassbox(page);
    await glassbox.open();
    await use(glassbox);
  },
});
