// SPDX-License-Identifier: GPL-2.0-or-later
/** The programs assembled at build time: `images/<name>` and `images/<name>.debug.json`. */
import type { DebugInfo } from '../protocol/debug-info.ts';
import { err, ok, type Result } from '../shared/result.ts';

export interface FetchedImage {
  readonly name: string;
  readonly image: Uint8Array<ArrayBuffer>;
  readonly debug: DebugInfo;
}

/** Fetches one program; the error is a sentence for people. */
export async function fetchImage(
  name: string,
  base = 'images/',
): Promise<Result<FetchedImage, string>> {
  try {
    const [image, debug] = await Promise.all([
      fetch(base + name),
      fetch(`${base}${name}.debug.json`),
    ]);
    const missing = [image, debug].find((response) => !response.ok);
    if (missing !== undefined) {
      return err(`The program image ${missing.url} could not be fetched (HTTP ${missing.status}).`);
    }
    const bytes = new Uint8Array(await image.arrayBuffer());
    if (bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) {
      return err(`${image.url} is not an ELF image: was the page built with its images?`);
    }
    return ok({ name, image: bytes, debug: (await debug.json()) as DebugInfo });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return err(`The program image ${name} could not be fetched: ${detail}`);
  }
}
