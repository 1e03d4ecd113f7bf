// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Unicorn behind its guard against the real CPU: every opcode with random operands. What the guard
 * lets through must end in the same state; `FUZZ_SEED` and `FUZZ_ROUNDS` ask for other cases.
 */
import { describe, expect, it } from 'vitest';
import { createEngine } from '../engines.ts';
import { guard } from '../guard.ts';
import { differences, oracleMemory, runCase } from '../testing/compare.ts';
import { instructionCase, Random, type InstructionCase } from '../testing/instruction-cases.ts';
import { Oracle, ORACLE_CODE, oracleMissing } from '../testing/oracle.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? 20);
const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 6);
const missing = oracleMissing();
if (missing) console.warn(`skipped: ${missing}`);

/** Silicon features that the guard's software serves; the test machine may lack lzcnt or tzcnt. */
const SKIPPED = new Set(['Lzcnt', 'Tzcnt', 'Ldmxcsr']);

function makeCases(): InstructionCase[] {
  const random = new Random(seed);
  const cases: InstructionCase[] = [];
  for (let round = 0; round < rounds; round++) {
    for (let opcode = 0; opcode < 0x200; opcode++) {
      const item = instructionCase(random, opcode, () => true);
      if (!item || SKIPPED.has(item.mnemonic)) continue;
      const [looked] = guard(item.code, ORACLE_CODE, 1);
      if (looked && looked.kind !== 'unsupported') cases.push(item);
    }
  }
  return cases;
}

describe.skipIf(missing !== null)('Unicorn and silicon', () => {
  it(`agree on every instruction that the guard lets through (seed ${seed})`, async () => {
    const cases = makeCases();
    expect(cases.length).toBeGreaterThan(rounds * 150);
    const oracle = await Oracle.create();
    const truths = oracle.run(cases);
    await oracle.dispose();
    const memory = oracleMemory();
    const engine = await createEngine('unicorn', memory);
    const wrong: string[] = [];
    cases.forEach((item, i) => {
      const run = runCase(memory, engine, item);
      const truth = truths[i];
      if (!truth) throw new Error('the oracle gave too few answers');
      const found = differences(memory, run, item, truth);
      if (found.length > 0) wrong.push(`${item.text} at ${i}: ${found.join('; ')}`);
    });
    engine.dispose();
    expect(wrong).toEqual([]);
  });
});
