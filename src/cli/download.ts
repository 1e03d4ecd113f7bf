// SPDX-License-Identifier: GPL-2.0-or-later
/** Downloads a file into a `.part` beside its place, going on where an earlier try broke off. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { err, ok } from '../shared/result.ts';
import type { Result } from '../shared/result.ts';

export interface DownloadOptions {
  /** Tries before giving up; a broken transfer that got further starts the count anew. */
  readonly tries: number;
  /** Milliseconds before the second try; twice as long before the third, and so on. */
  readonly patience: number;
  /** Milliseconds without a byte after which a connection counts as dead. */
  readonly idle: number;
  /** @param total null when the server did not say */
  readonly onProgress: (received: number, total: number | null) => void;
}

/** `hopeless`: the server answered, and the same question would bring the same answer. */
interface Failure {
  readonly hopeless: boolean;
  readonly message: string;
}

/** Fetches `url` into `part`, complete on success; on failure what came is kept for the next try. */
export async function download(
  url: string,
  part: string,
  options: DownloadOptions,
): Promise<Result<null, string>> {
  let left = options.tries;
  let wait = options.patience;
  for (;;) {
    const before = await sizeOf(part);
    const result = await attempt(url, part, before, options);
    if (result.ok) return result;
    left = (await sizeOf(part)) > before ? options.tries : left - 1;
    if (result.error.hopeless || left <= 0) return err(result.error.message);
    await new Promise((done) => setTimeout(done, wait));
    wait *= 2;
  }
}

async function attempt(
  url: string,
  part: string,
  have: number,
  { idle, onProgress }: DownloadOptions,
): Promise<Result<null, Failure>> {
  const dead = new AbortController();
  const abort = (): void => dead.abort();
  let timer = setTimeout(abort, idle);
  try {
    const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
    if (have > 0) headers['Range'] = `bytes=${have}-`;
    const response = await fetch(url, { signal: dead.signal, headers });
    const plan = startOf(response, have);
    if (!plan.ok) {
      await response.body?.cancel();
      if (response.status === 416) await rm(part, { force: true });
      return plan;
    }
    const { start, total } = plan.value;
    const file = createWriteStream(part, { flags: start > 0 ? 'a' : 'w' });
    let received = start;
    try {
      for await (const chunk of response.body ?? []) {
        clearTimeout(timer);
        timer = setTimeout(abort, idle);
        const bytes = chunk as Uint8Array;
        if (!file.write(bytes)) await once(file, 'drain');
        received += bytes.length;
        onProgress(received, total);
      }
    } finally {
      file.end();
      await once(file, 'close');
    }
    if (total !== null && received < total) {
      return err({ hopeless: false, message: `broke off after ${received} of ${total} bytes` });
    }
    return ok(null);
  } catch (error) {
    return err({ hopeless: false, message: dead.signal.aborted ? 'no answer' : reason(error) });
  } finally {
    clearTimeout(timer);
  }
}

/** Where the body of an answer begins in the file, and how long the whole file is. */
function startOf(
  response: Response,
  have: number,
): Result<{ start: number; total: number | null }, Failure> {
  const length = Number(response.headers.get('Content-Length') ?? Number.NaN);
  if (response.status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('Content-Range') ?? '');
    if (Number(range?.[1]) !== have) {
      return err({ hopeless: true, message: 'the server answered with a wrong range' });
    }
    const total = Number(range?.[2]);
    return ok({ start: have, total: Number.isInteger(total) ? total : null });
  }
  if (response.ok) return ok({ start: 0, total: Number.isInteger(length) ? length : null });
  const message = `HTTP status ${response.status}`;
  const again = response.status === 416 || response.status === 429 || response.status >= 500;
  return err({ hopeless: !again, message });
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (found) => found.size,
    () => 0,
  );
}

/** The innermost reason: fetch says only "fetch failed" itself. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof AggregateError) return reason(error.cause.errors[0]);
  return error.cause === undefined ? error.message : reason(error.cause);
}
