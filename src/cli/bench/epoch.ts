// SPDX-License-Identifier: GPL-2.0-or-later
/** One training epoch of `sigmoid` on the JIT under Node, in a session as in the page. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../cpu/cpu.ts';
import { createEngine } from '../../cpu/engines.ts';
import { Session } from '../../debugger/session.ts';
import { TimeFiles } from '../../debugger/time/time-files.ts';
import { hostClock } from '../../machine/clock.ts';
import { GuestMemory } from '../../machine/memory.ts';
import { MemoryFiles } from '../../machine/memory-files.ts';
import { Process } from '../../machine/process.ts';
import { IDX_FILES } from '../../nn/idx.ts';
import { PROJECT } from '../digits-files.ts';

const IMAGE = join(PROJECT, 'public/images/sigmoid');

/** Milliseconds between a stop and the work at rest, as in the page. */
const IDLE = 30;

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

export interface Run {
  readonly session: Session;
  readonly engine: Engine;
  readonly memory: GuestMemory;
  readonly dispose: () => void;
}

/** The training program at its entry, with the data set in memory. */
export async function boot(data: string, limit: number, record: boolean): Promise<Run> {
  const memory = new GuestMemory();
  const base = new MemoryFiles(
    Object.fromEntries(
      IDX_FILES.map((name) => [`data/${name}`, new Uint8Array(readFileSync(join(data, name)))]),
    ),
  );
  const files = record ? new TimeFiles(base, () => memory.state.instructions) : null;
  const args = `train --data data --weights out.bin --seed 1 --epochs 1 --limit ${limit}`;
  const image = new Uint8Array(readFileSync(IMAGE));
  const started = Process.start(memory, image, ['sigmoid', ...args.split(' ')], {
    fs: files ?? base,
    clock: hostClock(),
    random: (bytes) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>),
    output: () => undefined,
  });
  if (!started.ok) throw new Error(started.error);
  const engine = await createEngine('jit', memory);
  const session = new Session({
    memory,
    process: started.value,
    engine,
    debug: null,
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    idle: () => pause(IDLE),
    now: () => performance.now(),
    recording: record ? { files } : null,
  });
  const dispose = (): void => {
    session.dispose();
    engine.dispose();
  };
  return { session, engine, memory, dispose };
}

/** Begins to observe. @returns how it is made sure that it worked. */
export type Prepare = (run: Run) => () => void;

/**
 * Runs the epoch to its end.
 * @param record whether the run is recorded
 * @returns milliseconds of processor time, of all threads of this process
 */
export async function train(
  data: string,
  limit: number,
  record: boolean,
  prepare: Prepare = () => () => undefined,
): Promise<number> {
  const run = await boot(data, limit, record);
  const check = prepare(run);
  const before = process.cpuUsage();
  const stop = await run.session.run({ kind: 'continue' });
  const { user, system } = process.cpuUsage(before);
  if (stop.kind !== 'exit' || stop.status !== 0) throw new Error(`the training: ${stop.kind}`);
  check();
  run.dispose();
  return (user + system) / 1000;
}
