// SPDX-License-Identifier: GPL-2.0-or-later
/** Random whole programs: the real CPU, the translating engine and Unicorn end in the same state. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Oracle, ORACLE_CODE, oracleMissing } from '../testing/oracle.ts';
import { createUnicornEngine } from '../unicorn/engine.ts';
import type { RunResult } from '../cpu.ts';
import { isFloat } from '../float/execute.ts';
import { JitEngine } from './engine.ts';
import { allForms, type Form } from './testing/forms.ts';
import { PAST_PROGRAMS } from './testing/past.ts';
import {
  comparePrograms,
  describeProgram,
  makeProgram,
  programOf,
  runProgram,
  shrinkProgram,
  siliconRuns,
  type Program,
} from './testing/programs.ts';
import { Random } from './testing/random.ts';
import { Bench, differences } from './testing/three-way.ts';

const SEED = BigInt(process.env['FUZZ_SEED'] ?? 20_261_121);
const missing = oracleMissing();
if (missing) console.warn(`skipped: random programs against silicon: ${missing}`);

const bytesOf = (code: string): Uint8Array =>
  Uint8Array.from(code.match(/../g) ?? [], (pair) => parseInt(pair, 16));

describe.skipIf(missing)(`random programs (FUZZ_SEED=${SEED})`, () => {
  let oracle: Oracle;
  let jit: Bench;
  /** Gives everything its best translation as soon as it has run. */
  let hot: Bench;
  let unicorn: Bench;
  const random = new Random(SEED);
  const forms = allForms();
  const some = (from: readonly Form[], count: number): Program[] =>
    Array.from({ length: count }, () => makeProgram(from, random));

  beforeAll(async () => {
    oracle = await Oracle.create();
    jit = await Bench.make(async (m) => new JitEngine(m, await createUnicornEngine(m)));
    hot = await Bench.make(async (m) => new JitEngine(m, await createUnicornEngine(m), 0));
    unicorn = await Bench.make(createUnicornEngine);
  });
  afterAll(async () => {
    jit.engine.dispose();
    hot.engine.dispose();
    unicorn.engine.dispose();
    await oracle.dispose();
  });

  it.each([
    ['everything that is translated', 200, () => true],
    ['floating point', 100, ({ mnemonic }: Form) => isFloat(mnemonic) || /^Mov/.test(mnemonic)],
  ] as const)(
    'of %s, on silicon and in the translating engine',
    (_, count, fits) => {
      const programs = some(forms.filter(fits), count);
      const found = [
        ...comparePrograms(oracle, 'jit', jit, programs),
        ...comparePrograms(oracle, 'jit, hot', hot, programs),
      ];
      expect(found.slice(0, 3).map(describeProgram)).toEqual([]);
    },
    240_000,
  );

  it('of what Unicorn knows, in all three, with the same number of instructions', () => {
    const programs = some(
      forms.filter((f) => UNICORN_KNOWS.test(f.mnemonic)),
      100,
    );
    const truths = siliconRuns(oracle, programs);
    const wrong: string[] = [];
    let ended = 0;
    let refused = 0;
    programs.forEach((program, i) => {
      const truth = truths[i];
      if (!truth) throw new Error('the oracle gave too few answers');
      if (truth.signal === 5) ended++;
      const ours = runProgram(jit, program);
      const theirs = runProgram(unicorn, program);
      const tell = (engine: string, found: readonly string[]): void => {
        if (found.length > 0) wrong.push(describeProgram({ engine, program, differences: found }));
      };
      tell('jit', differences(program.snippet, ours, truth));
      if (theirs.stop.kind === 'fault' && theirs.stop.fault.code === 'unsupported') {
        refused++;
        return;
      }
      tell('unicorn', differences(program.snippet, theirs, truth));
      if (ours.executed !== theirs.executed) tell('jit', [`${ours.executed} instructions`]);
    });
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(ended).toBeGreaterThan(programs.length / 3); // most do not fault on their way
    expect(refused).toBeLessThan(programs.length / 2);
  }, 240_000);

  it.each(PAST_PROGRAMS)('$why', ({ code, seed }) => {
    const programs = [programOf(bytesOf(code), seed)];
    const found = [
      ...comparePrograms(oracle, 'jit', jit, programs),
      ...comparePrograms(oracle, 'jit, hot', hot, programs),
      ...comparePrograms(oracle, 'unicorn', unicorn, programs),
    ];
    expect(found.map(describeProgram)).toEqual([]);
  });

  it('shrinks a failure to what makes it', async () => {
    const program = some(forms, 50).find(({ units }) => units.length > 25 && units.length < 50);
    if (!program) throw new Error('no long program');
    const culprit = program.units[20];
    if (!culprit) throw new Error('no unit');
    const { code } = program.snippet;
    const { at, length } = culprit;
    const marked = code.slice(at, at + length);
    /** Goes wrong with whatever program has the culprit at its place. */
    class Broken extends JitEngine {
      override run(budget: number): RunResult {
        const result = super.run(budget);
        const now = memory.bytes.subarray(ORACLE_CODE + at, ORACLE_CODE + at + length);
        if (now.every((byte, i) => byte === marked[i])) memory.state.setGpr(3, 0n);
        return result;
      }
    }
    const bench = await Bench.make(async (m) => new Broken(m, await createUnicornEngine(m)));
    const { memory } = bench;
    const [failure] = comparePrograms(oracle, 'broken', bench, [program]);
    if (!failure) throw new Error('the broken engine did right');
    const shrunk = shrinkProgram(oracle, bench, failure).program.snippet.code;
    bench.engine.dispose();
    program.units.forEach((unit, i) => {
      const left = shrunk.subarray(unit.at, unit.at + unit.length);
      if (unit === culprit) expect(left).toEqual(marked);
      else expect(left.subarray(i === 0 ? 1 : 0).every((byte) => byte === 0x90)).toBe(true);
    });
    expect(shrunk[program.units[0]?.at ?? 0]).toBe(0xcc); // and it ends at once
  }, 120_000);
});

/** General registers and flags; of SSE what Unicorn has. */
const UNICORN_KNOWS =
  /^(Mov|Movzx|Movsxd?|Lea|Add|Sub|Adc|Sbb|And|Or|Xor|Cmp|Test|Inc|Dec|Neg|Not|Imul|Mul|Sh[lr]d?|Sar|Ro[lr]|Rc[lr]|Bt[src]?|Bs[fr]|Bswap|Cmov.*|Set.*|Xchg|Xadd|Cmpxchg|Cwde?|Cbw|Cdqe?|Cqo|Lahf|Sahf|Clc|Stc|Cmc|P(add|sub|and|or|xor|cmpeq)[bwdq]?|Movdq[au]|Movq)$/;
