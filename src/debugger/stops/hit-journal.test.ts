// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { Random } from '../../nn/random.ts';
import { HitJournal } from './hit-journal.ts';

describe('a hit journal', () => {
  it('agrees with a sorted set, whatever the order of the hits', () => {
    const random = new Random(7);
    for (let round = 0; round < 300; round++) {
      const journal = new HitJournal();
      const known = new Set<number>();
      for (let n = random.int(40); n > 0; n--) {
        const hit = random.int(60);
        expect(journal.note(hit)).toBe(!known.has(hit));
        known.add(hit);
      }
      const [at, cut] = [random.int(60), random.int(60)];
      const before = [...known].filter((hit) => hit <= at).length;
      expect(journal.upTo(at)).toBe(before);
      expect(journal.has(at)).toBe(known.has(at));
      expect(journal.numberOf(at)).toBe(known.has(at) ? before : before + 1);
      journal.forgetAfter(cut);
      expect(journal.upTo(100)).toBe([...known].filter((hit) => hit <= cut).length);
    }
  });

  it('goes on counting when it lets old hits go', () => {
    const journal = new HitJournal();
    const many = (1 << 20) + 10;
    for (let at = 1; at <= many; at++) journal.note(at);
    expect(journal.upTo(many)).toBe(many);
    expect(journal.numberOf(many)).toBe(many);
  });
});
