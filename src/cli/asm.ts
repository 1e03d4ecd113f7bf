// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * `npm run asm`: assembles every program directly under asm/ into public/images/.
 *
 *     npm run asm [-- --check-native] [-- --sources DIR --out DIR]
 *
 * For asm/NAME.asm it writes public/images/NAME (an executable) and NAME.debug.json, where they
 * differ from what is there. Diagnostics go to stderr as `file:line: severity: text`; the status
 * is 1 when a program does not assemble. `--check-native` also assembles with the `nasm` on the
 * PATH, if there is one, and compares the bytes. `--sources` and `--out` name other directories.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import type { AssembleResult, SourceTree } from '../protocol/assembler.ts';
import { nodeAssembler, readSourceTree } from './node-assembler.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

type Assembled = Extract<AssembleResult, { ok: true }>;

interface Options {
  readonly sources: string;
  readonly out: string;
  readonly checkNative: boolean;
}

async function main(args: string[]): Promise<number> {
  const options = parse(args);
  if (!options) return 2;
  const [assembler, sources] = await Promise.all([
    nodeAssembler(),
    readSourceTree(options.sources),
  ]);
  const programs = mainFiles(sources);
  if (programs.length === 0) {
    console.error(`asm: there is no program in ${shown(options.sources)}`);
    return 1;
  }
  await mkdir(options.out, { recursive: true });
  let failed = false;
  for (const file of programs) {
    const result = await assembler.assemble({ sources, main: file });
    report(options.sources, result);
    if (!result.ok) {
      console.error(`asm: ${file} does not assemble`);
      failed = true;
      continue;
    }
    await save(join(options.out, file.replace(/\.asm$/, '')), result);
    if (options.checkNative && !(await sameNatively(options.sources, file, result.image))) {
      failed = true;
    }
  }
  return failed ? 1 : 0;
}

function parse(args: string[]): Options | null {
  try {
    const { values } = parseArgs({
      args,
      options: {
        sources: { type: 'string', default: join(ROOT, 'asm') },
        out: { type: 'string', default: join(ROOT, 'public', 'images') },
        'check-native': { type: 'boolean', default: false },
      },
    });
    return { sources: values.sources, out: values.out, checkNative: values['check-native'] };
  } catch (error) {
    console.error(`asm: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

/** Writes image and debug info, and says on one line what they are. */
async function save(path: string, { image, debug, ms }: Assembled): Promise<void> {
  await writeIfChanged(`${path}.debug.json`, `${JSON.stringify(debug)}\n`, 0o644);
  const changed = await writeIfChanged(path, image, 0o755);
  const sections = debug.sections.map((s) => `${s.name} ${s.size}`).join(', ');
  const what = `${image.length} bytes (${sections}), ${Math.round(ms)} ms`;
  console.log(`${basename(path)}: ${what}${changed ? '' : ', unchanged'}`);
}

/** Programs are the .asm files directly under asm/; what lies deeper is included by them. */
function mainFiles(sources: SourceTree): string[] {
  return Object.keys(sources).filter((path) => /^[^/]+\.asm$/.test(path));
}

function report(dir: string, { diagnostics }: AssembleResult): void {
  for (const { file, line, severity, text } of diagnostics) {
    const place = file === '' ? '' : `${shown(join(dir, file))}:${line > 0 ? `${line}:` : ''} `;
    console.error(`${place}${severity}: ${text}`);
  }
}

/** A path as people here would type it. */
function shown(path: string): string {
  return relative(process.cwd(), path);
}

/**
 * Replaces a file in one step, so that whoever reads it meanwhile finds the old or the new one.
 * @returns whether there was anything to write.
 */
async function writeIfChanged(
  path: string,
  content: string | Uint8Array,
  mode: number,
): Promise<boolean> {
  const old = await readFile(path).catch(() => null);
  if (old?.equals(Buffer.from(content))) return false;
  const fresh = `${path}.${process.pid}.new`;
  await writeFile(fresh, content);
  await chmod(fresh, mode); // not writeFile's mode, which the umask would cut
  await rename(fresh, path);
  return true;
}

/** @returns false when a native NASM makes other bytes of the same source. */
async function sameNatively(dir: string, file: string, image: Uint8Array): Promise<boolean> {
  const run = promisify(execFile);
  const version = await run('nasm', ['-v']).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  );
  if (version === null) {
    console.log(`${file}: not compared, there is no nasm on the PATH`);
    return true;
  }
  const scratch = await mkdtemp(join(tmpdir(), 'glassbox-asm-'));
  try {
    const out = join(scratch, 'image');
    await run('nasm', ['-f', 'bin', '-I', `${dir}/`, '-o', out, join(dir, file)]);
    const same = (await readFile(out)).equals(image);
    console.log(`${file}: ${same ? 'the same bytes as' : 'DIFFERS from'} ${version}`);
    return same;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
