// SPDX-License-Identifier: GPL-2.0-or-later
import { beforeEach, describe, expect, it } from 'vitest';
import { News, type NewsEvent } from './news.ts';

let sent: NewsEvent[];
let answers: (() => void)[];
let rests: number[];
let clock: number;
let news: News;

beforeEach(() => {
  sent = [];
  answers = [];
  rests = [];
  clock = 0;
  news = new News(
    (event) => {
      sent.push(event);
      return new Promise<void>((resolve) => answers.push(resolve));
    },
    (ms) => {
      rests.push(ms);
      return Promise.resolve();
    },
    () => clock,
  );
});

const progress = (mips: number): NewsEvent => ({
  type: 'progress',
  snapshot: { state: new ArrayBuffer(0), mips, engine: 'jit' },
});
const sample = (at: number): NewsEvent => ({
  type: 'samples',
  samples: [{ event: 'batch_end', instructions: at, values: [at] }],
});
const log = (count: number): NewsEvent => ({
  type: 'log',
  lines: Array.from({ length: count }, (_, at) => ({ id: 'a', at, text: `line ${at}` })),
});

/** What was sent since the last call, in short. */
function seen(): string[] {
  return sent.splice(0).map((event) => {
    if (event.type === 'progress') return `progress ${event.snapshot.mips}`;
    if (event.type === 'samples')
      return `samples ${event.samples.map((s) => s.instructions).join()}`;
    return event.type;
  });
}

/** The page has dealt with everything. */
async function answer(): Promise<void> {
  for (const resolve of answers.splice(0)) resolve();
  await new Promise((resolve) => setTimeout(resolve));
}

describe('news', () => {
  it('goes out at once to a page that waits for some', () => {
    news.add(progress(1));
    expect(seen()).toEqual(['progress 1']);
  });

  it('is held while the page is busy: of progress the newest, of samples all', async () => {
    news.add(progress(1));
    for (let i = 2; i <= 5; i++) {
      news.add(sample(i));
      news.add(progress(i));
    }
    expect(seen()).toEqual(['progress 1']);
    await answer();
    expect(seen()).toEqual(['samples 2,3,4,5', 'progress 5']);
    await answer();
    expect(seen()).toEqual([]);
    news.add(progress(6));
    expect(seen()).toEqual(['progress 6']);
  });

  it('leaves the page four times as long to itself as it took to deal with them', async () => {
    news.add(progress(1));
    clock += 20;
    await answer();
    news.add(progress(2));
    clock += 1_000;
    await answer();
    expect(rests).toEqual([80, 250]);
  });

  it('is held while the page has its rest, and then the newest goes out', async () => {
    let over = (): void => undefined;
    const resting = new News(
      (event) => Promise.resolve(sent.push(event)),
      () => new Promise<void>((resolve) => (over = resolve)),
    );
    resting.add(progress(1));
    await answer();
    resting.add(progress(2));
    resting.add(progress(3));
    expect(seen()).toEqual(['progress 1']);
    over();
    await answer();
    expect(seen()).toEqual(['progress 3']);
  });

  it('is not kept back from a stop, which brings its own progress', async () => {
    news.add(progress(1));
    news.add(sample(2));
    news.add(progress(2));
    news.flush();
    expect(seen()).toEqual(['progress 1', 'samples 2']);
    await answer();
    expect(seen()).toEqual([]);
  });

  it('keeps the newest of very many lines of log points, and counts the others', async () => {
    news.add(progress(1));
    for (let i = 0; i < 6; i++) news.add(log(1000));
    sent = [];
    await answer();
    const lines = sent.flatMap((event) => (event.type === 'log' ? event.lines : []));
    const counted = Number(/[\d,]+/.exec(lines[0]?.text ?? '')?.[0].replaceAll(',', ''));
    expect(lines[0]?.text).toContain('lines not shown');
    expect(counted + lines.length - 1).toBe(6000);
    expect(lines.at(-1)?.text).toBe('line 999');
  });
});
