// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../protocol/inspect.ts';
import { describeInstruction, type InstructionFacts } from './instruction-hover.ts';

const FLAGS = { read: [], written: [], cleared: [], set: [], undefined: [] };

function facts(then: string, now: string): InstructionFacts & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    // Every line has two instructions of a byte each.
    addressesOf: (_, line) => [0x100 + 2 * line, 0x101 + 2 * line],
    texts: () => ({ then, now }),
    rip: () => 0x105,
    explain: (address) => {
      asked.push(address);
      const explanation: Explanation = {
        ...{ address, bytes: new Uint8Array(1), text: 'rep movsb', mnemonic: 'movsb' },
        ...{ summary: 'Copies.', operands: [], flags: FLAGS, latency: '', formula: ['n = 3'] },
        ...{ form: '', encoding: '', extensions: [], next: true },
      };
      return Promise.resolve(explanation);
    },
    describe: (mnemonic) => Promise.resolve(mnemonic === 'add' ? 'Adds.' : null),
  };
}

describe('hovering over a mnemonic', () => {
  it('explains the line in the machine, of several instructions the next', async () => {
    const known = facts('a\nb\n', 'a\nb\n');
    expect((await describeInstruction(known, 'f.asm', 2, 'MOVSB')).join()).toContain('n = 3');
    expect((await describeInstruction(known, 'f.asm', 1, 'rep')).join()).toContain('n = 3');
    expect(known.asked).toEqual([0x105, 0x102]);
  });

  it('follows lines that have moved, and has no numbers for new ones', async () => {
    const known = facts('a\nb\n', 'a\nnew\nb\n');
    await describeInstruction(known, 'f.asm', 3, 'movsb');
    expect(known.asked).toEqual([0x105]);
    expect(await describeInstruction(known, 'f.asm', 2, 'add')).toEqual(['**add** Adds.']);
    expect(known.asked.length).toBe(1);
  });

  it('says nothing of words that are no instruction', async () => {
    expect(await describeInstruction(facts('a', 'a'), 'f.asm', 1, 'hidden')).toEqual([]);
  });
});
