// SPDX-License-Identifier: GPL-2.0-or-later
import { beforeEach, describe, expect, it } from 'vitest';
import { CONSOLE_LIMIT, ConsoleState, STRACE_LIMIT } from './console.svelte.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let output: ConsoleState;
beforeEach(() => {
  output = new ConsoleState((flush) => flush());
});

function shown(): string[] {
  return output.lines.map((line) => `${line.stream}: ${line.text}`);
}

describe('lines', () => {
  it('grow until their newline, under one id', () => {
    output.write(1, bytes('Epoch '));
    const id = output.lines[0]?.id;
    output.write(1, bytes('1/30\nEp'));
    expect(shown()).toEqual(['out: Epoch 1/30', 'out: Ep']);
    expect(output.lines[0]?.id).toBe(id);
  });

  it('keep empty ones', () => {
    output.write(1, bytes('a\n\nb\n'));
    expect(shown()).toEqual(['out: a', 'out: ', 'out: b']);
  });

  it('are not mixed between streams', () => {
    output.write(1, bytes('working'));
    output.write(2, bytes('oops\n'));
    output.write(1, bytes('on\n'));
    output.echo('7');
    output.note('done');
    expect(shown()).toEqual(['out: working', 'err: oops', 'out: on', 'in: 7', 'note: done']);
  });

  it('survive a character split over two writes', () => {
    const text = bytes('é\n');
    output.write(1, text.subarray(0, 1));
    output.write(1, text.subarray(1));
    expect(shown()).toEqual(['out: é']);
  });

  it('are bounded in number and in length, and say how many were dropped', () => {
    for (let i = 0; i < CONSOLE_LIMIT + 50; i++) output.write(1, bytes(`${i}\n`));
    expect(output.lines.length).toBe(CONSOLE_LIMIT);
    expect(output.dropped).toBe(50);
    expect(output.lines.at(-1)?.text).toBe(String(CONSOLE_LIMIT + 49));
    output.clear();
    output.write(1, bytes('x'.repeat(10_000)));
    expect(output.lines.map((line) => line.text.length)).toEqual([4096, 4096, 1808]);
    expect(output.dropped).toBe(0);
  });

  it('are bounded while nobody looks', () => {
    let flush: () => void = () => undefined;
    const hidden = new ConsoleState((later) => (flush = later));
    for (let i = 0; i < 5 * CONSOLE_LIMIT; i++) hidden.write(1, bytes(`${i}\n`));
    expect(hidden.lines).toEqual([]);
    flush();
    expect(hidden.lines.length).toBe(CONSOLE_LIMIT);
    expect(hidden.dropped).toBe(4 * CONSOLE_LIMIT);
    expect(hidden.lines.at(-1)?.text).toBe(String(5 * CONSOLE_LIMIT - 1));
  });

  it('have ids of their own', () => {
    output.write(1, bytes('a\nb'));
    output.write(2, bytes('c\nd'));
    output.write(1, bytes('e'));
    const ids = output.lines.map((line) => line.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the complaint of a program', () => {
  it('is its last line of error output, not that of the process before', () => {
    output.note('$ ./sigmoid train');
    expect(output.complaint).toBeNull();
    output.write(2, bytes('first\nno such file\n'));
    output.write(1, bytes('bye\n'));
    output.note('exited with status 1');
    expect(output.complaint).toBe('no such file');
    output.note('$ ./sigmoid test');
    expect(output.complaint).toBeNull();
  });
});

describe('a console that rests', () => {
  it('shows a few lines with the news they came with, and many in their turn', () => {
    const flushes: (() => void)[] = [];
    output = new ConsoleState((flush) => void flushes.push(flush));
    output.write(1, bytes('Epoch 1\n'));
    output.settleFew();
    expect(shown()).toEqual(['out: Epoch 1']);
    output.write(1, bytes('again\n'.repeat(100)));
    output.settleFew();
    expect(shown()).toEqual(['out: Epoch 1']);
    for (const flush of flushes) flush();
    expect(shown()).toHaveLength(101);
  });

  it('shows all that has come in once the program stands still', () => {
    const flushes: (() => void)[] = [];
    output = new ConsoleState((flush) => void flushes.push(flush));
    output.write(1, bytes('7 0.1\n'));
    output.note('exited with status 0');
    expect(shown()).toEqual([]);
    output.settle();
    expect(shown()).toEqual(['out: 7 0.1', 'note: exited with status 0']);
    const { lines } = output;
    output.settle();
    for (const flush of flushes) flush();
    expect(output.lines).toBe(lines);
  });
});

describe('system calls', () => {
  const call = (n: number) => ({ at: n, text: `read(0) = ${n}`, failed: false });

  it('shows in both lists where a process begins', () => {
    output.begin(['sigmoid', 'train']);
    output.addStrace([{ at: 7, text: 'exit_group(0) = ?', failed: false }]);
    output.begin(['sigmoid', 'test']);
    expect(output.text).toBe('$ ./sigmoid train\n$ ./sigmoid test');
    expect(output.strace.map(({ at, text }) => `${at} ${text}`)).toEqual([
      '0 execve("./sigmoid", ["sigmoid","train"]) = 0',
      '7 exit_group(0) = ?',
      '0 execve("./sigmoid", ["sigmoid","test"]) = 0',
    ]);
  });

  it('are bounded', () => {
    output.addStrace(Array.from({ length: STRACE_LIMIT }, (_, n) => call(n)));
    output.addStrace([call(-1), call(-2)]);
    expect(output.strace.length).toBe(STRACE_LIMIT);
    expect(output.strace[0]?.at).toBe(2);
    expect(output.straceDropped).toBe(2);
    output.clearStrace();
    expect(output.strace).toEqual([]);
  });
});
