// SPDX-License-Identifier: GPL-2.0-or-later
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createVite } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtFiles, dataFile, dataFiles, serveData } from '../../data/vite-plugin.ts';
import { DIGITS_DIR, PROJECT } from './digits-files.ts';

let folder = '';
let server: Server;
let port = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glassbox-data-'));
  for (const name of ['digits', 'weights', 'mnist']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await writeFile(join(folder, 'digits', 'a-ubyte.gz'), Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2));
  await writeFile(join(folder, 'digits', 'a-ubyte'), 'unpacked');
  await writeFile(join(folder, 'digits', 'SHA256SUMS'), 'sums\n');
  await writeFile(join(folder, 'weights', 'w.bin'), 'weights');
  await writeFile(join(folder, 'weights', 'README.md'), '# Weights\n');
  await writeFile(join(folder, 'mnist', 't10k'), 'mnist');
  server = createServer((request, response) => void serveData(request, response, folder));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await rm(folder, { recursive: true });
});

/** Sends the path as it is: fetch would tidy the dots away before sending. */
function rawStatus(path: string): Promise<number> {
  return new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    });
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('end', () => done(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])));
    socket.on('error', failed);
  });
}

describe('serving /data/', () => {
  it('sends packed files as the bytes they are', async () => {
    const response = await fetch(`http://127.0.0.1:${port}/digits/a-ubyte.gz?t=1`);
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe('application/octet-stream');
    expect(response.headers.get('Content-Encoding')).toBeNull();
    expect(response.headers.get('Content-Length')).toBe('6');
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0x1f, 0x8b, 8, 0, 1, 2]);
  });

  it('serves weights, MNIST and sums, and answers HEAD', async () => {
    for (const path of ['/weights/w.bin', '/mnist/t10k', '/digits/SHA256SUMS']) {
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status, path).toBe(200);
    }
    const head = await fetch(`http://127.0.0.1:${port}/weights/w.bin`, { method: 'HEAD' });
    expect([head.status, head.headers.get('Content-Length'), await head.text()]).toEqual([
      200,
      '7',
      '',
    ]);
    const post = await fetch(`http://127.0.0.1:${port}/weights/w.bin`, { method: 'POST' });
    expect(post.status).toBe(405);
  });

  it('answers 404 to what is missing or outside', async () => {
    for (const path of [
      '/digits/none',
      '/digits/',
      '/digits',
      '/',
      '/secret.txt',
      '/digits/../secret.txt',
      '/../data/secret.txt',
      '/digits/..%2fsecret.txt',
      '/digits/%2e%2e/secret.txt',
      '/digits\\..\\secret.txt',
      '/digits/.hidden',
      '//digits/a-ubyte',
    ]) {
      expect(await rawStatus(path), path).toBe(404);
    }
    expect(dataFile('/digits/../secret.txt', folder)).toBeNull();
  });

  it('works in the development server, where a missing file is no page', async () => {
    const vite = await createVite({
      configFile: false,
      root: PROJECT,
      logLevel: 'silent',
      plugins: [dataFiles()],
      server: { port: 0, host: '127.0.0.1', watch: null, hmr: false, ws: false },
      optimizeDeps: { noDiscovery: true, include: [] },
    });
    try {
      await vite.listen(0);
      const base = `http://127.0.0.1:${(vite.httpServer?.address() as AddressInfo).port}`;
      const name = 't10k-labels-idx1-ubyte.gz';
      const response = await fetch(`${base}/data/digits/${name}`);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(Buffer.compare(bytes, await readFile(join(DIGITS_DIR, name)))).toBe(0);
      const missing = await fetch(`${base}/data/mnist/none`, { headers: { Accept: 'text/html' } });
      expect(missing.status).toBe(404);
    } finally {
      await vite.close();
    }
  });
});

describe('a build', () => {
  it('takes the packed digits, their sums and the weights, nothing else', async () => {
    expect(await builtFiles(folder)).toEqual([
      'digits/SHA256SUMS',
      'digits/a-ubyte.gz',
      'weights/w.bin',
    ]);
    expect(await builtFiles(join(folder, 'none'))).toEqual([]);
    expect(await builtFiles()).toContain('digits/train-images-idx3-ubyte.gz');
  });
});
