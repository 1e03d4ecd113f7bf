// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Calls of every kernel, and what must come of them: the requests that asm/tests/kernels.inc reads,
 * and a check of its replies. Made after dav1d's checkasm. Runs anywhere: whoever has a way to run
 * the image (the real CPU, an engine) sends `request` to its standard input and checks the output.
 */
import type { Reals, ReferenceLayer } from '../reference.ts';
import {
  denseBackward,
  denseForward,
  denseGradient,
  denseUpdate,
  relu,
  reluBackward,
  sigmoid,
  sigmoidBackward,
} from '../reference.ts';
import { batchCases } from './batch-cases.ts';
import { Arena } from './kernel-arena.ts';
import type { Placed } from './kernel-arena.ts';

export const RUNGS = ['scalar', 'sse2-dense', 'sse2', 'avx2', 'avx512'] as const;
export type Rung = (typeof RUNGS)[number];

/** Offsets in `struct kernels` of asm/include/network.inc. */
const FIELDS = {
  denseForward: 48,
  denseGradient: 56,
  denseBackward: 64,
  denseUpdate: 72,
  sparseForward: 80,
  sparseUpdate: 88,
  activate: 96,
  activateBackward: 104,
  piecesForward: 112,
  piecesUpdate: 120,
  product: 128,
  softmaxRows: 136,
} as const;

export interface KernelCase {
  readonly name: string;
  /** Its part of standard input; the reply is as long. */
  readonly request: Uint8Array;
  /** What is wrong with the reply; empty when all is right. */
  check(reply: Uint8Array): string[];
}

const SIZES = [0, 1, 3, 4, 5, 31, 32, 33];
/** Inputs and outputs of a layer: all pairs of the small sizes, and the sizes of our networks. */
const SHAPES = [
  ...SIZES.flatMap((inputs) => [...SIZES, 10, 64, 65].map((outputs) => [inputs, outputs] as const)),
  ...([
    [784, 10],
    [784, 32],
    [784, 128],
    [128, 64],
  ] as const),
];
const SPECIALS = [0, -0, NaN, Infinity, -Infinity, 2 ** -1074, -(2 ** -1030), 2 ** -140, 1];

/** `struct request` of asm/tests/kernels.inc. */
const REQUEST = { arguments: 16, rate: 64, bytes: 72, broken: 80, size: 128 } as const;

/** What is wrong with the replies to all cases, in the order of the requests. */
export function checkReplies(cases: readonly KernelCase[], replies: Uint8Array): string[] {
  const wanted = cases.reduce((sum, { request }) => sum + request.length, 0);
  if (replies.length !== wanted) return [`${replies.length} bytes of replies, not ${wanted}`];
  let at = 0;
  return cases.flatMap((c) => c.check(replies.subarray(at, (at += c.request.length))));
}

/**
 * All cases for a rung. They are for one run of the image, together and in this order.
 * @param arena address of `arena` in the image
 */
export function kernelCases(precision: 'f64' | 'f32', rung: Rung, arena: number): KernelCase[] {
  return new Cases(precision, rung, arena).all();
}

/** Quick random numbers: there are millions in the cases. */
class Xorshift {
  #state: number;

  /** @param seed not 0 */
  constructor(seed: number) {
    this.#state = seed;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) * 2 ** -32;
  }

  /** A whole number 0 … bound - 1. */
  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }
}

class Cases {
  readonly #random = new Xorshift(11);
  readonly #size: 4 | 8;
  /** The rungs with FMA round otherwise than the reference. */
  readonly #fused: boolean;
  readonly #cases: KernelCase[] = [];
  #special = false;
  /** Where the next request goes. */
  #address: number;

  constructor(
    readonly precision: 'f64' | 'f32',
    readonly rung: Rung,
    arena: number,
  ) {
    this.#address = arena;
    this.#size = precision === 'f64' ? 8 : 4;
    this.#fused = rung === 'avx2' || rung === 'avx512';
  }

