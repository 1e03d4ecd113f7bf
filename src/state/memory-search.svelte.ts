// SPDX-License-Identifier: GPL-2.0-or-later
/** A search through guest memory: what is looked for, how far it has come, what it has found. */
import type { InspectApi } from '../protocol/inspect.ts';
import { elementBytes, parseElement, type ElementFormat } from '../shared/elements.ts';
import { err, ok, type Result } from '../shared/result.ts';

/** `bytes`: hexadecimal, `?` for any digit; `text`: characters; else a number of that type. */
export type SearchKind = 'bytes' | 'text' | Exclude<ElementFormat, 'hex' | 'char' | 'b8'>;

export interface SearchPattern {
  readonly pattern: Uint8Array;
  readonly mask: Uint8Array | null;
  readonly align: number;
}

/** Most hits kept. */
const MOST = 1000;

function bytesPattern(text: string): Result<SearchPattern, string> {
  const digits = text.replaceAll(/0x|[\s,_]/gi, '');
  if (digits === '') return err('Type bytes: 48 89 e5, or 48 ?? e5.');
  if (!/^[0-9a-f?]+$/i.test(digits)) {
    return err(`“${text.trim()}” is not a row of hexadecimal bytes: try 48 89 e5.`);
  }
  if (digits.length % 2 !== 0) return err('A byte has two digits: one is missing.');
  const pairs = digits.match(/../g) ?? [];
  const nibble = (digit: string): number => (digit === '?' ? 0 : parseInt(digit, 16));
  const open = (digit: string): number => (digit === '?' ? 0 : 15);
  const join = (pair: string, of: (digit: string) => number): number =>
    of(pair.charAt(0)) * 16 + of(pair.charAt(1));
  const pattern = Uint8Array.from(pairs, (pair) => join(pair, nibble));
  const mask = digits.includes('?') ? Uint8Array.from(pairs, (pair) => join(pair, open)) : null;
  return ok({ pattern, mask, align: 1 });
}

/** What is typed as a pattern; numbers are looked for where such numbers lie. */
export function parsePattern(text: string, kind: SearchKind): Result<SearchPattern, string> {
  if (kind === 'bytes') return bytesPattern(text);
  if (kind === 'text') {
    if (text === '') return err('Type the text to look for.');
    return ok({ pattern: new TextEncoder().encode(text), mask: null, align: 1 });
  }
  const parsed = parseElement(text, kind);
  if (!parsed.ok) return parsed;
  return ok({ pattern: parsed.value, mask: null, align: elementBytes(kind) });
}

export class MemorySearch {
  readonly #source: Pick<InspectApi, 'search'>;
  #hits = $state.raw<readonly number[]>([]);
  #length = $state(0);
  #at = $state(-1);
  #reached = $state<number | null>(null);
  #problem = $state<string | null>(null);
  #done = $state(false);
  #turn = 0;

  constructor(source: Pick<InspectApi, 'search'>) {
    this.#source = source;
  }

  /** Addresses found, ascending. */
  get hits(): readonly number[] {
    return this.#hits;
  }

  /** Which hit is looked at; -1 when there is none. */
  get at(): number {
    return this.#at;
  }

  /** The bytes of the hit looked at, [start, end), or null. */
  get current(): { readonly start: number; readonly end: number } | null {
    const start = this.#hits[this.#at];
    return start === undefined ? null : { start, end: start + this.#length };
  }

  /** How far it has come, while it runs; else null. */
  get reached(): number | null {
    return this.#reached;
  }

  get running(): boolean {
    return this.#reached !== null;
  }

  get problem(): string | null {
    return this.#problem;
  }

  /** How it stands, in words; '' before the first search. */
  get summary(): string {
    const count = this.#hits.length;
    if (this.#problem !== null) return this.#problem;
    if (this.#reached !== null)
      return `Searching at 0x${this.#reached.toString(16)}: ${count} found`;
    if (!this.#done) return '';
    if (count === 0) return 'Not found';
    return `${this.#at + 1} of ${count}${count >= MOST ? ' or more' : ''}`;
  }

  /**
   * Searches all of memory; the first hit from `near` on is the one looked at.
   * @returns the address of that hit, or null.
   */
  async start(text: string, kind: SearchKind, near: number): Promise<number | null> {
    const turn = ++this.#turn;
    this.#hits = [];
    this.#at = -1;
    this.#done = false;
    const parsed = parsePattern(text, kind);
    this.#problem = parsed.ok ? null : parsed.error;
    this.#reached = null;
    if (!parsed.ok) return null;
    this.#length = parsed.value.pattern.length;
    let from: number | null = 0;
    try {
      while (from !== null && this.#hits.length < MOST) {
        this.#reached = from;
        const limit = MOST - this.#hits.length;
        const result = await this.#source.search({ ...parsed.value, from, limit });
        if (turn !== this.#turn) return null;
        this.#hits = [...this.#hits, ...result.hits];
        from = result.next;
      }
    } catch {
      this.#problem = 'The machine does not answer.';
    }
    this.#reached = null;
    this.#done = true;
    const first = this.#hits.findIndex((hit) => hit >= near);
    this.#at = this.#hits.length === 0 ? -1 : Math.max(0, first);
    return this.#hits[this.#at] ?? null;
  }

  /** Stops looking; what has been found stays. */
  cancel(): void {
    if (!this.running) return;
    this.#turn++;
    this.#reached = null;
    this.#done = true;
    this.#at = this.#hits.length === 0 ? -1 : 0;
  }

  /** Goes to the next hit, or back. @returns its address, or null when there is none. */
  step(by: 1 | -1): number | null {
    const count = this.#hits.length;
    if (count === 0) return null;
    this.#at = (this.#at + by + count) % count;
    return this.#hits[this.#at] ?? null;
  }
}
