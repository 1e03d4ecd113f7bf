// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * 128-bit hashes of guest pages, made by a little WebAssembly that reads RAM in place: how one
 * tells which pages have changed without a second copy of all of RAM to compare with.
 *
 * Each of the two 64-bit lanes takes in every other word of the page by
 * `a = (a ^ word) * P; a ^= a >> 32`, four accumulators side by side. Not made against malice; a
 * guest can only deceive its own history.
 */
import {
  get,
  i32,
  op,
  opImm,
  set,
  store,
  v128Lanes,
  type Expr,
  type Var,
} from '../../cpu/jit/ir.ts';
import { CodeWriter } from '../../cpu/jit/wasm-code.ts';
import { ModuleBuilder } from '../../cpu/jit/wasm.ts';
import { MAX_RAM, PAGE_HASH_OFFSET, PAGE_HASH_SIZE, PAGE_SIZE } from '../../machine/layout.ts';
import type { GuestMemory } from '../../machine/memory.ts';

/** 32-bit words of one hash. */
export const HASH_WORDS = 4;
const HASH_BYTES = 16;

/** Pages that one call can hash. */
const MOST_PAGES = PAGE_HASH_SIZE / HASH_BYTES - 1;

const PRIME = 0x9e37_79b1_85eb_ca87n;
const STRIPE = 64;

type HashPages = (start: number, pages: number, out: number) => void;

/** `hash(start, pages, out)`: 16 bytes at `out` for each page from address `start` on. */
function hashModule(): Uint8Array<ArrayBuffer> {
  const code = new CodeWriter();
  const at: Var = { name: 'at', ty: 'i32', local: 0 };
  const pages: Var = { name: 'pages', ty: 'i32', local: 1 };
  const out: Var = { name: 'out', ty: 'i32', local: 2 };
  const left: Var = { name: 'left', ty: 'i32', local: 3 };
  const lanes: Var[] = [0, 1, 2, 3].map((i) => ({ name: `a${i}`, ty: 'v128', local: 4 + i }));
  const mix = (lane: Var, word: Expr): void => {
    const mixed = op('i64x2.mul', op('v128.xor', get(lane), word), v128Lanes(PRIME));
    code.stmt(set(lane, mixed));
    code.stmt(set(lane, op('v128.xor', get(lane), op('i64x2.shr_u', get(lane), i32(32)))));
  };
  const add = (v: Var, n: number): void => code.stmt(set(v, op('i32.add', get(v), i32(n))));
  code.loop('page');
  lanes.forEach((lane, i) => code.stmt(set(lane, v128Lanes(BigInt(i + 1), BigInt(i + 5)))));
  code.stmt(set(left, i32(PAGE_SIZE / STRIPE)));
  code.loop('stripe');
  lanes.forEach((lane, i) => mix(lane, opImm('v128.load', [i * 16], get(at))));
  add(at, STRIPE);
  add(left, -1);
  code.expr(get(left));
  code.brIf('stripe');
  code.end();
  const [first, ...others] = lanes;
  if (first === undefined) throw new Error('no lanes');
  for (const lane of others) mix(first, get(lane));
  code.stmt(store('v128.store', 0, get(out), get(first)));
  add(out, HASH_BYTES);
  add(pages, -1);
  code.expr(get(pages));
  code.brIf('page');
  code.end();
  const module = new ModuleBuilder();
  module.importMemory('e', 'memory', MAX_RAM / 65536);
  const locals = ['i32', ...lanes.map(() => 'v128' as const)] as const;
  module.define({ params: ['i32', 'i32', 'i32'], results: [] }, locals, code.out.finish(), 'hash');
  return module.finish();
}

export class PageHasher {
  readonly #memory: GuestMemory;
  readonly #hash: HashPages;
  /** Hash of a page of zeros. */
  readonly zero: Uint32Array;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
    const module = new WebAssembly.Module(hashModule());
    const { exports } = new WebAssembly.Instance(module, { e: { memory: memory.memory } });
    this.#hash = exports['hash'] as HashPages;
    const blank = PAGE_HASH_OFFSET + PAGE_HASH_SIZE - PAGE_SIZE;
    memory.bytes.fill(0, blank, blank + PAGE_SIZE);
    this.#hash(blank, 1, PAGE_HASH_OFFSET);
    this.zero = this.#result(1).slice();
  }

  /**
   * Hashes `count` pages from page number `first` on; `each` gets the hashes of some of them at a
   * time, `HASH_WORDS` words a page, valid until it returns.
   */
  hash(first: number, count: number, each: (from: number, hashes: Uint32Array) => void): void {
    for (let done = 0; done < count; done += MOST_PAGES) {
      const now = Math.min(MOST_PAGES, count - done);
      this.#hash((first + done) * PAGE_SIZE, now, PAGE_HASH_OFFSET);
      each(first + done, this.#result(now));
    }
  }

  #result(pages: number): Uint32Array {
    return new Uint32Array(this.#memory.memory.buffer, PAGE_HASH_OFFSET, pages * HASH_WORDS);
  }
}