  all(): KernelCase[] {
    for (const special of [false, true]) {
      this.#special = special;
      for (const [inputs, outputs] of SHAPES) {
        if (special && inputs > 33) continue;
        this.#forward(inputs, outputs);
        if (!this.#fused) this.#gradient(inputs, outputs);
        if (!this.#fused) this.#backward(inputs, outputs);
        if (this.rung !== 'scalar' && this.rung !== 'sse2-dense') {
          this.#sparseForward(inputs, outputs);
        }
        if (this.rung === 'sse2' && inputs <= 33) this.#sparseUpdate(inputs, outputs);
      }
      for (const count of [...SIZES, 784]) {
        if (!this.#fused) this.#update(count);
        this.#activate(count);
        this.#activateBackward(count);
      }
      if (this.#fused) this.#batch();
    }
    return this.#cases;
  }

  #reals(length: number): Reals {
    return this.precision === 'f64' ? new Float64Array(length) : new Float32Array(length);
  }

  /** Numbers in [-scale, scale); now and then a special one, when those are asked for. */
  #numbers(length: number, scale = 1): Reals {
    const numbers = this.#reals(length);
    for (let n = 0; n < length; n++) {
      const special = this.#special && this.#random.below(12) === 0;
      numbers[n] = special
        ? (SPECIALS[this.#random.below(SPECIALS.length)] ?? 0)
        : (2 * this.#random.unit() - 1) * scale;
    }
    return numbers;
  }

  #layer(inputs: number, outputs: number): ReferenceLayer {
    return {
      inputs,
      outputs,
      weights: this.#numbers(inputs * outputs),
      bias: this.#numbers(outputs),
      dWeights: this.#numbers(inputs * outputs),
      dBias: this.#numbers(outputs),
      output: this.#reals(outputs),
      delta: this.#numbers(outputs),
    };
  }

  /** How far a fused result may lie from the reference: `terms` roundings of their magnitudes. */
  #bounds(terms: number, magnitudes: Reals): number[] | null {
    if (!this.#fused) return null;
    const epsilon = this.precision === 'f64' ? 2 ** -53 : 2 ** -24;
    const smallest = this.precision === 'f64' ? 2 ** -1074 : 2 ** -149;
    return Array.from(magnitudes, (m) => (terms + 3) * (epsilon * m + smallest));
  }

  #add(
    field: keyof typeof FIELDS,
    detail: string,
    arena: Arena,
    args: readonly (number | Placed)[],
    rate = 0,
  ): void {
    const name = `${this.precision} ${this.rung} ${field} ${detail}${this.#special ? ' special' : ''}`;
    const request = new Uint8Array(REQUEST.size + arena.length);
    request.set(arena.bytes, REQUEST.size);
    const header = new DataView(request.buffer);
    header.setBigUint64(0, BigInt(RUNGS.indexOf(this.rung)), true);
    header.setBigUint64(8, BigInt(FIELDS[field]), true);
    args.forEach((arg, n) => {
      const value = typeof arg === 'number' ? arg : arg.address;
      header.setBigUint64(REQUEST.arguments + n * 8, BigInt(value), true);
    });
    if (this.#size === 8) header.setFloat64(REQUEST.rate, rate, true);
    else header.setFloat32(REQUEST.rate, rate, true);
    header.setBigUint64(REQUEST.bytes, BigInt(arena.length), true);
    this.#address += request.length;
    this.#cases.push({
      name,
      request,
      check: (reply) => {
        const broken = reply[REQUEST.broken] ?? 0;
        const problems = arena.check(broken, reply.slice(REQUEST.size));
        return problems.map((problem) => `${name}: ${problem}`);
      },
    });
  }

  /** For the arrays of the next case. */
  #arena(): Arena {
    return new Arena(this.#address + REQUEST.size);
  }

  #forward(inputs: number, outputs: number): void {
    const layer = this.#layer(inputs, outputs);
    const x = this.#numbers(inputs);
    const arena = this.#arena();
    const w = arena.place(layer.weights);
    const b = arena.place(layer.bias);
    const px = arena.place(x);
    const out = arena.place(layer.output);
    denseForward(layer, x);
    arena.expect(out, layer.output, this.#bounds(inputs, forwardMagnitudes(layer, x)));
    this.#add('denseForward', `${inputs}x${outputs}`, arena, [w, b, px, out, inputs, outputs]);
  }

  #gradient(inputs: number, outputs: number): void {
    const layer = this.#layer(inputs, outputs);
    const x = this.#numbers(inputs);
    const arena = this.#arena();
    const dw = arena.place(layer.dWeights);
    const db = arena.place(layer.dBias);
    const px = arena.place(x);
    const delta = arena.place(layer.delta);
    denseGradient(layer, x);
    const ones = this.#reals(layer.dWeights.length).fill(4);
    arena.expect(dw, layer.dWeights, this.#bounds(1, ones));
    arena.expect(db, layer.dBias, null);
    this.#add('denseGradient', `${inputs}x${outputs}`, arena, [dw, db, px, delta, inputs, outputs]);
  }

  #backward(inputs: number, outputs: number): void {
    const layer = this.#layer(inputs, outputs);
    const dx = this.#reals(inputs);
    const arena = this.#arena();
    const w = arena.place(layer.weights);
    const delta = arena.place(layer.delta);
    const out = arena.place(dx);
    denseBackward(layer, dx);
    const magnitudes = this.#backwardMagnitudes(layer);
    arena.expect(out, dx, this.#bounds(outputs, magnitudes));
    this.#add('denseBackward', `${inputs}x${outputs}`, arena, [w, delta, out, inputs, outputs]);
  }

  /** Σ |terms| of each input. */
  #backwardMagnitudes(layer: ReferenceLayer): Reals {
    const magnitudes = this.#reals(layer.inputs);
    const absolute = { weights: layer.weights.map(Math.abs), delta: layer.delta.map(Math.abs) };
    denseBackward({ ...layer, ...absolute }, magnitudes);
    return magnitudes;
  }

  #update(count: number): void {
    const w = this.#numbers(count);
    const dw = this.#numbers(count);
    const arena = this.#arena();
    const pw = arena.place(w);
    const pdw = arena.place(dw);
    denseUpdate(w, dw, 0.1);
    arena.expect(pw, w, this.#bounds(1, this.#reals(count).fill(4)));
    arena.expect(pdw, dw, null);
    this.#add('denseUpdate', String(count), arena, [pw, pdw, count], 0.1);
  }

  #activate(count: number): void {
    const values = this.#numbers(count, 40);
    if (count === 784) values.set([800, -800, 708, -708, 709, -709].slice(0, count));
    const arena = this.#arena();
    const placed = arena.place(values);
    if (this.precision === 'f64') sigmoid(values);
    else relu(values);
    const bounds = this.precision === 'f64' ? this.#bounds(1, values) : null;
    arena.expect(placed, values, bounds);
    this.#add('activate', String(count), arena, [placed, count]);
  }

