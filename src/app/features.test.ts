// SPDX-License-Identifier: GPL-2.0-or-later
import { expect, it } from 'vitest';
import { missingFeature } from './features.ts';

it('names what a browser lacks, or nothing', () => {
  const all = { WebAssembly: {}, Worker: {}, BigInt: {}, ResizeObserver: {} };
  expect(missingFeature(all)).toBeNull();
  expect(missingFeature({ ...all, WebAssembly: undefined })).toContain('lacks WebAssembly,');
});
