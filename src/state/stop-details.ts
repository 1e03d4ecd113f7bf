// SPDX-License-Identifier: GPL-2.0-or-later
/** What one may say of a breakpoint besides its place. */

export interface StopDetails {
  readonly enabled: boolean;
  /** Expressions and texts as the user wrote them; empty: none. */
  readonly condition: string;
  readonly hits: string;
  readonly log: string;
}

export const PLAIN_STOP: StopDetails = { enabled: true, condition: '', hits: '', log: '' };

/** What a breakpoint looks like in the margin and in lists. */
export type StopLook = 'plain' | 'conditional' | 'log';

export function stopLook({ condition, hits, log }: StopDetails): StopLook {
  if (log !== '') return 'log';
  return condition !== '' || hits !== '' ? 'conditional' : 'plain';
}

/** The details among whatever was kept; what is missing or of another type is as in `PLAIN_STOP`. */
export function detailsOf(kept: object): StopDetails {
  const value = kept as Partial<Record<keyof StopDetails, unknown>>;
  const text = (each: unknown): string => (typeof each === 'string' ? each : '');
  return {
    enabled: value.enabled !== false,
    condition: text(value.condition),
    hits: text(value.hits),
    log: text(value.log),
  };
}
