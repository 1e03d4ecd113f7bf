// SPDX-License-Identifier: GPL-2.0-or-later
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IDX_FILES, writeIdxImages, writeIdxLabels } from '../nn/idx.ts';
import type { IdxFileName } from '../nn/idx.ts';
import { Random } from '../nn/random.ts';
import { fetchMnist, fileProblem, folderProblems } from './mnist.ts';
import type { MnistRequest } from './mnist.ts';

/** Bytes that gzip can't shrink, so that a transfer can break off in their middle. */
const random = new Random(1);
const noise = Uint8Array.from({ length: 50 * 784 }, () => random.int(256));
const FILES: Record<IdxFileName, Uint8Array> = {
  'train-images-idx3-ubyte': writeIdxImages(noise, 28, 28),
  'train-labels-idx1-ubyte': writeIdxLabels(new Uint8Array(50).fill(3)),
  't10k-images-idx3-ubyte': writeIdxImages(noise.slice(0, 7840), 28, 28),
  't10k-labels-idx1-ubyte': writeIdxLabels(new Uint8Array(10).fill(9)),
};
const IMAGES = 'train-images-idx3-ubyte';

type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

let folder = '';
let servers: Server[] = [];
let lines: string[] = [];
let asked: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glassbox-mnist-'));
  lines = [];
  asked = [];
});

afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
  servers = [];
  await rm(folder, { recursive: true, force: true });
});

