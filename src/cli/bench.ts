// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * `npm run bench`: the project's figures, measured here and now, with ratios from one run.
 *
 * Absolute times depend on the machine and on what else it does; ratios and medians travel better.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENGINE_NAMES } from '../cpu/engines.ts';
import { BareChromium } from './bench/bare-page.ts';
import { benchDebug } from './bench/debug.ts';
import { benchEngines } from './bench/engines.ts';
import { benchNative } from './bench/native.ts';
import { benchPage } from './bench/page.ts';
import { prepareWorkloads, WORKLOAD_FILES } from './bench/programs.ts';
import { benchTime } from './bench/time.ts';
import { benchTraining } from './bench/training.ts';
import { benchTranslating } from './bench/translating.ts';
import { ensureDigits, findMnist, PROJECT } from './digits-files.ts';

const PARTS = ['native', 'engines', 'time', 'debug', 'page'] as const;

const USAGE = `Usage: npm run bench [-- PART… [--epochs N]]

Measures and prints tables; without a part, all of them.

  native    training on one core: our kernels, plain C, NumPy, PyTorch (those that are present);
            loading, classifying. --epochs N: train no longer than that, to try it
  engines   instructions a second: native, each engine under Node, the JIT in Chromium, with
            ratios; whole trainings and their weights' SHA-256; what translating costs
  time      what recording costs, and going back: seeks in a training epoch, steps back
  debug     what watchpoints and the exact profile cost a training at full speed
  page      the built page in Chromium: sizes, load, step, read and assemble latency; what the
            views cost a training at full speed
`;

/** Chromium with what the workloads read; null, with the reason printed, where there is none. */
async function chromiumWith(folder: string): Promise<BareChromium | null> {
  process.stderr.write('  building the worker …\n');
  try {
    const browser = await BareChromium.start(folder);
    for (const name of WORKLOAD_FILES) await browser.put(name, join(folder, name));
    return browser;
  } catch (error) {
    console.log(`(nothing in Chromium: ${error instanceof Error ? error.message : String(error)})`);
    return null;
  }
}

const asked = process.argv.slice(2);
const epochsAt = asked.indexOf('--epochs');
const [, epochs = null] = epochsAt < 0 ? [] : asked.splice(epochsAt, 2).map(Number);
if (asked.includes('--help')) {
  process.stdout.write(USAGE);
} else if (asked.some((part) => !(PARTS as readonly string[]).includes(part))) {
  process.stderr.write(`bench: unknown part\n${USAGE}`);
  process.exitCode = 2;
} else if (epochsAt >= 0 && !(Number.isInteger(epochs) && Number(epochs) > 0)) {
  process.stderr.write(`bench: --epochs wants a whole number above zero\n`);
  process.exitCode = 2;
} else {
  const parts = asked.length === 0 ? PARTS : PARTS.filter((part) => asked.includes(part));
  const assembled = spawnSync('npm', ['run', '--silent', 'asm'], {
    cwd: PROJECT,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (assembled.status !== 0) process.exit(1);
  const [cpu] = cpus();
  console.log(
    `${cpu?.model.trim() ?? 'unknown CPU'}, ${cpus().length} threads, Node ${process.versions.node}, ` +
      `load ${loadavg()[0]?.toFixed(1) ?? '?'} at the start\n`,
  );
  const folder = await mkdtemp(join(tmpdir(), 'glassbox-bench-'));
  try {
    if (parts.includes('native')) {
      const mnist = await findMnist();
      if (mnist === null)
        console.log('(no MNIST here: `npm run data` fetches it; built-in digits)');
      await benchNative(mnist ?? (await ensureDigits()), folder, epochs);
    }
    if (parts.includes('engines')) {
      const workloads = await prepareWorkloads(folder);
      const mnist = await findMnist();
      const name = mnist === null ? 'the built-in digits' : 'MNIST';
      const browser = await chromiumWith(folder);
      try {
        await benchEngines(workloads, ENGINE_NAMES, browser, folder);
        console.log('');
        await benchTraining(mnist ?? (await ensureDigits()), name, browser, folder);
        console.log('');
        await benchTranslating();
        console.log('');
      } finally {
        await browser?.close();
      }
    }
    if (parts.includes('time')) {
      const mnist = await findMnist();
      await benchTime(mnist ?? (await ensureDigits()), mnist === null ? 6000 : 60_000);
      console.log('');
    }
    if (parts.includes('debug')) {
      const mnist = await findMnist();
      await benchDebug(mnist ?? (await ensureDigits()), mnist === null ? 6000 : 60_000);
      console.log('');
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (parts.includes('page')) await benchPage();
}
