// SPDX-License-Identifier: GPL-2.0-or-later
/** An expected failure is a value: `{ ok: false, error }`. Exceptions are for bugs. */
export type Result<T, E> = { readonly ok: true; readonly value: T } | Err<E>;

interface Err<E> {
  readonly ok: false;
  readonly error: E;
}

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}
