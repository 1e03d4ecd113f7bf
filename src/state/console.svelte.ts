// SPDX-License-Identifier: GPL-2.0-or-later
/** What the guest printed and which system calls it made, both bounded. */
import type { StraceLine } from '../protocol/machine.ts';
import { unhurried, type Scheduler } from './frames.ts';

/** Who wrote a line: stdout, stderr, our own stdin echoed, or the page itself. */
export type Stream = 'out' | 'err' | 'in' | 'note';

export interface ConsoleLine {
  /** Counts up from 0 over the life of the page: a key for lists. */
  readonly id: number;
  readonly stream: Stream;
  readonly text: string;
}

/** Lines kept; older ones are dropped, and counted. */
export const CONSOLE_LIMIT = 2_000;
export const STRACE_LIMIT = 5_000;
/** Lines that cost next to nothing to show. */
const FEW = 20;
/** A line without an end is broken here. */
const LINE_LIMIT = 4_096;

export class ConsoleState {
  #lines = $state.raw<readonly ConsoleLine[]>([]);
  #strace = $state.raw<readonly StraceLine[]>([]);
  #dropped = $state(0);
  #straceDropped = $state(0);
  readonly #schedule: Scheduler;
  #scheduled = false;
  /** Whether something has come in that is not shown. */
  #pending = false;
  #nextId = 0;
  /** Complete lines and system calls not yet shown. */
  #newLines: ConsoleLine[] = [];
  #newStrace: StraceLine[] = [];
  /** The line being written, which may still grow. */
  #open: { id: number; stream: Stream; text: string } | null = null;
  #decoders = { 1: new TextDecoder(), 2: new TextDecoder() };

  constructor(schedule: Scheduler = unhurried()) {
    this.#schedule = schedule;
  }

  /** Oldest first; the last may be a line without its newline yet. */
  get lines(): readonly ConsoleLine[] {
    return this.#lines;
  }

  /** Lines dropped from the front since the last `clear`. */
  get dropped(): number {
    return this.#dropped;
  }

  get strace(): readonly StraceLine[] {
    return this.#strace;
  }

  get straceDropped(): number {
    return this.#straceDropped;
  }

  /** Everything kept, as text. */
  get text(): string {
    return this.#lines.map((line) => line.text).join('\n');
  }

  /** The last line of error output since the latest process was started, or null. */
  get complaint(): string | null {
    const all = [...this.#lines, ...this.#newLines];
    for (const { stream, text } of all.reverse()) {
      if (stream === 'err' && text.trim() !== '') return text.trim();
      if (stream === 'note' && text.startsWith('$ ')) return null;
    }
    return null;
  }

  write(fd: 1 | 2, bytes: Uint8Array): void {
    this.#append(fd === 1 ? 'out' : 'err', this.#decoders[fd].decode(bytes, { stream: true }));
  }

  /** A line of input as it was sent, echoed like a terminal does. */
  echo(text: string): void {
    this.#append('in', text.endsWith('\n') ? text : `${text}\n`);
  }

  /** A line of the page's own: a start, an end. */
  note(text: string): void {
    this.#append('note', `${text}\n`);
  }

  /** A process starts: both lists show where its part begins. @param argv the program's name first */
  begin(argv: readonly string[]): void {
    this.note(`$ ./${argv.join(' ')}`);
    const text = `execve("./${argv[0] ?? ''}", ${JSON.stringify(argv)}) = 0`;
    this.addStrace([{ at: 0, text, failed: false }]);
  }

  addStrace(lines: readonly StraceLine[]): void {
    for (const line of lines) this.#newStrace.push(line);
    if (this.#newStrace.length > 2 * STRACE_LIMIT) {
      this.#straceDropped += this.#newStrace.length - STRACE_LIMIT;
      this.#newStrace = this.#newStrace.slice(-STRACE_LIMIT);
    }
    this.#request();
  }

  clear(): void {
    this.#lines = [];
    this.#newLines = [];
    this.#open = null;
    this.#dropped = 0;
  }

  clearStrace(): void {
    this.#strace = [];
    this.#newStrace = [];
    this.#straceDropped = 0;
  }

  #append(stream: Stream, text: string): void {
    if (this.#open !== null && this.#open.stream !== stream) this.#close();
    const parts = text.split('\n');
    parts.forEach((part, i) => {
      this.#extend(stream, part);
      if (i < parts.length - 1) {
        this.#open ??= { id: this.#nextId++, stream, text: '' };
        this.#close();
      }
    });
    this.#request();
  }

  #extend(stream: Stream, part: string): void {
    let rest = part;
    while (rest !== '') {
      this.#open ??= { id: this.#nextId++, stream, text: '' };
      const room = LINE_LIMIT - this.#open.text.length;
      this.#open.text += rest.slice(0, room);
      rest = rest.slice(room);
      if (rest !== '') this.#close();
    }
  }

  #close(): void {
    if (this.#open === null) return;
    this.#newLines.push(this.#open);
    this.#open = null;
    if (this.#newLines.length > 2 * CONSOLE_LIMIT) {
      this.#dropped += this.#newLines.length - CONSOLE_LIMIT;
      this.#newLines = this.#newLines.slice(-CONSOLE_LIMIT);
    }
  }

  /** Shows a few lines at once: in the frame of the news that they came with, not one of their own. */
  settleFew(): void {
    if (this.#newLines.length + this.#newStrace.length <= FEW) this.settle();
  }

  /** Shows what has come in at once, without a rest: the program stands still. */
  settle(): void {
    if (this.#pending) this.#flush();
  }

  #request(): void {
    this.#pending = true;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      this.settle();
    });
  }

  #flush(): void {
    this.#pending = false;
    const shown = this.#lines.filter((line) => line.id !== this.#open?.id);
    const firstNew = this.#newLines[0]?.id;
    const kept = firstNew === undefined ? shown : shown.filter((line) => line.id < firstNew);
    const lines = [...kept, ...this.#newLines];
    this.#newLines = [];
    if (this.#open !== null) lines.push({ ...this.#open });
    this.#dropped += Math.max(0, lines.length - CONSOLE_LIMIT);
    this.#lines = lines.slice(-CONSOLE_LIMIT);
    if (this.#newStrace.length === 0) return;
    const strace = [...this.#strace, ...this.#newStrace];
    this.#newStrace = [];
    this.#straceDropped += Math.max(0, strace.length - STRACE_LIMIT);
    this.#strace = strace.slice(-STRACE_LIMIT);
  }
}
