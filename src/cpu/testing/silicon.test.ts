// SPDX-License-Identifier: GPL-2.0-or-later
/** The engine contract, kept by the real CPU: what the suite asks of engines is the truth. */
import { describe } from 'vitest';
import { engineContract } from './contract.ts';
import { oracleMissing } from './oracle.ts';
import { createSiliconEngine } from './silicon.ts';

const missing = oracleMissing();
if (missing) console.warn(`skipped: the engine contract on silicon: ${missing}`);

describe.skipIf(missing)('the real CPU', () => {
  engineContract('silicon', createSiliconEngine, { except: ['an AVX instruction'] });
});
