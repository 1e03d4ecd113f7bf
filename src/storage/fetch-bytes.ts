// SPDX-License-Identifier: GPL-2.0-or-later
/** Fetching a file whole, with progress, a limit and errors as values. */
import { err, ok } from '../shared/result.ts';
import type { Result } from '../shared/result.ts';
import { concat } from './gzip.ts';

export type Fetch = (url: string, init: { signal?: AbortSignal }) => Promise<Response>;

interface Options {
  readonly signal?: AbortSignal;
  /** The most bytes to take. */
  readonly limit?: number;
  /** @param total null when the server did not say */
  readonly onProgress?: (received: number, total: number | null) => void;
}

/** The body at `url`; the error is a few words, without the address. */
export async function fetchBytes(
  fetcher: Fetch,
  url: URL,
  { signal, limit = 2 ** 26, onProgress }: Options,
): Promise<Result<Uint8Array, string>> {
  try {
    const response = await fetcher(url.href, signal === undefined ? {} : { signal });
    if (!response.ok) return err(`HTTP status ${response.status}`);
    if (response.body === null) return ok(new Uint8Array(0));
    const length = Number(response.headers.get('Content-Length'));
    const announced = Number.isFinite(length) && length > 0 ? length : null;
    const encoded = response.headers.has('Content-Encoding');
    const reader = response.body.getReader();
    const parts: Uint8Array[] = [];
    let received = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      received += value.length;
      if (received > limit) {
        await reader.cancel().catch(() => undefined);
        return err(`larger than ${limit} bytes`);
      }
      // An encoded body is longer than its announced length: no total then.
      onProgress?.(received, encoded ? null : announced);
    }
    return ok(concat(parts, received));
  } catch {
    return err(signal?.aborted === true ? 'aborted' : 'not reachable');
  }
}
