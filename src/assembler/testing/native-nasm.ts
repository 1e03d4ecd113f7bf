// SPDX-License-Identifier: GPL-2.0-or-later
/** A native NASM of the very version in nasm.wasm, for tests that compare with it. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '2.16.01';
const CACHE = fileURLToPath(new URL('../../../.cache/native-nasm/', import.meta.url));

export type NativeNasm =
  | { readonly path: string }
  /** Why there is none, for the skip message. */
  | { readonly path: null; readonly reason: string };

/** The `nasm` on the PATH, or Debian's package unpacked under .cache/; both only if 2.16.01. */
export function findNativeNasm(): NativeNasm {
  if (isRightVersion('nasm')) return { path: 'nasm' };
  const unpacked = join(CACHE, 'usr/bin/nasm');
  if (existsSync(unpacked)) {
    if (isRightVersion(unpacked)) return { path: unpacked };
    return { path: null, reason: `${unpacked} is not NASM ${VERSION}` };
  }
  mkdirSync(CACHE, { recursive: true });
  try {
    execFileSync('apt-get', ['download', '-q', 'nasm'], {
      cwd: CACHE,
      stdio: 'ignore',
      timeout: 60_000,
    });
    const deb = readdirSync(CACHE).find((name) => name.endsWith('.deb'));
    if (deb === undefined) return { path: null, reason: 'apt-get download nasm left no package' };
    execFileSync('dpkg-deb', ['-x', deb, '.'], { cwd: CACHE, stdio: 'ignore', timeout: 60_000 });
  } catch {
    return { path: null, reason: `no nasm ${VERSION} on the PATH, and apt has none to give` };
  }
  if (isRightVersion(unpacked)) return { path: unpacked };
  return { path: null, reason: `the nasm that apt gives is not ${VERSION}` };
}

function isRightVersion(path: string): boolean {
  try {
    const version = execFileSync(path, ['-v'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
    return version.startsWith(`NASM version ${VERSION}`);
  } catch {
    return false;
  }
}

/** What native NASM makes of `dir/main` with `-f bin -I dir/`, and the listing of it. */
export function assembleNatively(
  nasm: string,
  dir: string,
  main: string,
): { image: Buffer; listing: string } {
  const scratch = mkdtempSync(join(tmpdir(), 'glassbox-nasm-'));
  try {
    const image = join(scratch, 'image');
    const listing = join(scratch, 'listing');
    // Warnings are not wanted here; an error makes execFileSync throw with NASM's words.
    const options = ['-f', 'bin', '-w-all', '-I', `${dir}/`, '-o', image, '-l', listing];
    execFileSync(nasm, [...options, join(dir, main)], { stdio: ['ignore', 'ignore', 'pipe'] });
    return { image: readFileSync(image), listing: readFileSync(listing, 'utf8') };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