/** A mirror; `handler` replaces its answer where it returns true. */
async function mirror(handler: Handler = send): Promise<string> {
  const server = createServer((request, response) => {
    asked.push(`${request.url ?? ''} ${request.headers.range ?? ''}`.trim());
    const name = (request.url ?? '').split('/').at(-1)?.replace(/\.gz$/, '') as IdxFileName;
    handler(request, response, gzipSync(FILES[name]));
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mnist`;
}

/** Answers like a server that knows ranges. */
const send: Handler = (request, response, body) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= body.length) {
    response.writeHead(416, { 'Content-Range': `bytes */${body.length}` }).end();
    return;
  }
  const part = body.subarray(from);
  const range = { 'Content-Range': `bytes ${from}-${body.length - 1}/${body.length}` };
  response.writeHead(from > 0 ? 206 : 200, {
    'Content-Length': part.length,
    ...(from > 0 ? range : {}),
  });
  response.end(part);
};

function status(code: number): Handler {
  return (_request, response) => {
    response.writeHead(code).end();
  };
}

function request(change: Partial<MnistRequest>): MnistRequest {
  return {
    folder,
    mirror: null,
    tries: 2,
    patience: 1,
    idle: 2000,
    reporter: { line: (text) => lines.push(text), progress: () => undefined },
    ...change,
  };
}

async function expectComplete(): Promise<void> {
  for (const name of IDX_FILES) {
    expect(Buffer.compare(await readFile(join(folder, name)), FILES[name]), name).toBe(0);
    expect(existsSync(join(folder, `${name}.gz.part`))).toBe(false);
  }
  expect(await folderProblems(folder)).toEqual([]);
}

describe('fetchMnist', () => {
  it('takes all four from a named mirror, says that they are not the published ones', async () => {
    expect(await fetchMnist(request({ mirror: await mirror() }))).toEqual({
      ok: true,
      value: null,
    });
    await expectComplete();
    expect(lines.filter((line) => /not the published checksum, but sound/.test(line))).toHaveLength(
      4,
    );
  });

  it('asks for nothing that is there', async () => {
    const url = await mirror();
    await fetchMnist(request({ mirror: url }));
    asked = [];
    expect((await fetchMnist(request({ mirror: url }))).ok).toBe(true);
    expect(asked).toEqual([]);
  });

  it('goes on in the middle after a connection broke', async () => {
    let broken = false;
    const url = await mirror((incoming, response, body) => {
      if (broken) return send(incoming, response, body);
      broken = true;
      response.writeHead(200, { 'Content-Length': body.length });
      response.write(body.subarray(0, 10_000), () => setTimeout(() => response.destroy(), 50));
    });
    expect((await fetchMnist(request({ mirror: url }))).ok).toBe(true);
    await expectComplete();
    expect(asked.slice(0, 2)).toEqual([`/mnist/${IMAGES}.gz`, `/mnist/${IMAGES}.gz bytes=10000-`]);
  });

  it('goes on with the part of an earlier run', async () => {
    const packed = gzipSync(FILES[IMAGES]);
    await writeFile(join(folder, `${IMAGES}.gz.part`), packed.subarray(0, 20_000));
    expect((await fetchMnist(request({ mirror: await mirror() }))).ok).toBe(true);
    await expectComplete();
    expect(asked[0]).toBe(`/mnist/${IMAGES}.gz bytes=20000-`);
  });

  it('starts anew when the part of an earlier run does not fit', async () => {
    await writeFile(join(folder, `${IMAGES}.gz.part`), new Uint8Array(20_000));
    expect((await fetchMnist(request({ mirror: await mirror() }))).ok).toBe(true);
    await expectComplete();
    expect(asked.slice(0, 2)).toEqual([`/mnist/${IMAGES}.gz bytes=20000-`, `/mnist/${IMAGES}.gz`]);
  });

  it('starts anew where the server knows no ranges, or has no such range', async () => {
    const whole: Handler = (_request, response, body) => {
      response.writeHead(200, { 'Content-Length': body.length }).end(body);
    };
    await writeFile(join(folder, `${IMAGES}.gz.part`), 'what an earlier run left');
    expect((await fetchMnist(request({ mirror: await mirror(whole) }))).ok).toBe(true);
    await expectComplete();
    await rm(join(folder, IMAGES));
    await writeFile(join(folder, `${IMAGES}.gz.part`), new Uint8Array(1_000_000));
    expect((await fetchMnist(request({ mirror: await mirror() }))).ok).toBe(true);
    await expectComplete();
  });

  it('gives up on a connection that says nothing any more', async () => {
    const url = await mirror((_request, response, body) => {
      response.writeHead(200, { 'Content-Length': body.length });
      response.flushHeaders();
    });
    const result = await fetchMnist(request({ mirror: url, idle: 100 }));
    expect(result.ok ? '' : result.error).toMatch(/no answer$/);
  });

  it('falls to the next mirror, and checks the published checksums there', async () => {
    const gone = await mirror(status(404));
    const failing = await mirror(status(503));
    const wrong = await mirror();
    const result = await fetchMnist(request({ mirrors: [gone, failing, wrong] }));
    expect(result.ok ? [] : result.error.split('\n').map((line) => line.split('.gz: ')[1])).toEqual(
      [
        'HTTP status 404',
        'HTTP status 503',
        expect.stringMatching(/^not the published file \(\d+ bytes with another MD5 checksum\)$/),
      ],
    );
    // 404 is final, 503 is asked again.
    expect(asked).toHaveLength(1 + 2 + 1);
    expect(existsSync(join(folder, `${IMAGES}.gz.part`))).toBe(false);
  });

  it('refuses what is damaged or something else', async () => {
    const cut = await mirror((_request, response, body) => {
      const half = body.subarray(0, body.length / 2);
      response.writeHead(200, { 'Content-Length': half.length }).end(half);
    });
    const damaged = await fetchMnist(request({ mirror: cut }));
    expect(damaged.ok ? '' : damaged.error).toMatch(/damaged: unexpected end of file$/);
    const page = await mirror((_request, response) => {
      response.writeHead(200).end('<!doctype html><title>Welcome</title>');
    });
    const other = await fetchMnist(request({ mirror: page }));
    expect(other.ok ? '' : other.error).toMatch(
      /not an IDX file of images or labels: magic 0x3c21646f/,
    );
    expect(await folderProblems(folder)).toHaveLength(4);
  });

  it('takes a folder, packed or not, and files put there by hand', async () => {
    const source = await mkdtemp(join(tmpdir(), 'glassbox-source-'));
    try {
      for (const name of IDX_FILES.slice(0, 2)) {
        await writeFile(join(source, `${name}.gz`), gzipSync(FILES[name]));
      }
      await writeFile(join(source, IDX_FILES[2]), FILES[IDX_FILES[2]]);
      await writeFile(join(folder, `${IDX_FILES[3]}.gz`), gzipSync(FILES[IDX_FILES[3]]));
      expect((await fetchMnist(request({ mirror: source }))).ok).toBe(true);
      await expectComplete();
      await rm(join(folder, IMAGES));
      await rm(join(source, `${IMAGES}.gz`));
      expect(await fetchMnist(request({ mirror: source }))).toEqual({
        ok: false,
        error: `${source}: there is neither ${IMAGES}.gz nor ${IMAGES}`,
      });
    } finally {
      await rm(source, { recursive: true });
    }
  });

  it('fetches a torn pair anew', async () => {
    for (const name of IDX_FILES) await writeFile(join(folder, name), FILES[name]);
    await writeFile(join(folder, 'train-labels-idx1-ubyte'), writeIdxLabels(new Uint8Array(49)));
    expect(await folderProblems(folder)).toEqual(['train: 50 images, but 49 labels']);
    expect((await fetchMnist(request({ mirror: await mirror() }))).ok).toBe(true);
    await expectComplete();
  });
});

describe('fileProblem', () => {
  it('tells images from labels, and their size', () => {
    expect(fileProblem(IMAGES, FILES[IMAGES])).toBeNull();
    expect(fileProblem(IMAGES, FILES['train-labels-idx1-ubyte'])).toBe('holds labels, not images');
    expect(fileProblem(IMAGES, writeIdxImages(noise, 14, 14))).toBe(
      'images of 14 x 14 pixels, not 28 x 28',
    );
    expect(fileProblem('t10k-labels-idx1-ubyte', writeIdxLabels(new Uint8Array(0)))).toBe(
      'holds no labels',
    );
  });
});
