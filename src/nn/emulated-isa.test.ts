// SPDX-License-Identifier: GPL-2.0-or-later
/** `--isa` on the emulated CPU, which has no AVX: refused in one line, and `auto` knows it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../cpu/cpu.ts';
import { createEngine, ENGINE_NAMES } from '../cpu/engines.ts';
import { GuestMemory } from '../machine/memory.ts';
import { type EmulatedRun, runEmulated } from './testing/emulated.ts';
import { assemble, embeddedDigits, PROJECT } from './testing/native.ts';

const TEST_FILES = ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'];

/** Milliseconds: the engines are slow to come up on a busy machine. */
const LONG = 300_000;

describe.each(ENGINE_NAMES)('--isa in %s', (name) => {
  const memory = new GuestMemory();
  let engine: Engine;
  let digits: [string, Uint8Array][];
  beforeAll(async () => {
    engine = await createEngine(name, memory);
    const { folder } = await embeddedDigits();
    digits = TEST_FILES.map((file) => [`data/digits/${file}`, readFileSync(join(folder, file))]);
  }, LONG);
  afterAll(() => engine.dispose());

  async function test(program: string, isa: string): Promise<EmulatedRun> {
    const { image } = await assemble(`${program}.asm`);
    const weights = `data/weights/${program}.bin`;
    const files = Object.fromEntries([
      ...digits,
      [weights, readFileSync(join(PROJECT, weights))] as const,
    ]);
    const args = ['test', '--data', 'data/digits', '--weights', weights, '--limit', '3'];
    return runEmulated(engine, memory, image, [...args, '--isa', isa], undefined, files);
  }

  describe.each(['sigmoid', 'relu'])('%s', (program) => {
    it.each(['avx2', 'avx512'])('%s is refused in one line', async (isa) => {
      expect(await test(program, isa)).toMatchObject({
        status: 2,
        fault: '',
        stderr: `${program}: --isa: this CPU does not have ${isa}\n`,
        stdout: Buffer.alloc(0),
      });
    });

    it('auto takes sse2, says so, and reads the same digits', async () => {
      const auto = await test(program, 'auto');
      const sse2 = await test(program, 'sse2');
      expect(sse2).toMatchObject({ status: 0, stderr: '', fault: '' });
      expect(sse2.stdout.toString()).toContain('Overall accuracy: ');
      expect(auto).toMatchObject({ status: 0, stderr: '', fault: '' });
      expect(auto.stdout.toString()).toBe(`Kernels: sse2 (auto)\n${sse2.stdout.toString()}`);
    });
  });
});
