// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * `npm test`: everything, in one command: format, lint, types, unit and native tests, end to end.
 * `npm run verify` (`--quick`): the same without slow tests and browser, for before a commit.
 *
 * Every stage runs even when one before it failed, and the last line is `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './chromium.ts';

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

interface Stage {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** Reads the runner's own counts; without it the stage counts as one check. */
  readonly tally?: () => Tally;
}

const quick = process.argv.includes('--quick');
const scratch = mkdtempSync(join(tmpdir(), 'glassbox-test-'));
const total: Tally = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];

function readJson(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(scratch, file), 'utf8')) as Record<string, unknown>;
}

function vitestTally(): Tally {
  const report = readJson('vitest.json');
  const n = (key: string): number => Number(report[key] ?? 0);
  // A test file that cannot be loaded is a failed suite without a failed test.
  const brokenFiles = Math.max(
    0,
    n('numFailedTestSuites') > 0 && n('numFailedTests') === 0 ? 1 : 0,
  );
  return {
    passed: n('numPassedTests'),
    failed: n('numFailedTests') + brokenFiles,
    skipped: n('numPendingTests') + n('numTodoTests'),
  };
}

function playwrightTally(): Tally {
  const stats = readJson('playwright.json')['stats'] as Record<string, number>;
  return {
    passed: (stats['expected'] ?? 0) + (stats['flaky'] ?? 0),
    failed: stats['unexpected'] ?? 0,
    skipped: stats['skipped'] ?? 0,
  };
}

function run(stage: Stage): Promise<number> {
  const [file, ...args] = stage.command;
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...stage.env },
      shell: process.platform === 'win32',
    });
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

async function perform(stage: Stage): Promise<boolean> {
  console.log(`\n── ${stage.name} ──`);
  const started = performance.now();
  const status = await run(stage);
  let tally: Tally = { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  if (stage.tally) {
    try {
      tally = stage.tally();
      if (status !== 0 && tally.failed === 0) tally.failed = 1;
    } catch {
      tally = { passed: 0, failed: 1, skipped: 0 };
    }
  }
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.skipped += tally.skipped;
  if (tally.failed > 0) failures.push(stage.name);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`── ${stage.name}: ${tally.failed === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
  return tally.failed === 0;
}

const checks: Stage[] = [
  { name: 'assemble', command: ['npm', 'run', '--silent', 'asm'] },
  { name: 'format', command: ['npx', 'prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'lint', command: ['npx', 'eslint', '.', '--max-warnings', '0'] },
  { name: 'types (ts)', command: ['npx', 'tsc', '--noEmit'] },
  {
    name: 'types (svelte)',
    command: ['npx', 'svelte-check', '--fail-on-warnings', '--output', 'human'],
  },
  {
    name: quick ? 'unit' : 'unit and native',
    command: [
      'npx',
      'vitest',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${join(scratch, 'vitest.json')}`,
      ...(quick ? ['--exclude', '**/*.slow.test.ts'] : []),
    ],
    tally: vitestTally,
  },
];

for (const stage of checks) await perform(stage);

if (!quick) {
  const built = await perform({ name: 'build the page', command: ['npx', 'vite', 'build'] });
  let browser: string | null = null;
  try {
    browser = await findChromium();
    console.log(`Browser: ${browser}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    total.failed += 1;
    failures.push('find a browser');
  }
  if (built && browser !== null) {
    await perform({
      name: 'end to end',
      command: ['npx', 'playwright', 'test', '--reporter=list,json'],
      env: {
        CHROMIUM_PATH: browser,
        PLAYWRIGHT_JSON_OUTPUT_NAME: join(scratch, 'playwright.json'),
      },
      tally: playwrightTally,
    });
  }
}

rmSync(scratch, { recursive: true, force: true });
if (failures.length > 0) console.log(`\nFailed: ${failures.join(', ')}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;
