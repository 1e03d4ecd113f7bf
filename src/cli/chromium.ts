// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Finds a Chromium that really starts, or installs one: an installed one, else Playwright's, else
 * Debian's. Tests and benchmarks in the browser go through here, so that no set-up step is needed.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '@playwright/test';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

const WELL_KNOWN = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/** Flags for a browser that makes no requests of its own; root (containers) cannot use the sandbox. */
export const CHROMIUM_FLAGS: readonly string[] = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];

function onPath(): string[] {
  const found: string[] = [];
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of NAMES) {
      const file = join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        if (folder !== '') found.push(file);
      } catch {
        // not here
      }
    }
  }
  return found;
}

/** Whether the browser starts headless and shows a page; a browser without its libraries does not. */
async function starts(executablePath: string): Promise<boolean> {
  if (!existsSync(executablePath)) return false;
  try {
    const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_FLAGS] });
    const page = await browser.newPage();
    await page.goto('data:text/html,<title>ready</title>');
    const title = await page.title();
    await browser.close();
    return title === 'ready';
  } catch {
    return false;
  }
}

function command(file: string, args: readonly string[]): boolean {
  console.error(`> ${file} ${args.join(' ')}`);
  const result = spawnSync(file, args, {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  return result.status === 0;
}

/**
 * The path of a Chromium that starts; installs one when there is none.
 * @throws Error that says what to do, when none can be had.
 */
export async function findChromium(): Promise<string> {
  const named = process.env['CHROMIUM_PATH'];
  if (named !== undefined && named !== '') {
    if (await starts(named)) return named;
    throw new Error(
      `CHROMIUM_PATH is ${named}, but that browser does not start. Correct or unset it.`,
    );
  }
  for (const candidate of [...onPath(), ...WELL_KNOWN, chromium.executablePath()]) {
    if (await starts(candidate)) return candidate;
  }
  console.error('No Chromium that starts was found; installing one.');
  if (command('npx', ['--no-install', 'playwright', 'install', 'chromium'])) {
    if (await starts(chromium.executablePath())) return chromium.executablePath();
  }
  if (process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    command('apt-get', ['update']);
    command('apt-get', ['install', '-y', '--no-install-recommends', 'chromium']);
    for (const candidate of onPath()) if (await starts(candidate)) return candidate;
  }
  throw new Error(
    'No Chromium could be found or installed. Do one of these and run the command again:\n' +
      '  - npx playwright install --with-deps chromium\n' +
      '  - sudo apt-get install chromium   (Debian and Ubuntu)\n' +
      '  - install Google Chrome, or set CHROMIUM_PATH to a Chromium of yours',
  );
}
