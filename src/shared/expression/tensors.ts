// SPDX-License-Identifier: GPL-2.0-or-later
/** Elements of tensors by their indices, checked against the shape. */
import type { DebugTensor } from '../debug-info.ts';
import { elementSize } from '../lens.ts';
import type { Env, IntCode } from './code.ts';
import { Refused, type Span } from './problem.ts';

/**
 * The address of an element, or of a part when indices are missing at the end.
 * @throws Refused for too many indices, and for a constant one out of range
 */
export function tensorElement(
  tensor: DebugTensor,
  indices: readonly IntCode[],
  span: Span,
): (env: Env) => number {
  const { shape, axes, name } = tensor;
  if (indices.length > shape.length) {
    const axisNames = axes.map((axis) => `[${axis}]`).join('');
    const form =
      shape.length === 0 ? `${name} is a single value` : `It is written ${name}${axisNames}`;
    throw new Refused(span, `${form}: there are too many indices.`);
  }
  const check = (value: bigint, axis: number, at: Span): number => {
    const length = shape[axis] ?? 0;
    if (value >= 0n && value < BigInt(length)) return Number(value);
    const what = axes[axis] ?? 'index';
    throw new Refused(
      at,
      `${value.toString()} is out of range: ${what} goes from 0 to ${length - 1}.`,
    );
  };
  const parts = indices.map((index, axis) => {
    const stride = shape.slice(axis + 1).reduce((n, d) => n * d, elementSize(tensor.type));
    return { index, axis, stride };
  });
  for (const { index, axis } of parts) {
    if (index.constant !== undefined) check(index.constant, axis, index);
  }
  return (env) => {
    let address = tensor.address;
    for (const { index, axis, stride } of parts) {
      address += check(index.run(env), axis, index) * stride;
    }
    return address;
  };
}
