// SPDX-License-Identifier: GPL-2.0-or-later
import { beforeEach, describe, expect, it } from 'vitest';
import type { MachineEvent } from '../protocol/machine.ts';
import { News, type PrintedEvent, type ToldEvent } from './news.ts';

let sent: MachineEvent[];
let messages: number;
let answers: ((cost: number) => void)[];
let rests: { readonly ms: number; readonly over: () => void }[];
let news: News;

beforeEach(() => {
  sent = [];
  messages = 0;
  answers = [];
  rests = [];
  news = new News(
    (events) => {
      sent.push(...events);
      messages++;
      return new Promise<number>((resolve) => answers.push(resolve));
    },
    (ms) => new Promise<void>((over) => rests.push({ ms, over })),
  );
});

const progress = (mips: number): ToldEvent => ({
  type: 'progress',
  snapshot: { state: new ArrayBuffer(0), mips, engine: 'jit' },
});
const sample = (at: number): ToldEvent => ({
  type: 'samples',
  samples: [{ event: 'batch_end', instructions: at, values: [at] }],
});
const log = (count: number): ToldEvent => ({
  type: 'log',
  lines: Array.from({ length: count }, (_, at) => ({ id: 'a', at, text: `line ${at}` })),
});

const output = (text: string): PrintedEvent => ({
  type: 'output',
  fd: 1,
  bytes: new TextEncoder().encode(text),
});

/** What was sent since the last call, in short. */
async function seen(): Promise<string[]> {
  await settled();
  return sent.splice(0).map((event) => {
    switch (event.type) {
      case 'progress':
        return `progress ${event.snapshot.mips}`;
      case 'samples':
        return `samples ${event.samples.map((s) => s.instructions).join()}`;
      case 'output':
        return `output ${new TextDecoder().decode(event.bytes)}`;
      case 'log':
        return `log ${event.lines.length}`;
      default:
        return event.type;
    }
  });
}

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** The page has dealt with everything, which cost it so many milliseconds. */
async function answer(cost = 0): Promise<void> {
  for (const resolve of answers.splice(0)) resolve(cost);
  await settled();
}

/** The page has had its rest. */
function rested(): void {
  for (const { over } of rests.splice(0)) over();
}

describe('news', () => {
  it('goes out to a page that waits for some: what is told in one turn, in one message', async () => {
    news.add(sample(1));
    news.add(progress(1));
    expect(await seen()).toEqual(['samples 1', 'progress 1']);
    expect(messages).toBe(1);
  });

  it('is held while the page is busy: of progress the newest, of samples all', async () => {
    news.add(progress(1));
    expect(await seen()).toEqual(['progress 1']);
    for (let i = 2; i <= 5; i++) {
      news.add(sample(i));
      news.add(progress(i));
    }
    await answer();
    rested();
    expect(await seen()).toEqual(['samples 2,3,4,5', 'progress 5']);
    await answer();
    rested();
    expect(await seen()).toEqual([]);
    news.add(progress(6));
    expect(await seen()).toEqual(['progress 6']);
  });

  it('rests the longer the more news cost the page, within bounds', async () => {
    const rest = async (cost: number): Promise<number | undefined> => {
      news.add(progress(1));
      await settled();
      await answer(cost);
      const ms = rests.at(-1)?.ms;
      rested();
      await settled();
      return ms;
    };
    expect(await rest(0)).toBe(150);
    expect(await rest(5)).toBe(200);
    expect(await rest(1000)).toBe(250);
  });

  it('is held while the page has its rest, and then the newest goes out', async () => {
    news.add(progress(1));
    await settled();
    await answer();
    news.add(progress(2));
    news.add(progress(3));
    expect(await seen()).toEqual(['progress 1']);
    rested();
    expect(await seen()).toEqual(['progress 3']);
  });

  it('goes along with a stop, which brings its own progress; after it there is no rest', async () => {
    news.add(progress(1));
    await settled();
    news.add(sample(2));
    news.add(progress(2));
    expect(news.take().events).toEqual([sample(2)]);
    await answer();
    news.add(sample(3));
    expect(news.take().events).toEqual([sample(3)]);
    await settled();
    news.add(progress(4));
    expect(await seen()).toEqual(['progress 1', 'progress 4']);
  });

  it('keeps the order of what shows in the console, and tells when the page has it', async () => {
    news.add(progress(1));
    await settled();
    let shown = false;
    news.add(log(2));
    news.add(log(1));
    void news.print(output('a')).then(() => (shown = true));
    news.add(log(4));
    await answer();
    rested();
    expect(await seen()).toEqual(['progress 1', 'log 3', 'output a', 'log 4']);
    expect(shown).toBe(false);
    await answer();
    expect(shown).toBe(true);
  });

  it('does not rest while the program waits for its output to be taken', async () => {
    news.add(progress(1));
    await settled();
    await answer();
    void news.print(output('a'));
    expect(await seen()).toEqual(['progress 1']);
    news.hurry();
    expect(await seen()).toEqual(['output a']);
    void news.print(output('b'));
    news.hurry();
    await answer();
    expect(await seen()).toEqual(['output b']);
  });

  it('keeps the newest of very many lines of log points, and counts the others', async () => {
    news.add(progress(1));
    await settled();
    for (let i = 0; i < 6; i++) news.add(log(1000));
    sent = [];
    await answer();
    rested();
    await settled();
    const lines = sent.flatMap((event) => (event.type === 'log' ? event.lines : []));
    const counted = Number(/[\d,]+/.exec(lines[0]?.text ?? '')?.[0].replaceAll(',', ''));
    expect(lines[0]?.text).toContain('lines not shown');
    expect(counted + lines.length - 1).toBe(6000);
    expect(lines.at(-1)?.text).toBe('line 999');
  });
});
