// SPDX-License-Identifier: GPL-2.0-or-later
import { engineContract } from '../testing/contract.ts';
import { createUnicornEngine } from '../unicorn/engine.ts';
import { JitEngine } from './engine.ts';

engineContract(
  'the translating engine',
  async (memory) => new JitEngine(memory, await createUnicornEngine(memory)),
);
