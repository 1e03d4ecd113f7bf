// SPDX-License-Identifier: GPL-2.0-or-later
/** The page's handle on the assembler worker. */
import type { AssembleRequest, AssembleResult, AssemblerApi } from '../protocol/assembler.ts';
import { WorkerGone, WorkerLink, type WorkerLike } from './worker-link.ts';

/** Milliseconds after which an assemble is taken to hang (an endless `%rep`, say). */
export const ASSEMBLE_LIMIT = 20_000;

/** The first call of a worker waits for the download of NASM. */
const LOAD_LIMIT = 90_000;

function spawn(): WorkerLike {
  return new Worker(new URL('../worker/assembler.worker.ts', import.meta.url), {
    type: 'module',
    name: 'assembler',
  });
}

/**
 * `assemble` never rejects: a worker that hangs or dies is replaced, and a diagnostic says so.
 * Calls are served one after the other.
 */
export class AssemblerClient implements AssemblerApi {
  readonly #spawn: () => WorkerLike;
  readonly #limit: number;
  #link: WorkerLink<AssemblerApi> | null = null;
  #warm: Promise<unknown> = Promise.resolve();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(spawnWorker: () => WorkerLike = spawn, limit = ASSEMBLE_LIMIT) {
    this.#spawn = spawnWorker;
    this.#limit = limit;
  }

  /** Loads the assembler ahead of its first use. */
  preload(): void {
    this.#started();
  }

  assemble(request: AssembleRequest): Promise<AssembleResult> {
    const turn = this.#queue.then(() => this.#assemble(request));
    this.#queue = turn;
    return turn;
  }

  dispose(): void {
    this.#link?.close();
    this.#link = null;
  }

  async #assemble(request: AssembleRequest): Promise<AssembleResult> {
    const begun = performance.now();
    try {
      const link = this.#started();
      await this.#warm;
      return await link.call(
        (remote) => remote.assemble(request) as Promise<AssembleResult>,
        this.#limit,
      );
    } catch (error) {
      const text =
        error instanceof WorkerGone && error.crash.kind === 'silent'
          ? `assembling took longer than ${this.#limit / 1000} s and was stopped: ` +
            'look for a %rep or a recursive macro without an end'
          : `${error instanceof Error ? error.message : String(error)} It starts anew with the next change.`;
      const diagnostic = { file: request.main, line: 0, severity: 'error', text } as const;
      return { ok: false, diagnostics: [diagnostic], ms: performance.now() - begun };
    }
  }

  /** A worker that has assembled an empty file, so that the limit measures no download. */
  #started(): WorkerLink<AssemblerApi> {
    if (this.#link !== null && this.#link.crash === null) return this.#link;
    const link = new WorkerLink<AssemblerApi>(this.#spawn(), 'assembler', () => undefined);
    this.#link = link;
    const empty = { sources: { 'empty.asm': 'bits 64\n' }, main: 'empty.asm' };
    this.#warm = link.call(
      (remote) => remote.assemble(empty) as Promise<AssembleResult>,
      LOAD_LIMIT,
    );
    this.#warm.catch(() => undefined);
    return link;
  }
}
