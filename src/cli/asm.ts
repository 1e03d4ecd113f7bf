// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * `npm run asm`: assembles every program directly under asm/ into public/images/.
 *
 *     npm run asm [-- --check-native]
 *
 * For asm/NAME.asm it writes public/images/NAME (an executable) and NAME.debug.json, where they
 * differ from what is there. Diagnostics go to stderr as `file:line: severity: text`; the status
 * is 1 when a program does not assemble. `--check-native` also assembles with the `nasm` on the
 * PATH, if there is one, and compares the bytes.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AssembleResult, SourceTree } from '../protocol/assembler.ts';
import { nodeAssembler, readSourceTree } from './node-assembler.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCES = join(ROOT, 'asm');
const IMAGES = join(ROOT, 'public', 'images');

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--check-native');
  if (unknown !== undefined) {
    console.error(`asm: unknown option ${unknown}; there is --check-native`);
    return 2;
  }
  const [assembler, sources] = await Promise.all([nodeAssembler(), readSourceTree(SOURCES)]);
  const programs = mainFiles(sources);
  if (programs.length === 0) {
    console.error('asm: there is no program under asm/');
    return 1;
  }
  await mkdir(IMAGES, { recursive: true });
  let failed = false;
  for (const file of programs) {
    const result = await assembler.assemble({ sources, main: file });
    report(result);
    if (result.ok) {
      const name = file.replace(/\.asm$/, '');
      await writeIfChanged(join(IMAGES, `${name}.debug.json`), `${JSON.stringify(result.debug)}\n`);
      const changed = await writeIfChanged(join(IMAGES, name), result.image);
      await chmod(join(IMAGES, name), 0o755);
      const sections = result.debug.sections.map((s) => `${s.name} ${s.size}`).join(', ');
      const what = `${result.image.length} bytes (${sections}), ${Math.round(result.ms)} ms`;
      console.log(`${name}: ${what}${changed ? '' : ', unchanged'}`);
      if (args.includes('--check-native')) failed ||= !(await checkNative(file, result.image));
    } else {
      console.error(`asm: ${file} does not assemble`);
      failed = true;
    }
  }
  return failed ? 1 : 0;
}

/** Programs are the .asm files directly under asm/; what lies deeper is included by them. */
function mainFiles(sources: SourceTree): string[] {
  return Object.keys(sources).filter((path) => /^[^/]+\.asm$/.test(path));
}

function report({ diagnostics }: AssembleResult): void {
  for (const { file, line, severity, text } of diagnostics) {
    const place = file === '' ? '' : `asm/${file}:${line > 0 ? `${line}:` : ''} `;
    console.error(`${place}${severity}: ${text}`);
  }
}

/** @returns whether the file was written. */
async function writeIfChanged(path: string, content: string | Uint8Array): Promise<boolean> {
  const old = await readFile(path).catch(() => null);
  if (old?.equals(Buffer.from(content))) return false;
  await writeFile(path, content);
  return true;
}

/** @returns false when a native NASM makes other bytes of the same source. */
async function checkNative(file: string, image: Uint8Array): Promise<boolean> {
  const run = promisify(execFile);
  const version = await run('nasm', ['-v']).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  );
  if (version === null) {
    console.log(`${file}: not compared, there is no nasm on the PATH`);
    return true;
  }
  const dir = await mkdtemp(join(tmpdir(), 'glassbox-asm-'));
  try {
    const out = join(dir, 'image');
    await run('nasm', ['-f', 'bin', '-I', `${SOURCES}/`, '-o', out, join(SOURCES, file)]);
    const same = (await readFile(out)).equals(image);
    console.log(`${file}: ${same ? 'the same bytes as' : 'DIFFERS from'} ${version}`);
    return same;
  } finally {
    await rm(dir, { recursive: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
