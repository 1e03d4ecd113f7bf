// SPDX-License-Identifier: GPL-2.0-or-later
/** What the debugger's means cost a program at full speed in the JIT: watchpoints, the profile. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExecutionProfile } from '../../cpu/profile.ts';
import type { WatchpointSpec, WatchWhen } from '../../protocol/breakpoints.ts';
import type { DebugInfo } from '../../shared/debug-info.ts';
import { PROJECT } from '../digits-files.ts';
import { train, type Prepare, type Run } from './epoch.ts';
import { figure, table } from './table.ts';

const DEBUG = join(PROJECT, 'public/images/sigmoid.debug.json');
const ROUNDS = 3;
/** At most as many times slower with a watchpoint. */
const GOAL = 3;

const ANY: WatchWhen = { kind: 'any' };

/** An element of a tensor of f64, by its flat index. */
function element(debug: DebugInfo, tensor: string, index: number): number {
  const found = debug.tensors.find(({ name }) => name === tensor);
  if (found?.type !== 'f64') throw new Error(`the program has no f64 tensor ${tensor}`);
  return found.address + index * 8;
}

function watching(address: number, access: WatchpointSpec['access'], when: WatchWhen): Prepare {
  return ({ session }) => {
    const watched = { id: 'w', enabled: true, label: '', address, length: 8, type: 'f64' } as const;
    const [problem] = session.setStops([], [{ ...watched, access, when }]);
    if (problem) throw new Error(problem.message);
    return () => undefined;
  };
}

/** Counts all instructions, and afterwards makes sure that none is missing. */
function profiling({ engine, memory }: Run): () => void {
  const profile = new ExecutionProfile();
  engine.setProfile(profile);
  return () => {
    engine.setProfile(null);
    const counted = [...profile.counts.values()].reduce((sum, n) => sum + n, 0);
    if (counted !== memory.state.instructions) throw new Error('the profile is not exact');
  };
}

/**
 * Prints how many times slower a training epoch is with each means of observing it.
 * @param data folder of a data set
 * @param limit images of the epoch
 */
export async function benchDebug(data: string, limit: number): Promise<void> {
  const debug = JSON.parse(readFileSync(DEBUG, 'utf8')) as DebugInfo;
  const weight = element(debug, 'w1', 371 * 32 + 7);
  const cases: readonly (readonly [string, Prepare])[] = [
    ['nothing observed', () => () => undefined],
    ['a watchpoint where nobody writes', watching(debug.entry, 'write', ANY)],
    ['a weight of w1, when it becomes NaN', watching(weight, 'write', { kind: 'nan' })],
    ['the same, read or written', watching(weight, 'access', { kind: 'nan' })],
    ['the profile, exact', profiling],
  ];
  const best = cases.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, [, prepare]] of cases.entries()) {
      best[i] = Math.min(best[i] ?? Infinity, await train(data, limit, false, prepare));
    }
  }
  const [plain = NaN] = best;
  console.log(`Observing an epoch over ${limit} images in the JIT (goal: ${GOAL} x)\n`);
  console.log(
    table(
      ['observed', 'processor time, ms', 'times'],
      cases.map(([name], i) => {
        const ms = best[i] ?? NaN;
        return [name, figure(ms), `${figure(ms / plain)} x`];
      }),
    ),
  );
}
