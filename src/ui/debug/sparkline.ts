// SPDX-License-Identifier: GPL-2.0-or-later
/** A small curve of a value's course as SVG path data. */

const WIDTH = 80;
const HEIGHT = 18;
const EDGE = 2;

/** @returns null when there are not two finite values to draw. Gaps where a value is not finite. */
export function sparkline(values: readonly number[]): string | null {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return null;
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const x = (i: number): number => EDGE + (i * (WIDTH - 2 * EDGE)) / (values.length - 1);
  const y = (value: number): number =>
    high === low
      ? HEIGHT / 2
      : HEIGHT - EDGE - ((value - low) / (high - low)) * (HEIGHT - 2 * EDGE);
  let path = '';
  let pen = 'M';
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) {
      pen = 'M';
      return;
    }
    path += `${pen}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = 'L';
  });
  return path;
}
