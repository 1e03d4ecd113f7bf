// SPDX-License-Identifier: GPL-2.0-or-later
/** Gzip by the platform's DecompressionStream (browsers, workers, Node). */
import { err, ok } from '../shared/result.ts';
import type { Result } from '../shared/result.ts';

/** Whether the bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks a gzip file; its checksum is verified on the way.
 * @param limit the most bytes that may come out, so that a hostile file can't fill the memory
 */
export async function gunzip(
  bytes: Uint8Array,
  limit: number,
): Promise<Result<Uint8Array, string>> {
  const source = new Blob([new Uint8Array(bytes)]).stream();
  const reader = source.pipeThrough(new DecompressionStream('gzip')).getReader();
  const parts: Uint8Array[] = [];
  let total = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      total += value.length;
      if (total > limit) {
        await reader.cancel().catch(() => undefined);
        return err(`unpacks to more than ${limit} bytes`);
      }
      parts.push(value);
    }
  } catch {
    return err('the gzip data are damaged or cut short');
  }
  return ok(concat(parts, total));
}

/** The parts one after the other; `total` is the sum of their lengths. */
export function concat(parts: readonly Uint8Array[], total: number): Uint8Array {
  const all = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
