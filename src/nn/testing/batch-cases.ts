// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Calls of the kernels that take a mini-batch as a whole (asm/kernels/batch), for kernel-cases.ts.
 * Their results are compared with these plain loops, within a bound.
 */
import type { Reals } from '../reference.ts';
import { softmax } from '../reference.ts';
import { type Arena, PIECE_TERMS, type Placed } from './kernel-arena.ts';

/** What kernel-cases.ts lends: random numbers, memory and the list of cases. */
export interface CaseMaker {
  /** Zeros in the rung's precision. */
  reals(length: number): Reals;
  /** Random numbers in [-scale, scale), by default 1; special values, when those are asked for. */
  numbers(length: number, scale?: number): Reals;
  below(bound: number): number;
  arena(): Arena;
  /** How far results may lie from ours: `terms` roundings of the magnitudes. */
  bounds(terms: number, magnitudes: Reals): number[] | null;
  add(
    field: 'piecesForward' | 'piecesUpdate' | 'product' | 'softmaxRows',
    detail: string,
    arena: Arena,
    args: readonly (number | Placed)[],
  ): void;
}

const OUTPUTS = [0, 1, 3, 4, 5, 10, 31, 32, 33, 64, 65, 128];
const DIGITS = 10;

export function batchCases(make: CaseMaker): void {
  for (const outputs of OUTPUTS) {
    for (const count of [0, 1, 2, 5, 49]) {
      pieces(make, 'piecesForward', count, outputs);
      pieces(make, 'piecesUpdate', count, outputs);
    }
    for (const m of [0, 1, 3, 4, 5, 8, 13]) {
      for (const k of [0, 1, 5, 32]) {
        for (const kind of ['plain', 'turned', 'one'] as const) product(make, kind, m, outputs, k);
      }
    }
  }
  // our networks' own, and mini-batches that fill no whole tile
  for (const [m, n, k] of [
    [31, 10, 32],
    [33, 32, 10],
    [33, 64, 128],
    [128, 64, 33],
    [784, 33, 3],
    [3, 33, 784],
  ] as const) {
    product(make, 'plain', m, n, k);
    product(make, 'turned', m, n, k);
  }
  for (const rows of [0, 1, 3, 4, 5, 31, 32, 33, 784]) {
    for (const scale of [1, 40, 900]) softmaxRows(make, rows, scale);
  }
}

/** target += factor × row, and the same of magnitudes. */
function addRow(target: Reals, magnitudes: Reals, factor: number, row: Reals): void {
  row.forEach((value, o) => {
    target[o] = (target[o] ?? 0) + factor * value;
    magnitudes[o] = (magnitudes[o] ?? 0) + Math.abs(factor * value);
  });
}

function pieces(
  make: CaseMaker,
  field: 'piecesForward' | 'piecesUpdate',
  count: number,
  outputs: number,
): void {
  const inputs = 24;
  const samples = 3;
  const weights = make.numbers(inputs * outputs);
  const rows = make.numbers(samples * outputs);
  const which = Array.from({ length: count }, () => make.below(samples));
  const values = make.numbers(count * PIECE_TERMS);
  const input = Array.from(values, () => make.below(inputs));
  const arena = make.arena();
  const pw = arena.place(weights);
  const prows = arena.place(rows);
  const offsets = input.map((i) => i * outputs * values.BYTES_PER_ELEMENT);
  const list = arena.placePieces(which, offsets, values);

  const target = field === 'piecesForward' ? rows : weights;
  const magnitudes = target.map(Math.abs);
  values.forEach((value, n) => {
    const sample = (which[Math.floor(n / PIECE_TERMS)] ?? 0) * outputs;
    const row = (input[n] ?? 0) * outputs;
    const [to, from, source] =
      field === 'piecesForward' ? [sample, row, weights] : [row, sample, rows];
    addRow(
      target.subarray(to, to + outputs),
      magnitudes.subarray(to, to + outputs),
      value,
      source.subarray(from, from + outputs),
    );
  });
  const bounds = make.bounds(2 * values.length, magnitudes);
  arena.expect(field === 'piecesForward' ? prows : pw, target, bounds);
  make.add(field, `${count}x${outputs}`, arena, [pw, prows, list, count, outputs]);
}

function product(
  make: CaseMaker,
  kind: 'plain' | 'turned' | 'one',
  m: number,
  n: number,
  k: number,
): void {
  const a = make.numbers(kind === 'one' ? 1 : m * k);
  const b = make.numbers(k * n);
  const c = make.numbers(m * n);
  const size = a.BYTES_PER_ELEMENT;
  const [row, column] = { plain: [k, 1], turned: [1, m], one: [0, 0] }[kind] as [number, number];
  const arena = make.arena();
  const pa = arena.place(a);
  const pb = arena.place(b);
  const pc = arena.place(c);
  const words = arena.placeWords([pc, pa, pb, m, n, k, row * size, column * size]);
  const magnitudes = c.map(Math.abs);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      addRow(
        c.subarray(i * n, (i + 1) * n),
        magnitudes.subarray(i * n, (i + 1) * n),
        a[i * row + l * column] ?? 0,
        b.subarray(l * n, (l + 1) * n),
      );
    }
  }
  arena.expect(pc, c, make.bounds(2 * k, magnitudes));
  make.add('product', `${kind} ${m}x${n}x${k}`, arena, [words]);
}

function softmaxRows(make: CaseMaker, rows: number, scale: number): void {
  const values = make.numbers(rows * DIGITS, scale);
  const arena = make.arena();
  const placed = arena.place(values);
  for (let row = 0; row < rows; row++) softmax(values.subarray(row * DIGITS, (row + 1) * DIGITS));
  // What is below e^-708 counts as that.
  const bounds = make.bounds(20, values)?.map((bound) => bound + 1e-307) ?? null;
  arena.expect(placed, values, bounds);
  make.add('softmaxRows', `${rows} to ${scale}`, arena, [placed, rows]);
}
