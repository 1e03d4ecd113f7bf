// SPDX-License-Identifier: GPL-2.0-or-later
/** Floating point in software against the real CPU: every form, every rounding mode, every flag. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addr } from '../../shared/brand.ts';
import { hex, hexBytes } from '../../shared/format.ts';
import { PAGE_SIZE, PROT } from '../../machine/layout.ts';
import { GuestMemory } from '../../machine/memory.ts';
import { DATA_BYTES, makeSample, makeSnippet } from '../jit/testing/cases.ts';
import { allForms } from '../jit/testing/forms.ts';
import { Random } from '../jit/testing/random.ts';
import { executeFloatInSoftware } from '../software.ts';
import { Oracle, ORACLE_DATA, oracleMissing } from '../testing/oracle.ts';
import { isFloat } from './execute.ts';

const SEED = BigInt(process.env['FUZZ_SEED'] ?? 20_261_121);
const missing = oracleMissing();
if (missing) console.warn(`skipped: floating point against silicon: ${missing}`);

describe.skipIf(missing)(`floating point in software (FUZZ_SEED=${SEED})`, () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await Oracle.create();
  });
  afterAll(() => oracle.dispose());

  it('is what silicon computes and raises, in every mode of MXCSR', () => {
    const random = new Random(SEED);
    const forms = allForms().filter((f) => isFloat(f.mnemonic));
    expect(new Set(forms.map((f) => f.mnemonic)).size).toBeGreaterThan(60);
    const memory = new GuestMemory(0x4000000);
    memory.protect(addr(ORACLE_DATA), PAGE_SIZE, PROT.read | PROT.write);
    const cases = [];
    for (let made = 0; made < 1500;) {
      const snippet = makeSnippet(forms, 1, random);
      if (!snippet) continue;
      made++;
      for (let i = 0; i < 16; i++) {
        const sample = makeSample(snippet, random);
        const modes = (random.below(4) << 13) | random.pick([0, 0, 0x40, 0x8000, 0x8040]);
        sample.state.mxcsr = 0x1f80 | modes | random.pick([0, 0, 0x20, random.below(64)]);
        cases.push({ code: snippet.code, text: snippet.insns[0]?.mnemonic, ...sample });
      }
    }
    const truths = oracle.run(cases, DATA_BYTES);
    const wrong: string[] = [];
    cases.forEach((item, i) => {
      const truth = truths[i];
      if (truth?.signal !== 5) return; // faults are for the engines
      memory.write(addr(ORACLE_DATA), item.data);
      memory.state.bytes.set(item.state.bytes);
      const done = executeFloatInSoftware(memory, item.code);
      const differs: string[] = done ? [] : ['not executed'];
      const { state } = memory;
      for (let r = 0; r < 16; r++) {
        const [ours, theirs] = [state, truth.state].map((s) => hexBytes(s.xmm(r)));
        if (ours !== theirs) differs.push(`xmm${r} ${ours}, silicon ${theirs}`);
        if (state.gpr(r) !== truth.state.gpr(r)) {
          differs.push(`r${r} ${hex(state.gpr(r))}, silicon ${hex(truth.state.gpr(r))}`);
        }
      }
      if (state.mxcsr !== truth.state.mxcsr) {
        differs.push(`mxcsr ${hex(state.mxcsr)}, silicon ${hex(truth.state.mxcsr)}`);
      }
      if (state.rflags !== truth.state.rflags) differs.push('flags');
      if (state.rip !== truth.state.rip) differs.push('rip');
      if (differs.length === 0) return;
      const source = hexBytes(item.state.bytes.subarray(0x100));
      wrong.push(
        `${item.text} ${hexBytes(item.code)} from ${hex(item.state.mxcsr)}: ${differs.join('; ')} [${source}]`,
      );
    });
    expect(wrong.slice(0, 5)).toEqual([]);
  }, 120_000);
});
