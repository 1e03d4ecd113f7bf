// SPDX-License-Identifier: GPL-2.0-or-later
/** Runs programs of asm/ in an engine, with nothing else of the machine around it. */
import type { Engine } from '../../cpu/cpu.ts';
import type { GuestMemory } from '../../machine/memory.ts';
import { MemoryFiles } from '../../machine/memory-files.ts';
import { Process } from '../../machine/process.ts';
import { ManualClock } from '../../machine/testing/manual-clock.ts';

/** Instructions at a time; a program that needs more goes on. */
const SLICE = 1_000_000_000;
/** Far more than any test needs: what executes more does not end. */
const MOST = 100 * SLICE;

export interface EmulatedRun {
  /** Exit status; null when a fault ended it. */
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** What ended it, when it did not exit. */
  readonly fault: string;
}

/**
 * Runs an image to its end.
 * @param input what standard input holds, by default nothing
 * @param files path to contents, or a tree in which what the program writes can be found again
 */
export async function runEmulated(
  engine: Engine,
  memory: GuestMemory,
  image: Uint8Array,
  args: readonly string[],
  input: Uint8Array = new Uint8Array(0),
  files: Readonly<Record<string, Uint8Array>> | MemoryFiles = {},
): Promise<EmulatedRun> {
  const written: Record<1 | 2, Uint8Array[]> = { 1: [], 2: [] };
  const started = Process.start(memory, image, ['program', ...args], {
    fs: files instanceof MemoryFiles ? files : new MemoryFiles(files),
    clock: new ManualClock(),
    random: (bytes) => bytes.fill(0xa5),
    output: (fd, bytes) => void written[fd].push(bytes.slice()),
  });
  if (!started.ok) throw new Error(started.error);
  const process = started.value;
  process.stdin.push(input);
  process.stdin.close();
  const end = (status: number | null, fault = ''): EmulatedRun => ({
    status,
    stdout: Buffer.concat(written[1]),
    stderr: Buffer.concat(written[2]).toString(),
    fault,
  });
  for (let left = MOST; left > 0;) {
    const { stop, executed } = engine.run(SLICE);
    left -= executed;
    if (stop.kind === 'budget') continue; // used up, or it is slow going
    if (stop.kind === 'syscall') {
      const outcome = await process.syscall();
      if (outcome.kind === 'exit') return end(outcome.status);
      if (outcome.kind === 'killed') return end(null, outcome.signal);
    } else if (stop.kind === 'fault') {
      const { signal, code, detail } = stop.fault;
      return end(null, `${signal}: ${code} ${detail ?? ''} at ${stop.fault.rip.toString(16)}`);
    } else throw new Error(`stopped at a ${stop.kind}`);
  }
  throw new Error('the program does not end');
}
