// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, it } from 'vitest';
import { TrainingRecord } from './training-record.ts';

function record(...moments: [at: number, seen: number][]): TrainingRecord {
  const made = new TrainingRecord();
  for (const [instructions, seen] of moments) {
    made.add({ event: 'batch_end', instructions, values: [seen] }, seen);
  }
  return made;
}

describe('the record of a training', () => {
  it('knows how much had been seen at a moment', () => {
    const known = record([100, 32], [200, 64], [300, 96]);
    expect(known.seenAt(50)).toBe(0);
    expect(known.seenAt(100)).toBe(32);
    expect(known.seenAt(150)).toBe(48);
    expect(known.seenAt(900)).toBe(96);
    expect(record().seenAt(1)).toBe(null);
  });

  it('drops what another course of events contradicts', () => {
    const known = record([100, 32], [200, 64], [300, 96]);
    expect(known.backTo(301)).toBe(null);
    expect(known.backTo(200)).toEqual([[32]]);
    expect(known.seenAt(300)).toBe(32);
  });

  it('keeps the course of a very long training', () => {
    const known = new TrainingRecord();
    for (let i = 1; i <= 150_000; i++) {
      known.add({ event: 'batch_end', instructions: i * 10, values: [i] }, i * 32);
    }
    expect(known.seenAt(1_500_000)).toBe(150_000 * 32);
    expect(known.seenAt(500_000)).toBeCloseTo(50_000 * 32, -3);
  });
});
