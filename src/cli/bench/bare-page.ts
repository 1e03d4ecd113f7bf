// SPDX-License-Identifier: GPL-2.0-or-later
/** The product's worker in headless Chromium with no page around it, driven from here. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from '@playwright/test';
import { build, preview, type PreviewServer } from 'vite';
import type { EngineChoice } from '../../protocol/machine.ts';
import { CHROMIUM_FLAGS, findChromium } from '../chromium.ts';
import { PROJECT } from '../digits-files.ts';
import type { BareRun } from './bare/main.ts';
import { workerTime } from './worker-time.ts';

const PAGE = 'src/cli/bench/bare/index.html';

export interface BareOptions {
  readonly engine?: EngineChoice;
  readonly record?: boolean;
  /** In a worker that has run nothing before (the default), or in that of the run before. */
  readonly fresh?: boolean;
}

export interface TimedRun extends BareRun {
  /**
   * Milliseconds of the worker's processor time, a fresh worker's start included; where the system
   * does not tell, `ms`.
   */
  readonly cpuMs: number;
}

/** Builds the page with the worker into `folder`, and serves it. */
export class BareServer {
  readonly #folder: string;
  readonly #server: PreviewServer;
  #files = 0;

  private constructor(folder: string, server: PreviewServer) {
    this.#folder = folder;
    this.#server = server;
  }

  static async start(folder: string): Promise<BareServer> {
    const outDir = join(folder, 'bare');
    const shared = { root: PROJECT, publicDir: false, logLevel: 'error' } as const;
    const rolldownOptions = { input: join(PROJECT, PAGE) };
    await build({ ...shared, build: { outDir, emptyOutDir: true, rolldownOptions } });
    await mkdir(join(outDir, 'files'));
    const server = await preview({ ...shared, build: { outDir }, preview: { port: 0 } });
    return new BareServer(outDir, server);
  }

  get #url(): string {
    return this.#server.resolvedUrls?.local[0] ?? '';
  }

  /** The URL under which the page finds a file. */
  async offer(file: string): Promise<string> {
    const name = `files/${this.#files++}`;
    await copyFile(file, join(this.#folder, name));
    return this.#url + name;
  }

  async open(browser: Browser): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(this.#url + PAGE);
    await page.waitForFunction(() => globalThis.machine !== undefined, null, { timeout: 120_000 });
    return page;
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}

/** A machine in Chromium, with files of its own. */
export class BareChromium {
  readonly #server: BareServer;
  readonly #page: Page;
  readonly #end: () => Promise<void>;
  readonly #offered = new Map<string, string>();

  private constructor(server: BareServer, page: Page, end: () => Promise<void>) {
    this.#server = server;
    this.#page = page;
    this.#end = end;
  }

  /** Starts everything; `folder` is for what is built. */
  static async start(folder: string): Promise<BareChromium> {
    const server = await BareServer.start(folder);
    const browser = await chromium.launch({
      executablePath: await findChromium(),
      args: [...CHROMIUM_FLAGS],
    });
    const page = await server.open(browser);
    return new BareChromium(server, page, async () => {
      await browser.close();
      await server.close();
    });
  }

  /** A machine in a browser that runs already; `close` leaves the browser alone. */
  static async within(browser: Browser, folder: string): Promise<BareChromium> {
    const server = await BareServer.start(folder);
    const page = await server.open(browser);
    return new BareChromium(server, page, async () => {
      await page.close();
      await server.close();
    });
  }

  /** Copies a file of the host's into the guest's. */
  async put(path: string, file: string): Promise<void> {
    const url = await this.#offer(file);
    await this.#page.evaluate(([to, from]) => globalThis.machine?.put(to, from), [
      path,
      url,
    ] as const);
  }

  /** Runs a program of the host's to its end, and says what processor time the worker took for it. */
  async run(
    image: string,
    args: readonly string[],
    { engine = 'jit', record = false, fresh = true }: BareOptions = {},
  ): Promise<TimedRun> {
    const url = await this.#offer(image);
    const computed = workerTime();
    const run = await this.#page.evaluate(
      ([from, argv, by, recorded, anew]) => globalThis.machine?.run(from, argv, by, recorded, anew),
      [url, args, engine, record, fresh] as const,
    );
    if (!run) throw new Error('the page has no machine');
    return { ...run, cpuMs: computed() ?? run.ms };
  }

  async sha256(path: string): Promise<string> {
    return (await this.#page.evaluate((file) => globalThis.machine?.sha256(file), path)) ?? '-';
  }

  close(): Promise<void> {
    return this.#end();
  }

  async #offer(file: string): Promise<string> {
    let url = this.#offered.get(file);
    if (url === undefined) this.#offered.set(file, (url = await this.#server.offer(file)));
    return url;
  }
}
