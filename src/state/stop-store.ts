// SPDX-License-Identifier: GPL-2.0-or-later
/** Breakpoints on instructions and watchpoints as they are kept between visits. */
import type { WatchpointSpec, WatchWhen } from '../protocol/breakpoints.ts';
import { detailsOf, type StopDetails } from './stop-details.ts';
import type { Store } from './store.ts';

export interface KeptAddress extends StopDetails {
  /** What names it: `dense_forward+0x10`, `0x401000`. */
  readonly text: string;
  /** In the program at hand; null when it has no such place. */
  readonly address: number | null;
}

export interface KeptWatch {
  readonly id: string;
  /** What names the memory: `w1[3][5]`, `[rsp].u64`, `rdi, 64`. */
  readonly text: string;
  readonly enabled: boolean;
  readonly access: WatchpointSpec['access'];
  readonly when: WatchWhen;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function accessOf(value: unknown): WatchpointSpec['access'] {
  return value === 'read' || value === 'access' ? value : 'write';
}

function whenOf(value: unknown): WatchWhen {
  if (isObject(value)) {
    const { kind } = value;
    if (kind === 'any' || kind === 'nan') return { kind };
    if (kind === 'crosses' && typeof value['value'] === 'number') {
      return { kind, value: value['value'] };
    }
    if (kind === 'holds' && typeof value['expression'] === 'string') {
      return { kind, expression: value['expression'] };
    }
  }
  return { kind: 'changes' };
}

/** What was kept; whatever is not understood is left out. */
export function readStops(
  store: Store,
  key: string,
): {
  readonly addresses: readonly KeptAddress[];
  readonly watches: readonly Omit<KeptWatch, 'id'>[];
} {
  const kept = store.get(key, {}, isObject);
  const addresses = listOf(kept['addresses']).flatMap((each) =>
    typeof each['text'] === 'string'
      ? [{ ...detailsOf(each), text: each['text'], address: null }]
      : [],
  );
  const watches = listOf(kept['watches']).flatMap((each) =>
    typeof each['text'] === 'string'
      ? [
          {
            text: each['text'],
            enabled: each['enabled'] !== false,
            access: accessOf(each['access']),
            when: whenOf(each['when']),
          },
        ]
      : [],
  );
  return { addresses, watches };
}
