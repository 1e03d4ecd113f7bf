// SPDX-License-Identifier: GPL-2.0-or-later
/** nasm.wasm against NASM on the bare machine: the same bytes, and a listing that agrees. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readSourceTree } from '../cli/node-assembler.ts';
import type { DebugInfo } from '../protocol/debug-info.ts';
import { type AssembledWell, say, testAssembler } from './testing/assemble.ts';
import { assembleNatively, findNativeNasm } from './testing/native-nasm.ts';

const STRESS = fileURLToPath(new URL('testing/stress', import.meta.url));
const ASM = fileURLToPath(new URL('../../asm', import.meta.url));

const native = findNativeNasm();
if (native.path === null) console.warn(`SKIPPED: comparison with native NASM: ${native.reason}`);

/** Programs are the .asm files directly under asm/, and the test images under asm/tests. */
const programs = ['', 'tests/'].flatMap((under) =>
  (existsSync(join(ASM, under)) ? readdirSync(join(ASM, under)) : [])
    .filter((name) => name.endsWith('.asm'))
    .map((name) => `${under}${name}`),
);

async function assembleHere(dir: string, main: string): Promise<AssembledWell> {
  const ours = await testAssembler().assemble({ sources: await readSourceTree(dir), main });
  if (!ours.ok) throw new Error(say(ours).join('\n'));
  return ours;
}

describe.skipIf(native.path === null)('native NASM', () => {
  test.each(programs)('makes the same bytes of asm/%s', async (main) => {
    const { image } = assembleNatively(native.path ?? '', ASM, main);
    expect(image.equals((await assembleHere(ASM, main)).image)).toBe(true);
  });

  test('makes the same bytes of the stress file, and its listing agrees with our lines', async () => {
    const { image, listing } = assembleNatively(native.path ?? '', STRESS, 'stress.asm');
    const ours = await assembleHere(STRESS, 'stress.asm');
    expect(image.equals(ours.image)).toBe(true);

    const rows = listedOutput(listing);
    expect(rows.length).toBeGreaterThan(80);
    const places = offsetsOfLines(ours.debug, 'stress.asm');
    const [struc, endstruc] = await structureLines();
    for (const { line, offset } of rows) {
      if (line > struc && line < endstruc) continue; // offsets in the structure, not in the image
      const known = places.get(line)?.some(([start, end]) => offset >= start && offset < end);
      expect(known, `listing line ${line}, offset ${offset}`).toBe(true);
    }
  });
});

/** First and last line of the one structure definition of the stress file, 1-based. */
async function structureLines(): Promise<[number, number]> {
  const lines = (await readFile(join(STRESS, 'stress.asm'), 'utf8')).split('\n');
  return [lines.indexOf('struc point') + 1, lines.indexOf('endstruc') + 1];
}

/**
 * Line and offset in its section of each row of the listing that shows bytes and belongs to the
 * main file itself. Deeper rows carry their depth, as `<1>`.
 */
function listedOutput(listing: string): { line: number; offset: number }[] {
  const found: { line: number; offset: number }[] = [];
  for (const row of listing.split('\n')) {
    const match = /^ *(\d+) ([0-9A-F]{8}) (\S.{18})(?! *<\d)/.exec(row);
    if (match) found.push({ line: Number(match[1]), offset: parseInt(match[2] ?? '', 16) });
  }
  return found;
}

/** Per line of one file, the ranges of section offsets that it made. */
function offsetsOfLines(debug: DebugInfo, path: string): Map<number, [number, number][]> {
  const file = debug.files.indexOf(path);
  const found = new Map<number, [number, number][]>();
  for (let i = 0; i < debug.lines.length; i += 4) {
    const [address = 0, length = 0, inFile, line = 0] = debug.lines.slice(i, i + 4);
    if (inFile !== file) continue;
    const section = debug.sections.find((s) => address >= s.start && address < s.start + s.size);
    const offset = address - (section?.start ?? NaN);
    found.set(line, [...(found.get(line) ?? []), [offset, offset + length]]);
  }
  return found;
}
