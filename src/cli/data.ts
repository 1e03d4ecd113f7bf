// SPDX-License-Identifier: GPL-2.0-or-later
/** `npm run data`: brings real MNIST into data/mnist and unpacks the embedded digits. */
import { relative } from 'node:path';
import { MNIST_MIRRORS } from '../storage/datasets.ts';
import { DIGITS_DIR, ensureDigits, MNIST_DIR, PROJECT } from './digits-files.ts';
import { fetchMnist, folderProblems } from './mnist.ts';
import type { Reporter } from './mnist.ts';

const HELP = `Usage: npm run data [-- --check]

Downloads the four MNIST files (11 MB) from the mirrors in common use, checks and unpacks them
into data/mnist, and unpacks the embedded digits in data/digits. Broken downloads are gone on
with; files that are there already are kept (delete data/mnist to fetch them anew).

  --check   download nothing; say what is there, exit with status 1 unless all of it is sound
  --help    this text

Mirrors, in this order:
${MNIST_MIRRORS.map((url) => `  ${url}`).join('\n')}
MNIST_MIRROR=<folder or address> takes their place; its files may be packed in another way, or
hold another data set of the same form, and need not have the published checksums.
`;

const ADVICE = `What you can do:
  - check the connection and run "npm run data" again: it goes on where it broke off;
  - or put the four .gz files into data/mnist yourself and run it again;
  - or name a folder or another mirror: MNIST_MIRROR=<folder or address> npm run data;
  - or use the embedded digits in data/digits: they need no download.`;

/** On a terminal one line that is rewritten, else plain lines and no progress. */
function reporter(out: NodeJS.WriteStream): Reporter {
  const terminal = out.isTTY;
  let shown = 0;
  let drawn = false;
  const clear = (): void => {
    if (drawn) out.write('\r\x1b[K');
    drawn = false;
  };
  return {
    line(text) {
      clear();
      out.write(`${text}\n`);
    },
    progress(name, received, total) {
      if (!terminal || (Date.now() - shown < 100 && received !== total)) return;
      shown = Date.now();
      clear();
      const of = total === null ? '' : ` of ${megabytes(total)} (${percent(received, total)})`;
      out.write(`  ${name}: ${megabytes(received)}${of}`);
      drawn = true;
    },
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function percent(part: number, whole: number): string {
  return `${Math.floor((100 * part) / whole)} %`;
}

async function check(): Promise<number> {
  const problems = await folderProblems(MNIST_DIR);
  const mnist = relative(PROJECT, MNIST_DIR);
  if (problems.length === 0) console.log(`${mnist}: complete`);
  for (const problem of problems) console.log(`${mnist}: ${problem}`);
  try {
    await ensureDigits();
    console.log(`${relative(PROJECT, DIGITS_DIR)}: complete`);
  } catch (error) {
    problems.push(String(error));
    console.log(error instanceof Error ? error.message : String(error));
  }
  return problems.length === 0 ? 0 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => !['--check', '--help', '-h'].includes(arg));
  if (unknown !== undefined) {
    console.error(`data: unknown option ${unknown}\n\n${HELP}`);
    return 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    console.log(HELP);
    return 0;
  }
  if (args.includes('--check')) return check();
  await ensureDigits();
  console.log('data/digits: complete');
  const named = process.env['MNIST_MIRROR'] ?? '';
  const result = await fetchMnist({
    folder: MNIST_DIR,
    mirror: named === '' ? null : named,
    reporter: reporter(process.stdout),
  });
  if (result.ok) {
    console.log('data/mnist: complete');
    return 0;
  }
  console.error(`\ndata: MNIST could not be brought in:\n${result.error}\n\n${ADVICE}`);
  return 1;
}

process.exitCode = await main(process.argv.slice(2));
