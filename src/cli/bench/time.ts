// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Going back in time, under Node: what recording costs a run at full speed, how long it takes to
 * go to any instruction of a training epoch, and to step back from where one stands.
 */
import { boot, pause, train } from './epoch.ts';
import { figure, median, percentile95, table } from './table.ts';

const SEEKS = 24;
const ROUNDS = 4;

/** Milliseconds from a stop to the step back, when the work at rest is to be done by then. */
const LATER = 100;

/** Stops of a live run from each of which one steps back. */
const LIVE_STOPS = 40;

/** Moments of rest from which one steps back, and how often each time. */
const RESTS = 8;
const STEPS = 50;

async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

/** Milliseconds of a step back right where a live run has stopped: at once, and a little later. */
async function stepsBackFromLive(
  data: string,
  limit: number,
  end: number,
): Promise<{ atOnce: number[]; later: number[] }> {
  const { session, dispose } = await boot(data, limit, true);
  const [atOnce, later]: [number[], number[]] = [[], []];
  for (let i = 0; i < LIVE_STOPS; i++) {
    await session.run({ kind: 'to-end' });
    // of unequal lengths, so that a stop lies anywhere between two checkpoints
    const count = Math.floor(((end / (LIVE_STOPS + 1)) * (1 + ((i * 7) % 5))) / 3);
    const stop = await session.run({ kind: 'step-in', count });
    if (stop.kind !== 'step') throw new Error(`the run ended with ${stop.kind}`);
    if (i % 2 === 1) await pause(LATER);
    (i % 2 === 1 ? later : atOnce).push(await timed(() => session.run({ kind: 'step-back' })));
  }
  dispose();
  return { atOnce, later };
}

/**
 * Prints the figures of one training epoch.
 * @param data folder of a data set
 * @param limit images of the epoch
 */
export async function benchTime(data: string, limit: number): Promise<void> {
  const plain: number[] = [];
  const recorded: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    plain.push(await train(data, limit, false));
    recorded.push(await train(data, limit, true));
  }
  const slowdown = Math.min(...recorded) / Math.min(...plain) - 1;

  const { session, memory, dispose } = await boot(data, limit, true);
  await session.run({ kind: 'continue' });
  const { end, bytes, checkpoints } = session.time.timeline();
  const seeks: number[] = [];
  for (let i = 0; i < SEEKS; i++) {
    const instructions = Math.floor((end * ((i * 11) % SEEKS)) / SEEKS) + i;
    seeks.push(await timed(() => session.run({ kind: 'seek', instructions })));
    if (memory.state.instructions !== instructions) throw new Error('the seek missed');
  }
  const firsts: number[] = [];
  const steps: number[] = [];
  for (let rest = 1; rest <= RESTS; rest++) {
    await session.run({ kind: 'seek', instructions: Math.floor((end * rest) / (RESTS + 1)) });
    firsts.push(await timed(() => session.run({ kind: 'step-back' })));
    for (let i = 1; i < STEPS; i++) {
      const forward = i % 5 === 0; // now and then one comes forward again
      const kind = forward ? 'step-in' : 'step-back';
      steps.push(await timed(() => session.run({ kind })));
    }
  }
  dispose();
  const live = await stepsBackFromLive(data, limit, end);

  console.log(`Time: one epoch over ${limit} images, ${figure(end / 1e6)} million instructions\n`);
  console.log(
    table(
      ['what', 'figure'],
      [
        ['recording, more processor time (best of each)', `${figure(slowdown * 100)} %`],
        ['memory of the recording', `${figure(bytes / 2 ** 20)} MiB`],
        ['checkpoints', String(checkpoints)],
        ['seek, median', `${figure(median(seeks))} ms`],
        ['seek, longest', `${figure(Math.max(...seeks))} ms`],
        ['step back after a journey, median', `${figure(median(firsts))} ms`],
        ['step back from a live stop at once, median', `${figure(median(live.atOnce))} ms`],
        [
          'step back from a live stop at once, 95th perc.',
          `${figure(percentile95(live.atOnce))} ms`,
        ],
        [`the same ${LATER} ms later, median`, `${figure(median(live.later))} ms`],
        [`the same ${LATER} ms later, 95th percentile`, `${figure(percentile95(live.later))} ms`],
        ['step back after another, median', `${figure(median(steps))} ms`],
        ['step back after another, 95th percentile', `${figure(percentile95(steps))} ms`],
      ],
    ),
  );
}
