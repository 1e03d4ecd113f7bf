// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Every kernel of every rung that the emulated CPU has, in every engine, against the reference:
 * the calls and checks of native-kernels.test.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../cpu/cpu.ts';
import { createEngine, ENGINE_NAMES } from '../cpu/engines.ts';
import { GuestMemory } from '../machine/memory.ts';
import { runEmulated } from './testing/emulated.ts';
import { checkReplies, kernelCases, RUNGS } from './testing/kernel-cases.ts';
import { assemble, symbolAddress } from './testing/native.ts';

const RAM = 128 * 2 ** 20;
/** Milliseconds: a few seconds' work, on a machine that has much else to do. */
const SLOW = 240_000;

describe.each(ENGINE_NAMES)('kernels in %s', (name) => {
  const memory = new GuestMemory(RAM);
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine(name, memory);
  }, SLOW);
  afterAll(() => engine.dispose());

  describe.each(['f64', 'f32'] as const)('of %s', (precision) => {
    const main = `tests/kernels_${precision}.asm`;

    it.each(RUNGS.filter((rung) => !rung.startsWith('avx')))(
      '%s',
      async (rung) => {
        const { image } = await assemble(main);
        const cases = kernelCases(precision, rung, await symbolAddress(main, 'arena'));
        expect(cases.length).toBeGreaterThan(500);
        const input = Buffer.concat(cases.map((c) => c.request));
        const run = await runEmulated(engine, memory, image, [], input);
        expect(run).toMatchObject({ status: 0, stderr: '', fault: '' });
        expect(checkReplies(cases, run.stdout)).toEqual([]);
      },
      SLOW,
    );
  });
});
