// SPDX-License-Identifier: GPL-2.0-or-later
/** The command's standard streams as the guest's: every byte as it is, in step with the reader. */
import { read, writeSync } from 'node:fs';
import type { OutputAnswer } from '../machine/linux/outputs.ts';
import type { Stdin } from '../machine/stdin.ts';

const PIECE = 65536;
/** Pause before asking a stream again that can take or give nothing now; in milliseconds. */
const RETRY = 5;

/**
 * Gives the guest input when it waits for some, and not before: what it does not read stays in the
 * pipe for whoever comes next.
 */
export function feedStdin(stdin: Stdin): void {
  let reading = false;
  const pull = (): void => {
    read(0, new Uint8Array(PIECE), 0, PIECE, null, (error, count, bytes) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(pull, RETRY);
        return;
      }
      reading = false;
      if (error !== null || count === 0) stdin.close();
      else stdin.push(bytes.subarray(0, count));
    });
  };
  stdin.onWanted(() => {
    if (reading) return;
    reading = true;
    pull();
  });
}

/** Writes all of it before it returns. @returns `closed` when nobody reads any more. */
export function writeOutput(fd: 1 | 2, bytes: Uint8Array): OutputAnswer {
  let done = 0;
  while (done < bytes.length) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return 'closed';
      if (code !== 'EAGAIN') throw error;
      sleep(RETRY); // a full pipe that somebody has made non-blocking
    }
  }
  return undefined;
}

/** A line of this command's own, on stderr; a closed stderr is nobody's loss. */
export function say(line: string): void {
  writeOutput(2, new TextEncoder().encode(`${line}\n`));
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
