// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The reference network: the oracle for the programs of asm/. It computes what they compute, with
 * the same order of every sum, so that weights and outputs agree to the last bit; it is written for
 * clarity, not for speed.
 */
import type { SplitMix64 } from './reference-math.ts';
import { expExact, lnExact } from './reference-math.ts';

export const PIXELS = 784;
export const DIGITS = 10;

/** What a program of asm/ says in its main file. */
export interface NetworkShape {
  /** Neurons of each layer, from the pixels to the digits. */
  readonly sizes: readonly number[];
  /** Weights of each layer start uniform in [-limit, limit). */
  readonly limits: readonly number[];
  /** Of the hidden layers. */
  readonly activation: 'sigmoid' | 'relu';
  readonly real: 'f64' | 'f32';
}

/** Numbers of a network's precision. */
export type Reals = Float64Array | Float32Array;

/** asm/sigmoid.asm */
export const SIGMOID: NetworkShape = {
  sizes: [PIXELS, 32, DIGITS],
  limits: [0.0815, 0.378],
  activation: 'sigmoid',
  real: 'f64',
};

/** asm/relu.asm */
export const RELU: NetworkShape = {
  sizes: [PIXELS, 128, 64, DIGITS],
  limits: [0.08748177652797064, 0.21650635094610965, 0.30618621784789724],
  activation: 'relu',
  real: 'f32',
};

/** Images one after the other, 784 bytes each, and as many labels. */
export interface Samples {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

/** A layer: output = activation(bias + input · weights). All arrays are live. */
export interface ReferenceLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** inputs × outputs: the weight from input i to neuron o is at i · outputs + o. */
  readonly weights: Reals;
  readonly bias: Reals;
  readonly dWeights: Reals;
  readonly dBias: Reals;
  readonly output: Reals;
  /** d loss / d (bias + input · weights) of the last sample that went backward. */
  readonly delta: Reals;
}

/** What each result of an operation is rounded to: nothing in f64, f32 in f32. */
function rounding(reals: Reals): (x: number) => number {
  return reals instanceof Float32Array ? Math.fround : (x) => x;
}

/** out[o] = b[o] + Σ_i x[i] w[i][o], the inputs ascending. */
export function denseForward(layer: ReferenceLayer, x: Reals): void {
  const { inputs, outputs, weights, bias, output } = layer;
  const round = rounding(output);
  for (let o = 0; o < outputs; o++) {
    let sum = at(bias, o);
    for (let i = 0; i < inputs; i++) {
      sum = round(sum + round(at(x, i) * at(weights, i * outputs + o)));
    }
    output[o] = sum;
  }
}

/** dw[i][o] += x[i] delta[o] and db[o] += delta[o]. */
export function denseGradient(layer: ReferenceLayer, x: Reals): void {
  const { inputs, outputs, dWeights, dBias, delta } = layer;
  const round = rounding(dWeights);
  for (let o = 0; o < outputs; o++) dBias[o] = at(dBias, o) + at(delta, o);
  for (let i = 0; i < inputs; i++) {
    for (let o = 0; o < outputs; o++) {
      const n = i * outputs + o;
      dWeights[n] = round(at(dWeights, n) + round(at(delta, o) * at(x, i)));
    }
  }
}

/** dx[i] = Σ_o w[i][o] delta[o], the outputs ascending. */
export function denseBackward(layer: ReferenceLayer, dx: Reals): void {
  const { inputs, outputs, weights, delta } = layer;
  const round = rounding(dx);
  for (let i = 0; i < inputs; i++) {
    let sum = 0;
    for (let o = 0; o < outputs; o++) {
      sum = round(sum + round(at(weights, i * outputs + o) * at(delta, o)));
    }
    dx[i] = sum;
  }
}

/** w[n] -= rate dw[n], and dw[n] = 0. */
export function denseUpdate(w: Reals, dw: Reals, rate: number): void {
  const round = rounding(w);
  for (let n = 0; n < w.length; n++) w[n] = at(w, n) - round(round(rate) * at(dw, n));
  dw.fill(0);
}

/** 1 / (1 + e^-x), in place; the exponent is held within ±708. */
export function sigmoid(values: Reals): void {
  for (let n = 0; n < values.length; n++) {
    values[n] = 1 / (1 + expExact(Math.max(-708, Math.min(708, -at(values, n)))));
  }
}

/** delta[n] *= (1 - output[n]) output[n]. */
export function sigmoidBackward(delta: Reals, output: Reals): void {
  for (let n = 0; n < delta.length; n++) {
    const h = at(output, n);
    delta[n] = (1 - h) * h * at(delta, n);
  }
}

/** max(0, x), in place. */
export function relu(values: Reals): void {
  for (let n = 0; n < values.length; n++) if (at(values, n) < 0) values[n] = 0;
}

/** delta[n] stays where output[n] > 0, and is 0 elsewhere. */
export function reluBackward(delta: Reals, output: Reals): void {
  for (let n = 0; n < delta.length; n++) if (!(at(output, n) > 0)) delta[n] = 0;
}

/** e^(z - max z) over their sum, in place. */
export function softmax(values: Reals): void {
  const maximum = Math.max(...values);
  let sum = 0;
  for (let n = 0; n < values.length; n++) {
    const e = expExact(at(values, n) - maximum);
    sum += e;
    values[n] = e;
  }
  for (let n = 0; n < values.length; n++) values[n] = at(values, n) / sum;
}

