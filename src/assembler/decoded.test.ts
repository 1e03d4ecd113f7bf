// SPDX-License-Identifier: GPL-2.0-or-later
/** The line table against an independent witness: a decoder that sees nothing but the bytes. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Code, Decoder, DecoderOptions } from 'iced-x86';
import { expect, test } from 'vitest';
import { readSourceTree } from '../cli/node-assembler.ts';
import { runNasm } from './nasm.ts';
import { parseRecords, type Records, type Run } from './records.ts';

const NASM = new WebAssembly.Module(
  readFileSync(new URL('../../wasm/nasm/nasm.wasm', import.meta.url)),
);
const STRESS = fileURLToPath(new URL('testing/stress', import.meta.url));
const ASM = fileURLToPath(new URL('../../asm', import.meta.url));

const programs = ['sigmoid.asm', 'relu.asm'].filter((main) => existsSync(`${ASM}/${main}`));

test.each([
  ['the stress file', STRESS, 'stress.asm'],
  ...programs.map((main) => [main, ASM, main]),
])('each line of %s starts and ends between instructions', async (_name, dir = '', main = '') => {
  const { image, records: text } = runNasm(NASM, await readSourceTree(dir), main);
  if (!image || text === null) throw new Error('does not assemble');
  const records = parseRecords(text);
  let instructions = 0;
  for (const stretch of stretches(records)) {
    const start = stretch[0]?.address ?? 0;
    const end = stretch.reduce((_, run) => run.address + run.length, 0);
    const boundaries = decode(
      image.subarray(offsetOf(records, start), offsetOf(records, end)),
      start,
    );
    instructions += boundaries.size;
    for (const run of stretch) {
      expect(boundaries.has(run.address), `${run.address.toString(16)}, line ${run.line}`).toBe(
        true,
      );
    }
    expect(boundaries.has(end)).toBe(false); // the last instruction ends there, none begins
  }
  expect(instructions).toBeGreaterThan(100);
});

/** Runs of instructions without a gap between them. */
function stretches({ runs }: Records): Run[][] {
  const found: Run[][] = [];
  let end = -1;
  for (const run of runs) {
    if (run.kind !== 'instruction') continue;
    if (run.address === end) found.at(-1)?.push(run);
    else found.push([run]);
    end = run.address + run.length;
  }
  return found;
}

/** Code is in the first section here, which the image begins with. */
function offsetOf({ sections }: Records, address: number): number {
  const text = sections.find((section) => section.name === '.text');
  if (!text) throw new Error('no .text');
  return address - text.start;
}

/** Where instructions begin. Throws when the bytes are none, or the last one is cut off. */
function decode(bytes: Uint8Array, start: number): Set<number> {
  const decoder = new Decoder(64, bytes, DecoderOptions.None);
  const found = new Set<number>();
  decoder.ip = BigInt(start);
  while (decoder.canDecode) {
    const at = Number(decoder.ip);
    const instruction = decoder.decode();
    if (instruction.code === Code.INVALID) throw new Error(`no instruction at ${at.toString(16)}`);
    instruction.free();
    found.add(at);
  }
  decoder.free();
  return found;
}