  #activateBackward(count: number): void {
    const delta = this.#numbers(count);
    const output = this.#numbers(count);
    const arena = this.#arena();
    const pd = arena.place(delta);
    const po = arena.place(output);
    if (this.precision === 'f64') sigmoidBackward(delta, output);
    else reluBackward(delta, output);
    arena.expect(pd, delta, null);
    this.#add('activateBackward', String(count), arena, [pd, po, count]);
  }

  #sparseForward(inputs: number, outputs: number): void {
    const layer = this.#layer(inputs, outputs);
    const x = this.#numbers(inputs);
    const active = Array.from(x, (_, i) => i).filter(() => this.#random.below(3) > 0);
    // An input that is not listed must not be looked at.
    const listing = new Set(active);
    x.forEach((value, i) => (x[i] = listing.has(i) ? value : 77));
    const arena = this.#arena();
    const w = arena.place(layer.weights);
    const b = arena.place(layer.bias);
    const px = arena.place(x);
    const list = arena.placeActive(active);
    const out = arena.place(layer.output);
    // The reference is a dense layer of just the listed inputs.
    const rows = active.flatMap((i) => [...layer.weights.subarray(i * outputs, (i + 1) * outputs)]);
    const listed: ReferenceLayer = {
      ...layer,
      inputs: active.length,
      weights: this.#from(rows),
    };
    const xs = this.#from(active.map((i) => x[i] ?? 0));
    denseForward(listed, xs);
    arena.expect(out, layer.output, this.#bounds(active.length, forwardMagnitudes(listed, xs)));
    this.#add('sparseForward', `${inputs}x${outputs}`, arena, [w, b, px, out, list, outputs]);
  }

  #sparseUpdate(count: number, outputs: number): void {
    const row = this.#numbers(outputs);
    const values = this.#numbers(count);
    const rows = this.#numbers(count * outputs);
    const arena = this.#arena();
    const prow = arena.place(row);
    const prows = arena.place(rows);
    // the last sample's delta first
    const places = Array.from(values, (_, n) => (count - 1 - n) * outputs);
    const deltas = places.map((place) => rows.subarray(place, place + outputs));
    const terms = arena.placeTerms(
      values,
      places.map((place) => place * this.#size),
    );
    const gradient: ReferenceLayer = {
      ...this.#layer(1, outputs),
      dWeights: this.#reals(outputs),
    };
    deltas.forEach((delta, n) =>
      denseGradient({ ...gradient, delta }, this.#from([values[n] ?? 0])),
    );
    denseUpdate(row, gradient.dWeights, 0.1);
    arena.expect(prow, row, this.#bounds(count, this.#reals(outputs).fill(count + 2)));
    const args = [prow, terms, count, outputs, prows];
    this.#add('sparseUpdate', `${count}x${outputs}`, arena, args, 0.1);
  }

  #batch(): void {
    batchCases({
      reals: (length) => this.#reals(length),
      numbers: (length, scale) => this.#numbers(length, scale),
      below: (bound) => this.#random.below(bound),
      arena: () => this.#arena(),
      bounds: (terms, magnitudes) => this.#bounds(terms, magnitudes),
      add: (field, detail, arena, args) => this.#add(field, detail, arena, args),
    });
  }

  #from(numbers: readonly number[]): Reals {
    const reals = this.#reals(numbers.length);
    reals.set(numbers);
    return reals;
  }
}

/** Σ |terms| of each output: what rounding errors scale with. */
function forwardMagnitudes(layer: ReferenceLayer, x: Reals): Reals {
  const absolute = {
    ...layer,
    weights: layer.weights.map(Math.abs),
    bias: layer.bias.map(Math.abs),
    output: layer.output.slice(),
  };
  denseForward(absolute, x.map(Math.abs));
  return absolute.output;
}
