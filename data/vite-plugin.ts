// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The project's data under `/data/` of the page.
 *
 * - `npm run dev` and `npm start` serve this folder's digits, weights and, once `npm run data` has
 *   fetched it, MNIST. A .gz goes out as the bytes it is (no Content-Encoding: the page unpacks
 *   it), and a missing file is a 404, never the page itself.
 * - A build copies the packed digits with their checksums and the weights, and nothing else.
 */
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const DATA = fileURLToPath(new URL('.', import.meta.url));
/** What may be asked for: one of the folders, one plain file name. */
const SERVED = /^\/(digits|weights|mnist)\/([A-Za-z0-9][A-Za-z0-9._-]*)$/;
/** What a build takes from each folder. */
const BUILT: readonly (readonly [folder: string, file: RegExp])[] = [
  ['digits', /^([\w-]+-ubyte\.gz|SHA256SUMS)$/],
  ['weights', /^[\w-]+\.bin$/],
];

/**
 * The file that an address under `/data` means, and its type.
 * @param url the part after `/data`, as it was requested
 * @returns null when nothing may be served there
 */
export function dataFile(
  url: string,
  folder = DATA,
): { readonly path: string; readonly type: string } | null {
  const match = SERVED.exec(url.split(/[?#]/, 1)[0] ?? '');
  if (match?.[1] === undefined || match[2] === undefined) return null;
  const text = match[2] === 'SHA256SUMS' || match[2].endsWith('.md');
  return {
    path: join(folder, match[1], match[2]),
    type: text ? 'text/plain; charset=utf-8' : 'application/octet-stream',
  };
}

/** Answers requests under `/data`, all of them. */
export async function serveData(
  request: IncomingMessage,
  response: ServerResponse,
  folder = DATA,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    return;
  }
  const file = dataFile(request.url ?? '', folder);
  const found = file === null ? null : await stat(file.path).catch(() => null);
  if (file === null || found?.isFile() !== true) {
    response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end('There is no such data file.\n');
    return;
  }
  response.writeHead(200, {
    'Content-Type': file.type,
    'Content-Length': found.size,
    'Cache-Control': 'no-cache',
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const stream = createReadStream(file.path);
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

/** The files a build copies, as paths below `data/`. */
export async function builtFiles(folder = DATA): Promise<string[]> {
  const files: string[] = [];
  for (const [name, pattern] of BUILT) {
    const entries = await readdir(join(folder, name)).catch(() => []);
    files.push(
      ...entries.filter((entry) => pattern.test(entry)).map((entry) => `${name}/${entry}`),
    );
  }
  return files.sort();
}

export function dataFiles(): Plugin {
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    void serveData(request, response);
  };
  return {
    name: 'glassbox:data',
    configureServer(server) {
      server.middlewares.use('/data', serve);
    },
    configurePreviewServer(server) {
      server.middlewares.use('/data', serve);
    },
    async generateBundle() {
      for (const file of await builtFiles()) {
        const source = await readFile(join(DATA, file));
        this.emitFile({ type: 'asset', fileName: `data/${file}`, source });
      }
    },
  };
}
