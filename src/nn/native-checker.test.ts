// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The checks of native-kernels.test.ts see what they are there to see: a kernel is spoiled in one way
 * at a time, and just its calls are reported, with just that fault.
 */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeAssembler, readSourceTree } from '../cli/node-assembler.ts';
import { checkReplies, kernelCases } from './testing/kernel-cases.ts';
import { PROJECT, runNative, scratchFolder, WHY_NOT_NATIVE } from './testing/native.ts';

const MAIN = 'tests/kernels_f64.asm';
const SOURCE = 'kernels/f64/scalar.asm';
/** void dense_update_scalar(f64 *w, const f64 *dw, u64 count, f64 rate) */
const VICTIM = 'dense_update_scalar:\n';

const FAULTS: readonly [string, readonly string[], RegExp][] = [
  ['spoils rbx', ['mov ebx, 1'], /broke a callee-saved register or rsp$/],
  ['spoils the upper half of r15', ['bts r15, 63'], /broke a callee-saved register or rsp$/],
  [
    'returns with another rsp',
    ['ret 8'],
    /broke (a callee-saved register or rsp|the stack)$|number/,
  ],
  ['writes above its frame', ['mov qword [rsp + 16], 0'], /broke the stack$/],
  [
    'flushes subnormals to zero',
    ['push 0x9fc0', 'ldmxcsr [rsp]', 'pop rax'],
    /broke mxcsr$|number/,
  ],
  ['leaves the direction flag set', ['std'], /broke the direction flag$/],
  ['writes in front of its array', ['mov byte [rdi - 1], 0'], /changed byte \d+ of the arena/],
  ['writes behind its array', ['mov byte [rdi + rdx * 8], 0'], /changed byte \d+ of the arena/],
  ['writes to its input', ['xor byte [rsi], 1'], /changed byte|number/],
  ['does nothing', ['ret'], /number \d+ is|more numbers are wrong/],
  ['errs in the last bit', ['xor byte [rdi], 1'], /number 0 is|changed byte/],
];

describe.skipIf(WHY_NOT_NATIVE !== null)(
  `the checks of a kernel ${WHY_NOT_NATIVE ?? 'on the real CPU'}`,
  () => {
    const folder = scratchFolder();
    let sources: Record<string, string | Uint8Array> = {};
    beforeAll(async () => {
      sources = await readSourceTree(join(PROJECT, 'asm'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    /** What the checks say of all scalar kernels, with these lines at the start of one. */
    async function problems(lines: readonly string[]): Promise<string[]> {
      const text = String(sources[SOURCE]);
      expect(text.split(VICTIM)).toHaveLength(2);
      const spoiled = text.replace(VICTIM, `${VICTIM}${lines.map((l) => `    ${l}\n`).join('')}`);
      const assembler = await nodeAssembler();
      const made = await assembler.assemble({
        sources: { ...sources, [SOURCE]: spoiled },
        main: MAIN,
      });
      if (!made.ok) throw new Error(made.diagnostics.map((d) => d.text).join('\n'));
      const program = join(folder, 'kernels');
      writeFileSync(program, made.image);
      chmodSync(program, 0o755);
      const arena = made.debug.symbols.find(({ name }) => name === 'arena')?.address ?? NaN;
      const cases = kernelCases('f64', 'scalar', arena);
      const run = runNative(program, [], { input: Buffer.concat(cases.map((c) => c.request)) });
      expect(run.status).toBe(0);
      return checkReplies(cases, run.stdout);
    }

    it('find nothing wrong when nothing is', async () => {
      expect(await problems([])).toEqual([]);
    });

    it.each(FAULTS)('find a kernel that %s', async (_, lines, message) => {
      const found = await problems(lines);
      expect(found.length).toBeGreaterThan(0);
      for (const problem of found) {
        expect(problem).toMatch(/^f64 scalar denseUpdate /);
        expect(problem).toMatch(message);
      }
    });
  },
);