/** Index of the largest value, the first if there are several. */
export function argmax(values: Reals): number {
  let best = 0;
  for (let n = 1; n < values.length; n++) if (at(values, n) > at(values, best)) best = n;
  return best;
}

/** -ln of the right digit's probability. */
export function crossEntropy(probabilities: Reals, label: number): number {
  return 0 - lnExact(Math.max(2 ** -1022, at(probabilities, label)));
}

export class ReferenceNetwork {
  readonly layers: readonly ReferenceLayer[];
  readonly input: Reals;

  constructor(readonly shape: NetworkShape) {
    const reals = (length: number): Reals =>
      shape.real === 'f64' ? new Float64Array(length) : new Float32Array(length);
    this.input = reals(shape.sizes[0] ?? 0);
    this.layers = shape.limits.map((_, l) => {
      const inputs = shape.sizes[l] ?? 0;
      const outputs = shape.sizes[l + 1] ?? 0;
      return {
        inputs,
        outputs,
        weights: reals(inputs * outputs),
        bias: reals(outputs),
        dWeights: reals(inputs * outputs),
        dBias: reals(outputs),
        output: reals(outputs),
        delta: reals(outputs),
      };
    });
  }

  /** The probabilities of the last image: ten numbers, live. */
  get output(): Reals {
    return this.#last.output;
  }

  get #last(): ReferenceLayer {
    const last = this.layers.at(-1);
    if (last === undefined) throw new RangeError('a network has at least one layer');
    return last;
  }

  /** Where learning begins: weights layer by layer, input by input, from the generator. */
  randomize(random: SplitMix64): void {
    this.layers.forEach((layer, l) => {
      const limit = this.shape.limits[l] ?? 0;
      for (let n = 0; n < layer.weights.length; n++) {
        const unit = random.unit();
        layer.weights[n] = (unit + unit - 1) * limit;
      }
      layer.bias.fill(0);
    });
  }

  /** @param pixels 784 bytes. @returns the ten probabilities, live. */
  forward(pixels: Uint8Array): Reals {
    for (let p = 0; p < this.input.length; p++) this.input[p] = (pixels[p] ?? 0) / 255;
    let x = this.input;
    for (const layer of this.layers) {
      denseForward(layer, x);
      x = layer.output;
      if (layer === this.#last) softmax(x);
      else if (this.shape.activation === 'sigmoid') sigmoid(x);
      else relu(x);
    }
    return x;
  }

  /** Adds the gradient of the image that just went forward. */
  backward(label: number): void {
    const last = this.#last;
    last.delta.set(last.output);
    last.delta[label] = at(last.delta, label) - 1;
    for (let l = this.layers.length - 1; l >= 0; l--) {
      const layer = this.layers[l];
      const before = this.layers[l - 1];
      if (layer === undefined) continue;
      denseGradient(layer, before?.output ?? this.input);
      if (before === undefined) continue;
      denseBackward(layer, before.delta);
      if (this.shape.activation === 'sigmoid') sigmoidBackward(before.delta, before.output);
      else reluBackward(before.delta, before.output);
    }
  }

  /** One step along the average gradient of a mini-batch of `samples`. */
  update(samples: number, learningRate: number): void {
    const rate = learningRate / samples;
    for (const layer of this.layers) {
      denseUpdate(layer.weights, layer.dWeights, rate);
      denseUpdate(layer.bias, layer.dBias, rate);
    }
  }

  /** Bytes of a number in the weights file. */
  get #size(): 4 | 8 {
    return this.shape.real === 'f64' ? 8 : 4;
  }

  /** The weights file: little-endian reals, each layer's weights neuron by neuron, then its biases. */
  save(): Uint8Array<ArrayBuffer> {
    const numbers = this.layers.flatMap((layer) => [
      ...Array.from({ length: layer.weights.length }, (_, n) =>
        at(layer.weights, turned(layer, n)),
      ),
      ...layer.bias,
    ]);
    const size = this.#size;
    const file = new DataView(new ArrayBuffer(numbers.length * size));
    numbers.forEach((value, n) => {
      if (size === 8) file.setFloat64(n * size, value, true);
      else file.setFloat32(n * size, value, true);
    });
    return new Uint8Array(file.buffer);
  }

  /** @throws RangeError for a file of another size. */
  load(bytes: Uint8Array): void {
    const count = this.layers.reduce((n, l) => n + (l.inputs + 1) * l.outputs, 0);
    const size = this.#size;
    if (bytes.length !== count * size) {
      throw new RangeError(`a weights file of ${bytes.length} bytes, not ${count * size}`);
    }
    const file = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let offset = 0;
    const next = (): number => {
      const at = offset;
      offset += size;
      return size === 8 ? file.getFloat64(at, true) : file.getFloat32(at, true);
    };
    for (const layer of this.layers) {
      for (let n = 0; n < layer.weights.length; n++) layer.weights[turned(layer, n)] = next();
      for (let o = 0; o < layer.outputs; o++) layer.bias[o] = next();
    }
  }
}

/** From the place of a weight in the file ([out][in]) to its place in memory ([in][out]). */
function turned(layer: ReferenceLayer, n: number): number {
  return (n % layer.inputs) * layer.outputs + Math.floor(n / layer.inputs);
}

/** An element that is known to exist. */
function at(array: Reals, index: number): number {
  return array[index] ?? NaN;
}
