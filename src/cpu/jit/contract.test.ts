// SPDX-License-Identifier: GPL-2.0-or-later
import { engineContract } from '../testing/contract.ts';
import { profileContract } from '../testing/profile-contract.ts';
import { storesContract } from '../testing/stores-contract.ts';
import { watchContract } from '../testing/watch-contract.ts';
import { createUnicornEngine } from '../unicorn/engine.ts';
import { JitEngine } from './engine.ts';

const NAME = 'the translating engine';

engineContract(NAME, async (memory) => new JitEngine(memory, await createUnicornEngine(memory)));
watchContract(NAME, async (memory) => new JitEngine(memory, await createUnicornEngine(memory)));
profileContract(NAME, async (memory) => new JitEngine(memory, await createUnicornEngine(memory)));
storesContract(NAME, async (memory) => new JitEngine(memory, await createUnicornEngine(memory)));
