// SPDX-License-Identifier: GPL-2.0-or-later
/** The progress of a training in words. */
import { formatCounted } from '../../shared/format.ts';
import type { Counters } from '../../state/training-curve.ts';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function durationText(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/**
 * The latest values as a sentence: what the chart shows, for those who do not see it.
 * @param seen samples of all epochs so far
 * @param total samples of the whole training
 * @param speed samples a second, or null
 */
export function progressText(
  counters: Counters | null,
  seen: number,
  total: number,
  speed: number | null,
): string {
  if (counters === null) return 'No sample has been seen yet.';
  const loss = (counters.lossSum / counters.samples).toFixed(4);
  const accuracy = ((counters.correct / counters.samples) * 100).toFixed(2);
  const pace = speed === null ? '' : `, ${whole.format(speed)} a second`;
  return (
    `Epoch ${counters.epoch}: loss ${loss}, accuracy ${accuracy} % ` +
    `after ${whole.format(seen)} of ${formatCounted(total, 'sample')}${pace}.`
  );
}
