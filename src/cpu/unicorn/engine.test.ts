// SPDX-License-Identifier: GPL-2.0-or-later
import { engineContract } from '../testing/contract.ts';
import { createUnicornEngine } from './engine.ts';

engineContract('Unicorn', createUnicornEngine);
