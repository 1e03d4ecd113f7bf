// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The generator of the embedded data set: digits as a hand might write them, normalised as MNIST
 * is. The same bytes on every machine: see `random.ts`.
 */
import { digitFromStrokes, IMAGE_BYTES } from './canvas.ts';
import { digitPaths } from './digit-forms.ts';
import { trace } from './digit-path.ts';
import type { Path, Polyline } from './digit-path.ts';
import { cosTurns, Random, sinTurns } from './random.ts';
import type { Stroke } from './strokes.ts';

/** Changing the generator or this number makes another data set. */
export const DIGITS_SEED = 1;
export const TRAIN_COUNT = 6000;
export const TEST_COUNT = 1000;

export type Split = 'train' | 'test';

/** Side of the bitmap a digit is drawn into before it is normalised. */
const SIDE = 84;
/** Distance between drawn points, in digit heights. */
const SPACING = 0.035;
/** How far the hand misses what it aims at, in digit heights (standard deviation). */
const OFF = 0.014;
/** How much more than the others a digit leans to the right, as hands have it. */
const LEAN = [0.1, 0.09, 0.01, -0.04, 0.09, 0.12, 0, -0.02, 0.04, 0.03];
/** The drawing's part of the square; the rest is margin for the pen. */
const FILL = 0.7;

/**
 * The labels of a part of the set: every digit equally often, shuffled.
 * @returns `count` bytes, 0 … 9
 */
export function digitLabels(split: Split, count: number): Uint8Array {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  new Random(DIGITS_SEED, splitKey(split)).shuffle(labels);
  return labels;
}

/** Image `index` of a part of the set, showing `label`: 784 bytes. */
export function digitImage(split: Split, index: number, label: number): Uint8Array {
  const r = new Random(DIGITS_SEED, splitKey(split), index + 1);
  return digitFromStrokes(handwritten(label, r), SIDE);
}

/**
 * The first images of a part of the set, in order.
 * @returns labels.length × 784 bytes
 */
export function digitImages(split: Split, labels: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(labels.length * IMAGE_BYTES);
  for (const [i, label] of labels.entries()) {
    pixels.set(digitImage(split, i, label), i * IMAGE_BYTES);
  }
  return pixels;
}

/** The strokes of a digit written by a hand of random habits. */
export function handwritten(digit: number, r: Random): Stroke[] {
  const lines = digitPaths(digit, r).map((path) => trace(shake(path, r), SPACING));
  const bend = elastic(r);
  const lean = leaning(r, (LEAN[digit] ?? 0) + r.near(0.1, 0.16));
  const moved = lines.map((line) => lean(bend(line)));
  return ink(fit(moved), lineWidth(digit, r), r);
}

function splitKey(split: Split): number {
  return split === 'train' ? 1 : 2;
}

/** Every knot a little off its place; neighbours err alike, as a hand does. */
function shake(path: Path, r: Random): Path {
  let dx = r.near(0, OFF);
  let dy = r.near(0, OFF);
  return path.map(([x, y, corner]) => {
    dx = 0.6 * dx + r.near(0, 0.8 * OFF);
    dy = 0.6 * dy + r.near(0, 0.8 * OFF);
    return corner === 1 ? [x + dx, y + dy, 1] : [x + dx, y + dy];
  });
}

type Warp = (line: Polyline) => Polyline;

function eachPoint(warp: (x: number, y: number) => readonly [number, number]): Warp {
  return (line) => {
    const result: Polyline = [];
    for (let i = 0; i + 1 < line.length; i += 2) {
      result.push(...warp(line[i] ?? 0, line[i + 1] ?? 0));
    }
    return result;
  };
}

/** Elastic distortion: the paper pulled by three slow waves, and the hand's fine tremor. */
function elastic(r: Random): Warp {
  const waves = Array.from({ length: 3 }, () => ({
    fx: r.near(0, 0.55),
    fy: r.near(0, 0.55),
    phase: r.range(0, 1),
    dx: r.near(0, 0.027),
    dy: r.near(0, 0.027),
  }));
  const tremor = r.range(0, 0.006);
  return eachPoint((x, y) => {
    let nx = x + r.near(0, tremor);
    let ny = y + r.near(0, tremor);
    for (const wave of waves) {
      const s = sinTurns(wave.fx * x + wave.fy * y + wave.phase);
      nx += wave.dx * s;
      ny += wave.dy * s;
    }
    return [nx, ny];
  });
}

/** Width, slant and rotation of the whole digit. */
function leaning(r: Random, slant: number): Warp {
  const wide = Math.max(0.7, r.near(1.22, 0.17));
  const turn = r.near(0, 0.016);
  const c = cosTurns(turn);
  const s = sinTurns(turn);
  return eachPoint((x, y) => {
    const leaned = x * wide - y * slant;
    return [leaned * c - y * s, leaned * s + y * c];
  });
}

/** Moves and scales the lines together into the middle of the unit square. */
function fit(lines: readonly Polyline[]): Polyline[] {
  const all = lines.flat();
  const xs = all.filter((_, i) => i % 2 === 0);
  const ys = all.filter((_, i) => i % 2 === 1);
  const left = Math.min(...xs);
  const top = Math.min(...ys);
  const width = Math.max(...xs) - left;
  const height = Math.max(...ys) - top;
  const scale = FILL / Math.max(width, height);
  const toUnit = eachPoint((x, y) => [
    0.5 + (x - left - width / 2) * scale,
    0.5 + (y - top - height / 2) * scale,
  ]);
  return lines.map(toUnit);
}

/** Thick or thin, as a part of the square's side; a plain 1 is drawn with the same pens. */
function lineWidth(digit: number, r: Random): number {
  const usual = digit === 1 ? 0.114 : 0.094;
  const z = r.bell();
  // Skewed: fat pens are fatter than thin ones are thin.
  return FILL * usual * (z > 0 ? 1 + 0.38 * z : 1 / (1 - 0.3 * z)) * 1.35;
}

/** Gives the lines their ink: pressure that swells and ebbs, ends that taper. */
function ink(lines: readonly Polyline[], width: number, r: Random): Stroke[] {
  const swell = r.range(0, 0.16);
  const frequency = r.range(0.4, 1.6);
  const phase = r.range(0, 1);
  const taper = r.chance(0.4) ? r.range(0, 0.35) : 0;
  return lines.map((line) => {
    const count = line.length / 2;
    const points = Array.from({ length: count }, (_, i) => {
      const t = count < 2 ? 0.5 : i / (count - 1);
      const end = Math.max(0, 1 - Math.min(t, 1 - t) / 0.12);
      const pressure = 0.5 + swell * sinTurns(frequency * t + phase) - taper * end;
      return { x: line[2 * i] ?? 0, y: line[2 * i + 1] ?? 0, pressure };
    });
    return { points, width };
  });
}
