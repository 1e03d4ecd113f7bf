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
  readonly activation: 'sigmoid';
}

/** asm/sigmoid.asm */
export const SIGMOID: NetworkShape = {
  sizes: [PIXELS, 32, DIGITS],
  limits: [0.0815, 0.378],
  activation: 'sigmoid',
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
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly dWeights: Float64Array;
  readonly dBias: Float64Array;
  readonly output: Float64Array;
  /** d loss / d (bias + input · weights) of the last sample that went backward. */
  readonly delta: Float64Array;
}

/** out[o] = b[o] + Σ_i x[i] w[i][o], the inputs ascending. */
export function denseForward(layer: ReferenceLayer, x: Float64Array): void {
  const { inputs, outputs, weights, bias, output } = layer;
  for (let o = 0; o < outputs; o++) {
    let sum = at(bias, o);
    for (let i = 0; i < inputs; i++) sum += at(x, i) * at(weights, i * outputs + o);
    output[o] = sum;
  }
}

/** dw[i][o] += x[i] delta[o] and db[o] += delta[o]. */
export function denseGradient(layer: ReferenceLayer, x: Float64Array): void {
  const { inputs, outputs, dWeights, dBias, delta } = layer;
  for (let o = 0; o < outputs; o++) dBias[o] = at(dBias, o) + at(delta, o);
  for (let i = 0; i < inputs; i++) {
    for (let o = 0; o < outputs; o++) {
      const n = i * outputs + o;
      dWeights[n] = at(dWeights, n) + at(delta, o) * at(x, i);
    }
  }
}

/** dx[i] = Σ_o w[i][o] delta[o], the outputs ascending. */
export function denseBackward(layer: ReferenceLayer, dx: Float64Array): void {
  const { inputs, outputs, weights, delta } = layer;
  for (let i = 0; i < inputs; i++) {
    let sum = 0;
    for (let o = 0; o < outputs; o++) sum += at(weights, i * outputs + o) * at(delta, o);
    dx[i] = sum;
  }
}

/** w[n] -= rate dw[n], and dw[n] = 0. */
export function denseUpdate(w: Float64Array, dw: Float64Array, rate: number): void {
  for (let n = 0; n < w.length; n++) w[n] = at(w, n) - rate * at(dw, n);
  dw.fill(0);
}

/** 1 / (1 + e^-x), in place; the exponent is held within ±708. */
export function sigmoid(values: Float64Array): void {
  for (let n = 0; n < values.length; n++) {
    values[n] = 1 / (1 + expExact(Math.max(-708, Math.min(708, -at(values, n)))));
  }
}

/** delta[n] *= (1 - output[n]) output[n]. */
export function sigmoidBackward(delta: Float64Array, output: Float64Array): void {
  for (let n = 0; n < delta.length; n++) {
    const h = at(output, n);
    delta[n] = (1 - h) * h * at(delta, n);
  }
}

/** e^(z - max z) over their sum, in place. */
export function softmax(values: Float64Array): void {
  const maximum = values.reduce((a, b) => Math.max(a, b));
  let sum = 0;
  for (let n = 0; n < values.length; n++) {
    const e = expExact(at(values, n) - maximum);
    sum += e;
    values[n] = e;
  }
  for (let n = 0; n < values.length; n++) values[n] = at(values, n) / sum;
}

/** Index of the largest value, the first if there are several. */
export function argmax(values: Float64Array): number {
  let best = 0;
  for (let n = 1; n < values.length; n++) if (at(values, n) > at(values, best)) best = n;
  return best;
}

/** -ln of the right digit's probability. */
export function crossEntropy(probabilities: Float64Array, label: number): number {
  return 0 - lnExact(Math.max(2 ** -1022, at(probabilities, label)));
}

export class ReferenceNetwork {
  readonly layers: readonly ReferenceLayer[];
  readonly input: Float64Array;

  constructor(readonly shape: NetworkShape) {
    this.input = new Float64Array(shape.sizes[0] ?? 0);
    this.layers = shape.limits.map((_, l) => {
      const inputs = shape.sizes[l] ?? 0;
      const outputs = shape.sizes[l + 1] ?? 0;
      return {
        inputs,
        outputs,
        weights: new Float64Array(inputs * outputs),
        bias: new Float64Array(outputs),
        dWeights: new Float64Array(inputs * outputs),
        dBias: new Float64Array(outputs),
        output: new Float64Array(outputs),
        delta: new Float64Array(outputs),
      };
    });
  }

  /** The probabilities of the last image: ten numbers, live. */
  get output(): Float64Array {
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
  forward(pixels: Uint8Array): Float64Array {
    for (let p = 0; p < this.input.length; p++) this.input[p] = (pixels[p] ?? 0) / 255;
    let x = this.input;
    for (const layer of this.layers) {
      denseForward(layer, x);
      x = layer.output;
      if (layer === this.#last) softmax(x);
      else sigmoid(x);
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
      sigmoidBackward(before.delta, before.output);
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

  /** The weights file: little-endian f64, each layer's weights neuron by neuron, then its biases. */
  save(): Uint8Array<ArrayBuffer> {
    const numbers = this.layers.flatMap((layer) => [
      ...Array.from({ length: layer.weights.length }, (_, n) =>
        at(layer.weights, turned(layer, n)),
      ),
      ...layer.bias,
    ]);
    const file = new DataView(new ArrayBuffer(numbers.length * 8));
    numbers.forEach((value, n) => file.setFloat64(n * 8, value, true));
    return new Uint8Array(file.buffer);
  }

  /** @throws RangeError for a file of another size. */
  load(bytes: Uint8Array): void {
    const count = this.layers.reduce((n, l) => n + (l.inputs + 1) * l.outputs, 0);
    if (bytes.length !== count * 8) {
      throw new RangeError(`a weights file of ${bytes.length} bytes, not ${count * 8}`);
    }
    const file = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let offset = 0;
    const next = (): number => {
      offset += 8;
      return file.getFloat64(offset - 8, true);
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
function at(array: Float64Array, index: number): number {
  return array[index] ?? NaN;
}
