// SPDX-License-Identifier: GPL-2.0-or-later
/** Every kernel of every rung, on the real CPU, against the reference (asm/tests/kernels.inc). */
import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { checkReplies, kernelCases, RUNGS } from './testing/kernel-cases.ts';
import {
  buildNative,
  runNative,
  scratchFolder,
  symbolAddress,
  whyNotRung,
} from './testing/native.ts';

describe.each(['f64', 'f32'] as const)('kernels of %s', (precision) => {
  const folder = scratchFolder();
  const main = `tests/kernels_${precision}.asm`;
  afterAll(() => rmSync(folder, { recursive: true }));

  for (const rung of RUNGS) {
    const why = whyNotRung(rung);
    it.skipIf(why !== null)(`${rung} ${why ?? ''}`, async () => {
      const program = await buildNative(main, folder);
      const cases = kernelCases(precision, rung, await symbolAddress(main, 'arena'));
      const input = Buffer.concat(cases.map((c) => c.request));
      const run = runNative(program, [], { input });
      expect(run.stderr).toBe('');
      expect(run.status).toBe(0);
      expect(checkReplies(cases, run.stdout)).toEqual([]);
      expect(cases.length).toBeGreaterThan(500);
    });
  }
});
