// SPDX-License-Identifier: GPL-2.0-or-later
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MachineEvent } from '../protocol/machine.ts';
import { Feed } from './feed.ts';

const FRAME = 16;

describe('Feed', () => {
  let sent: MachineEvent[];
  let answers: (() => void)[];
  let slow: boolean;
  let hurries: number;
  let feed: Feed;

  beforeEach(() => {
    vi.useFakeTimers();
    sent = [];
    answers = [];
    slow = false;
    hurries = 0;
    feed = new Feed(
      (event) => {
        sent.push(event);
        return slow ? new Promise<void>((resolve) => answers.push(resolve)) : Promise.resolve();
      },
      () => hurries++,
    );
  });
  afterEach(() => vi.useRealTimers());

  const text = (event: MachineEvent | undefined): string =>
    event?.type === 'output' ? `${event.fd}:${new TextDecoder().decode(event.bytes)}` : '';
  const print = (fd: 1 | 2, output: string): Promise<void> | undefined =>
    feed.output(fd, new TextEncoder().encode(output));
  const call = (at: number): void => feed.strace({ at, text: `call ${at}`, failed: false });

  it('gathers a frame of output and keeps the order of the streams', async () => {
    for (const [fd, output] of [
      [1, 'a'],
      [1, 'b'],
      [2, 'c'],
      [1, 'd'],
    ] as const)
      void print(fd, output);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(FRAME);
    expect(sent.map(text)).toEqual(['1:ab', '2:c', '1:d']);
  });

  it('sends at once when told to, and nothing twice', async () => {
    void print(1, 'x');
    feed.flush();
    expect(sent.map(text)).toEqual(['1:x']);
    feed.flush();
    await vi.advanceTimersByTimeAsync(10 * FRAME);
    expect(sent.length).toBe(1);
  });

  it('makes an endless writer wait until the page has dealt with its output', async () => {
    slow = true;
    const chunk = 'x'.repeat(100_000);
    expect(print(1, chunk)).toBeUndefined();
    expect(hurries).toBe(0);
    let relieved = false;
    void print(1, chunk)?.then(() => (relieved = true));
    expect(hurries).toBe(1);
    await vi.advanceTimersByTimeAsync(10 * FRAME);
    expect(hurries).toBe(2);
    expect(sent.length).toBe(1);
    expect(relieved).toBe(false);
    void print(1, 'next');
    await vi.advanceTimersByTimeAsync(10 * FRAME);
    expect(sent.length).toBe(1); // not before the page has answered
    answers.shift()?.();
    await vi.advanceTimersByTimeAsync(FRAME);
    expect(relieved).toBe(true);
    expect(sent.map(text)[1]).toBe('1:next');
  });

  it('lets a writer go on that is to come to a stop', async () => {
    slow = true;
    const chunk = 'x'.repeat(200_000);
    let relieved = 0;
    void print(1, chunk)?.then(() => relieved++);
    await vi.advanceTimersByTimeAsync(10 * FRAME);
    void print(1, chunk)?.then(() => relieved++);
    expect(relieved).toBe(0);
    expect(feed.letGo()).toBe(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(relieved).toBe(2);
    expect(print(1, chunk)).toBeUndefined();
    expect(feed.letGo()).toBe(false);
    feed.hold();
    expect(print(1, chunk)).toBeInstanceOf(Promise);
  });

  it('counts what single bytes cost', () => {
    let waits = 0;
    for (let i = 0; i < 4000; i++) if (print(1, 'x') !== undefined) waits++;
    expect(waits).toBeGreaterThan(0);
  });

  it('keeps the newest of many calls and says how many are missing', async () => {
    slow = true;
    call(0);
    await vi.advanceTimersByTimeAsync(FRAME);
    for (let i = 1; i <= 100_000; i++) call(i);
    answers.shift()?.();
    await vi.advanceTimersByTimeAsync(FRAME);
    const [first, second] = sent;
    expect(first).toEqual({ type: 'strace', lines: [{ at: 0, text: 'call 0', failed: false }] });
    const lines = second?.type === 'strace' ? second.lines : [];
    expect(lines.length).toBe(201);
    expect(lines[0]?.text).toBe('… 99,800 calls not shown …');
    expect(lines.at(-1)?.text).toBe('call 100000');
  });
});
