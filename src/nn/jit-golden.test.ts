// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Training in the translating engine: to the byte what is written down in golden.json and
 * golden-relu.json, and over one whole epoch what the real CPU makes of the same program.
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../cpu/cpu.ts';
import { createEngine } from '../cpu/engines.ts';
import { MemoryFiles } from '../machine/memory-files.ts';
import { GuestMemory } from '../machine/memory.ts';
import { IDX_FILES } from './idx.ts';
import { runEmulated } from './testing/emulated.ts';
import {
  assemble,
  buildNative,
  embeddedDigits,
  PROJECT,
  runNative,
  scratchFolder,
  WHY_NOT_NATIVE,
  withoutTimes,
} from './testing/native.ts';

if (WHY_NOT_NATIVE !== null) console.warn(`skipped: an epoch against silicon: ${WHY_NOT_NATIVE}`);

interface Golden {
  readonly train: {
    readonly options: readonly string[];
    readonly weightsSha256: string;
    readonly lines: readonly string[];
  };
}

interface Trained {
  readonly weights: Uint8Array;
  readonly lines: readonly string[];
}

const DATA = 'data/digits';
const WEIGHTS = 'trained.bin';
const EPOCH = ['--epochs', '1', '--seed', '1'];

const linesOf = (output: Buffer): string[] =>
  withoutTimes(output)
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('Saved '));

describe.each([
  ['sigmoid', 'golden.json'],
  ['relu', 'golden-relu.json'],
])('%s in the translating engine', (name, file) => {
  const memory = new GuestMemory();
  const scratch = scratchFolder();
  let folder: string;
  let engine: Engine;
  beforeAll(async () => {
    ({ folder } = await embeddedDigits());
    engine = await createEngine('jit', memory);
  });
  afterAll(() => {
    engine.dispose();
    rmSync(scratch, { recursive: true });
  });

  async function train(options: readonly string[]): Promise<Trained> {
    const { image } = await assemble(`${name}.asm`);
    const files = new MemoryFiles();
    for (const part of IDX_FILES) files.put(`${DATA}/${part}`, readFileSync(join(folder, part)));
    const args = ['train', '--data', DATA, '--weights', WEIGHTS, ...options];
    const run = await runEmulated(engine, memory, image, args, undefined, files);
    expect(run).toMatchObject({ status: 0, stderr: '', fault: '' });
    return { weights: files.get(WEIGHTS) ?? new Uint8Array(0), lines: linesOf(run.stdout) };
  }

  it(`gives the bytes of ${file}`, async () => {
    const path = join(PROJECT, 'src/nn', file);
    const { options, weightsSha256, lines } = (JSON.parse(readFileSync(path, 'utf8')) as Golden)
      .train;
    const trained = await train(options);
    expect(trained.lines).toEqual(lines);
    expect(createHash('sha256').update(trained.weights).digest('hex')).toBe(weightsSha256);
  }, 240_000);

  it.skipIf(WHY_NOT_NATIVE !== null)(
    'trains an epoch to the very bytes of the real CPU',
    async () => {
      const weights = join(scratch, WEIGHTS);
      const program = await buildNative(`${name}.asm`, scratch);
      const args = ['train', '--data', folder, '--weights', weights, ...EPOCH];
      const native = runNative(program, args);
      const trained = await train(EPOCH);
      expect(trained.lines).toEqual(linesOf(native.stdout));
      expect(trained.weights.length).toBeGreaterThan(0);
      expect(Buffer.compare(trained.weights, readFileSync(weights))).toBe(0);
    },
    240_000,
  );
});
