// SPDX-License-Identifier: GPL-2.0-or-later
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { sha256 } from './sha256.ts';

test('agrees with Node at every length around the block size', () => {
  for (const length of [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000, 65537]) {
    const data = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
    expect(sha256(data), `${length} bytes`).toBe(createHash('sha256').update(data).digest('hex'));
  }
});
