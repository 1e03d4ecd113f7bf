// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Address expressions: numbers, registers, symbols and tensors with `+ - *` and brackets:
 * `rsp`, `w1 + 8*rcx`, `0x401000`, `[rdi]` is not one (it would read memory).
 */
import { isAddr } from '../shared/brand.ts';
import { GPR_NAMES, type CpuState } from '../shared/cpu-state.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { DebugIndex } from '../shared/debug-index.ts';

/** What names stand for; either may be missing. */
export interface Names {
  readonly cpu: CpuState | null;
  readonly index: DebugIndex | null;
}

/** Names worth offering: the usual pointers, tensors, data. Each once. */
export function addressNames(index: DebugIndex | null): readonly string[] {
  const tensors = index?.info.tensors.map((tensor) => tensor.name) ?? [];
  const data = index?.info.symbols.filter((s) => s.kind === 'data').map((s) => s.name) ?? [];
  const all = ['rsp', 'rip', 'rsi', 'rdi', 'rbp', ...tensors, ...data];
  return all.filter((name, i) => all.indexOf(name) === i);
}

const TOKEN = /\s*(0x[0-9a-f]+|[0-9][0-9a-f]*h\b|[0-9]+|[A-Za-z_.?@$][\w.?@$#~]*|[-+*()])/iy;

/** The address that `text` means now, or why it means none, as a sentence. */
export function evaluateAddress(text: string, names: Names): Result<number, string> {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  let at = 0;
  while (at < text.trimEnd().length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match?.[1] === undefined) return err(`“${text.slice(at).trim()}” is not understood.`);
    tokens.push(match[1]);
    at = TOKEN.lastIndex;
  }
  if (tokens.length === 0) return err('Type an address, a register or a symbol.');
  try {
    const parser = new Parser(tokens, names);
    const value = parser.sum();
    parser.end();
    if (!isAddr(value)) return err(`${value.toString()} is outside of the address space.`);
    return ok(Number(value));
  } catch (error) {
    if (error instanceof Unreadable) return err(error.message);
    throw error;
  }
}

/** Ends the parsing from any depth; never leaves this module. */
class Unreadable extends Error {}

class Parser {
  readonly #tokens: readonly string[];
  readonly #names: Names;
  #at = 0;

  constructor(tokens: readonly string[], names: Names) {
    this.#tokens = tokens;
    this.#names = names;
  }

  sum(): bigint {
    let value = this.#product();
    for (;;) {
      if (this.#take('+')) value += this.#product();
      else if (this.#take('-')) value -= this.#product();
      else return value;
    }
  }

  end(): void {
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw new Unreadable(`“${rest}” was not expected.`);
  }

  #product(): bigint {
    let value = this.#factor();
    while (this.#take('*')) value *= this.#factor();
    return value;
  }

  #factor(): bigint {
    if (this.#take('-')) return -this.#factor();
    if (this.#take('(')) {
      const value = this.sum();
      if (!this.#take(')')) throw new Unreadable('A bracket is not closed.');
      return value;
    }
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Unreadable('Something is missing at the end.');
    return this.#value(token);
  }

  #value(token: string): bigint {
    if (/^0x[0-9a-f]+$/i.test(token) || /^[0-9]+$/.test(token)) return BigInt(token);
    if (/^[0-9][0-9a-f]*h$/i.test(token)) return BigInt(`0x${token.slice(0, -1)}`);
    const { cpu, index } = this.#names;
    const register = GPR_NAMES.findIndex((name) => name === token.toLowerCase());
    if (register >= 0 || token.toLowerCase() === 'rip') {
      if (cpu === null) throw new Unreadable('There is no program, so registers have no values.');
      return register >= 0 ? cpu.gpr(register) : cpu.rip;
    }
    const symbol = index?.symbol(token) ?? index?.info.tensors.find((t) => t.name === token);
    if (symbol === undefined) {
      throw new Unreadable(`There is no register or symbol called “${token}”.`);
    }
    return BigInt(symbol.address);
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }
}
