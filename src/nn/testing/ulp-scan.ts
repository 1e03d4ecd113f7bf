// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Sends any number of arguments through a function of asm/tests/math.asm on the real CPU and measures
 * every result against double-double.ts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expUlps, lnUlps, sigmoidUlps } from './double-double.ts';
import { expToFloat, lnToFloat } from './high-precision.ts';

/** Numbers that travel in one piece. */
const BLOCK = 1 << 16;
/** Pieces on their way at once, so that neither process waits for the other. */
const IN_FLIGHT = 4;

/** Fills a block from its beginning. @returns how many numbers; fewer than there is room: the end */
export type Fill = (block: Float64Array) => number;

export interface Findings {
  count: number;
  /** Largest error in ulps of f64; Infinity where a result is of the wrong kind. */
  ulps: number;
  at: number;
  /** Results that, rounded to f32, are not the f32 nearest to the truth. */
  notNearestFloat: number;
}

/** What the sources promise (asm/math/exp.asm, ln.asm; asm/kernels/f64), in ulps. */
export const ULP_BOUNDS = { exp: 1, ln: 1, sigmoid: 3 };

/** Adds the errors of a block. Each function has a loop of its own, which the compiler inlines. */
type Measure = (xs: Float64Array, ys: Float64Array, count: number, found: Findings) => void;

/** Twice what lets rounding to f32 go wrong: no error is larger than 2 ulps, or it is reported. */
const BELOW = 1 - 2 ** -51;
const ABOVE = 1 + 2 ** -51;

function measureExp(xs: Float64Array, ys: Float64Array, count: number, found: Findings): void {
  for (let n = 0; n < count; n++) {
    const x = xs[n]!;
    const y = ys[n]!;
    const ulps = expUlps(x, y);
    if (ulps > found.ulps) [found.ulps, found.at] = [ulps, x];
    if (Math.fround(y * BELOW) !== Math.fround(y * ABOVE) && Number.isFinite(y) && y > 0) {
      if (Math.fround(y) !== expToFloat(x)) found.notNearestFloat++;
    }
  }
}

function measureLn(xs: Float64Array, ys: Float64Array, count: number, found: Findings): void {
  for (let n = 0; n < count; n++) {
    const x = xs[n]!;
    const y = ys[n]!;
    const ulps = lnUlps(x, y);
    if (ulps > found.ulps) [found.ulps, found.at] = [ulps, x];
    if (Math.fround(y * BELOW) !== Math.fround(y * ABOVE) && Number.isFinite(y)) {
      if (Math.fround(y) !== lnToFloat(x)) found.notNearestFloat++;
    }
  }
}

function measureSigmoid(xs: Float64Array, ys: Float64Array, count: number, found: Findings): void {
  for (let n = 0; n < count; n++) {
    const ulps = sigmoidUlps(xs[n]!, ys[n]!);
    if (ulps > found.ulps) [found.ulps, found.at] = [ulps, xs[n]!];
  }
}

const MEASURES: Readonly<Record<'exp' | 'ln' | 'sigmoid', Measure>> = {
  exp: measureExp,
  ln: measureLn,
  sigmoid: measureSigmoid,
};
export type FunctionName = keyof typeof MEASURES;

/**
 * @param program path of the image `math`
 * @param args for it: a function, for sigmoid a rung too
 * @throws Error when the program fails or answers with too little
 */
export async function scan(
  program: string,
  args: readonly [FunctionName, ...string[]],
  fill: Fill,
): Promise<Findings> {
  const found: Findings = { count: 0, ulps: 0, at: NaN, notNearestFloat: 0 };
  const measure = MEASURES[args[0]];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  child.stdin.on('error', () => undefined); // it ended early; its status tells
  const sent = Array.from({ length: IN_FLIGHT }, () => new Float64Array(BLOCK));
  const counts: number[] = [];
  const reply = new Float64Array(BLOCK);
  const replyBytes = new Uint8Array(reply.buffer);
  let received = 0;
  let asked = 0;
  let answered = 0;
  let ended = false;

  const ask = (): void => {
    while (!ended && asked - answered < IN_FLIGHT) {
      const block = sent[asked % IN_FLIGHT]!;
      const count = fill(block);
      if (count > 0) {
        child.stdin.write(new Uint8Array(block.buffer, 0, count * 8));
        counts[asked % IN_FLIGHT] = count;
        asked++;
      }
      if (count < BLOCK) {
        ended = true;
        child.stdin.end();
      }
    }
  };

  ask();
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length;) {
      const wanted = (counts[answered % IN_FLIGHT] ?? 0) * 8;
      const part = chunk.subarray(at, at + wanted - received);
      if (part.length === 0) throw new Error(`${args.join(' ')}: more answers than questions`);
      replyBytes.set(part, received);
      received += part.length;
      at += part.length;
      if (received < wanted) continue;
      measure(sent[answered % IN_FLIGHT]!, reply, wanted / 8, found);
      found.count += wanted / 8;
      received = 0;
      answered++;
      ask();
    }
  }
  const [status] = (await closed) as [number | null];
  if (status !== 0) throw new Error(`${args.join(' ')}: ended with status ${status ?? 'none'}`);
  if (answered !== asked || received > 0)
    throw new Error(`${args.join(' ')}: an answer is missing`);
  return found;
}
